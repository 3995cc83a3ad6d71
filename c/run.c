/* run.c: see run.h. Everything that can be refused is refused here, before anything is made. */
#include "run.h"

#include "cgroup.h"
#include "container.h"
#include "events.h"
#include "options.h"
#include "self.h"
#include "spec.h"
#include "state.h"
#include "suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_SPEC  "config.json"
#define DEFAULT_SPEC "shared/specs/full.json"

/* What the options say. */
struct run_options {
	const char *spec, *rootfs, *name, *pid_file, *events, *via;
	bool no_pivot, verbose;
};

enum { RUN_OPTIONS = 8 };

static void run_table(struct run_options *o, struct option options[RUN_OPTIONS])
{
	const struct option table[RUN_OPTIONS] = {
		{"--spec", "FILE", "the spec, default " BUNDLE_SPEC ", else " DEFAULT_SPEC, NULL,
			&o->spec},
		{"--rootfs", "DIR", "the root, default root.path of the spec, else " DEFAULT_ROOTFS,
			NULL, &o->rootfs},
		{"--name", "NAME", "the container's name, default box-PID", NULL, &o->name},
		{"--pid-file", "FILE", "write the pid of the container's first process to FILE",
			NULL, &o->pid_file},
		{"--events", "FILE", "append each stage's begin and end to FILE (JSON Lines)", NULL,
			&o->events},
		{"--no-pivot", NULL, "move and chroot instead of pivot_root", &o->no_pivot, NULL},
		{"-v", NULL, "tell each stage and its system calls", &o->verbose, NULL},
		{"--via", "LIST", NULL, NULL, &o->via},
	};

	memcpy(options, table, sizeof(table));
}

void run_help(FILE *out)
{
	struct run_options unused = {0};
	struct option options[RUN_OPTIONS];

	run_table(&unused, options);
	options_print(options, RUN_OPTIONS, out);
}

/*
 * The bundle that this is started in, as runc and crun take it; the default of a checkout's
 * directory; the one that belongs to the program.
 */
const char *run_find_spec(char out[PATH_MAX])
{
	if (access(BUNDLE_SPEC, F_OK) == 0)
		return BUNDLE_SPEC;
	if (access(DEFAULT_SPEC, F_OK) == 0 || !self_data("specs/full.json", out))
		return DEFAULT_SPEC;
	return out;
}

int run_find_rootfs(const char *option, const char *spec_file, const struct spec *s,
	char out[PATH_MAX], struct error *e)
{
	const char *path = option, *slash = strrchr(spec_file, '/');
	char joined[PATH_MAX];
	struct stat st;

	if (!path && s->root.path && s->root.path[0] != '/' && slash) {
		if (snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - spec_file), spec_file,
			    s->root.path) >= (int)sizeof(joined)) {
			errno = ENAMETOOLONG;
			return error_sys(e, "rootfs %s", s->root.path);
		}
		path = joined;
	} else if (!path) {
		path = s->root.path ? s->root.path : DEFAULT_ROOTFS;
	}
	if (stat(path, &st) < 0 || !realpath(path, out)) {
		error_sys(e, "rootfs %s", path);
		return error_hint(e, "make rootfs builds one in " DEFAULT_ROOTFS
				     ", twinbox-rootfs DIR anywhere; --rootfs names another");
	}
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return error_sys(e, "rootfs %s", path);
	}
	if (strcmp(out, "/") == 0)
		return error_say(e, "rootfs %s: the host's own root cannot be a rootfs", path);
	return 0;
}

/*
 * The pid file is made when the command runs; that this will not be possible is told before
 * anything else is made. That it exists already is state_create()'s to find.
 */
static int check_pid_file(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%.*s.", slash ? (int)(slash + 1 - path) : 0, path);
	if (access(directory, W_OK | X_OK) == 0)
		return 0;
	return error_sys(e, "creating pid file %s", path);
}

/* The command: after "--", else process.args, else a shell. */
static char *const *find_command(const struct operands *words, const struct spec *s)
{
	static char name[] = "/bin/sh";
	static char *shell[] = {name, NULL};

	if (words->command)
		return words->command;
	return s->process.args.n > 0 ? s->process.args.v : shell;
}

static int refuse_early(const struct operands *words, const char *program, struct error *e)
{
	if (words->words_n > 0) {
		error_say(e, "unexpected argument %s", words->words[0]);
		return error_hint(
			e, "a command goes after --: %s run -- %s", program, words->words[0]);
	}
	if (words->command && (!words->command[0] || !words->command[0][0])) {
		error_say(e, "a command is missing after --");
		return error_hint(e, "%s run -- /bin/sh", program);
	}
	return 0;
}

/* Colours are for a terminal that has them, and for nobody who has set NO_COLOR (no-color.org). */
static bool run_colour(int fd)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");

	return (!refused || !*refused) && term && *term && strcmp(term, "dumb") != 0 && isatty(fd);
}

static int open_outputs(struct container *c, const struct run_options *o, struct error *e)
{
	if (c->verbose)
		c->log_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (c->verbose && c->log_fd < 0)
		return error_sys(e, "keeping standard error");
	c->colour = c->verbose && run_colour(c->log_fd);
	return o->events ? events_open(c, o->events, e) : 0;
}

static int run_spec(const char *program, const struct run_options *o, const struct operands *words,
	const struct spec *s, struct error *e)
{
	struct container c;
	char name[CONTAINER_NAME_MAX + 1], rootfs[PATH_MAX];
	int result;

	container_init(&c);
	c.spec = s;
	if (!o->name)
		snprintf(name, sizeof(name), "box-%d", getpid());
	if ((o->name && state_check_name(o->name, e) < 0) ||
		run_find_rootfs(o->rootfs, o->spec, s, rootfs, e) < 0 ||
		(o->pid_file && check_pid_file(o->pid_file, e) < 0) || cgroup_check(&c, e) < 0)
		return -1;
	c.program = program;
	c.name = o->name ? o->name : name;
	c.rootfs = rootfs;
	c.pid_file = o->pid_file;
	c.command = find_command(words, s);
	c.no_pivot = o->no_pivot;
	c.verbose = o->verbose;
	c.new_terminal = s->process.terminal && isatty(STDIN_FILENO);
	result = open_outputs(&c, o, e);
	if (result == 0)
		result = container_run(&c, e);
	if (c.events_fd >= 0)
		close(c.events_fd);
	if (c.log_fd >= 0)
		close(c.log_fd);
	if (c.cgroup_root >= 0) /* the end came before the cleanup stage */
		close(c.cgroup_root);
	return result < 0 ? -1 : c.exit_status;
}

int run_command(const char *program, char **argv, int argc, struct error *e)
{
	struct run_options o = {0};
	struct option options[RUN_OPTIONS];
	struct operands words;
	struct spec spec = {0};
	char context[64], found[PATH_MAX];
	bool by_default;
	int result;

	snprintf(context, sizeof(context), "%s run", program);
	run_table(&o, options);
	if (options_parse(options, RUN_OPTIONS, argv, argc, context, &words, e) < 0 ||
		refuse_early(&words, program, e) < 0 ||
		(o.via && options_refuse_via(program, "run", e) < 0))
		return -1;
	by_default = !o.spec;
	if (by_default)
		o.spec = run_find_spec(found);
	if (spec_load(o.spec, &spec, e) < 0) {
		if (e->errnum != ENOENT)
			return -1;
		if (!by_default)
			return suggest_spec(e, o.spec);
		return error_hint(
			e, "%s init writes a spec to start from; --spec names another", program);
	}
	result = run_spec(program, &o, &words, &spec, e);
	spec_free(&spec);
	return result;
}
