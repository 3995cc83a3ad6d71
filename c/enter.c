/*
 * enter.c: see enter.h. What the container is comes from its state and from the spec that `run`
 * left there; where its namespaces are, from its first process.
 */
#include "enter.h"

#include "console.h"
#include "container.h"
#include "options.h"
#include "spec.h"
#include "state_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse_early(const struct operands *words, const char *program, struct error *e)
{
	if (words->words_n == 0) {
		error_say(e, "exec needs a NAME");
		return error_hint(e, "%s exec --help shows what it takes", program);
	}
	if (words->words_n > 1) {
		error_say(e, "unexpected argument %s", words->words[1]);
		return error_hint(e, "a command goes after --: %s exec %s -- %s", program,
			words->words[0], words->words[1]);
	}
	if (words->command && (!words->command[0] || !words->command[0][0])) {
		error_say(e, "a command is missing after --");
		return error_hint(e, "%s exec %s -- /bin/sh", program, words->words[0]);
	}
	return 0;
}

static int has_ended(const char *name, struct error *e)
{
	return error_say(e, "container %s has ended", name);
}

/* The first process by a descriptor that never means another one, once its start is compared. */
static int open_target(struct container *c, const struct state *s, struct error *e)
{
	uint64_t start_time;

	c->target_pid = s->pid;
	c->target_fd = pidfd_open(s->pid, 0);
	if (c->target_fd < 0 && errno != ESRCH)
		return error_sys(e, "opening process %d", s->pid);
	if (c->target_fd < 0 || state_start_time(s->pid, &start_time, e) < 0 ||
		start_time != s->start_time)
		return has_ended(c->name, e);
	return 0;
}

/* Opens /proc/PID/FILE of the first process. */
static int open_of_target(const struct container *c, const char *file, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", c->target_pid, file);
	return open(path, flags | O_CLOEXEC);
}

/*
 * A namespace to join is one in which the first process differs from us: to join one's own user
 * namespace is an error (setns(2)). For the stages, a namespace of the spec is one to join, now
 * that it is there.
 */
static int find_namespaces(struct container *c, struct spec *s, struct error *e)
{
	for (int id = 0; id < NS_COUNT; id++) {
		char own[32], path[64];
		struct stat ours, theirs;

		snprintf(own, sizeof(own), "/proc/self/ns/%s", namespace_kinds[id].proc);
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", c->target_pid,
			namespace_kinds[id].proc);
		if (stat(own, &ours) < 0) {
			if (errno == ENOENT)
				continue; /* a kernel without this kind */
			/* Not knowing must not mean the host's own. */
			return error_sys(e, "looking at %s", own);
		}
		if (stat(path, &theirs) < 0)
			return error_sys(e, "looking at %s", path);
		if (ours.st_ino != theirs.st_ino)
			c->target_flags |= (int)namespace_kinds[id].flag;
		if (!s->namespaces[id].wanted)
			continue;
		free(s->namespaces[id].path);
		s->namespaces[id].path = strdup(path);
		if (!s->namespaces[id].path)
			return error_sys(e, "looking at %s", path);
	}
	return 0;
}

/* Without a mount namespace the container's own devpts cannot be told from the host's. */
static int prepare_terminal(struct container *c, struct error *e)
{
	int root, result;

	if (!c->new_terminal)
		return 0;
	root = c->spec->namespaces[NS_MOUNT].wanted
		       ? open_of_target(c, "root", O_PATH | O_DIRECTORY)
		       : -1;
	result = console_prepare(c, root, e);
	if (root >= 0)
		close(root);
	return result;
}

/*
 * True from the moment that the container goes. The first process of a pid namespace ends only when
 * all others have, but it has let go of its memory, and with that of its program, before it kills
 * them (exit_mm() in do_exit(), kernel/exit.c).
 */
static bool target_is_ending(const struct container *c)
{
	struct pollfd target = {.fd = c->target_fd, .events = POLLIN};
	char path[64], program[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", c->target_pid);
	return poll(&target, 1, 0) > 0 ||
	       (readlink(path, program, sizeof(program)) < 0 && errno == ENOENT);
}

/* A container that ends meanwhile fails each step in another way; this is the one to tell. */
static int explain_end(struct container *c, struct error *e)
{
	if (e->status == EXIT_RUNTIME && c->target_fd >= 0 && target_is_ending(c))
		has_ended(c->name, e);
	return -1;
}

static int enter_container(const char *program, const struct operands *words,
	const struct state *state, struct spec *spec, struct error *e)
{
	static char shell[] = "/bin/sh";
	static char *default_command[] = {shell, NULL};
	struct container c;
	int result;

	container_init(&c);
	c.enters = true;
	c.spec = spec;
	c.program = program;
	c.name = state->name;
	c.rootfs = state->rootfs;
	c.command = words->command ? words->command : default_command;
	c.new_terminal = spec->process.terminal && isatty(STDIN_FILENO);
	snprintf(c.cgroup, sizeof(c.cgroup), "%s", state->cgroup);
	result = open_target(&c, state, e);
	if (result == 0)
		result = find_namespaces(&c, spec, e);
	if (result == 0)
		result = prepare_terminal(&c, e);
	if (result == 0)
		result = container_enter(&c, e);
	if (result < 0)
		explain_end(&c, e);
	if (c.target_fd >= 0)
		close(c.target_fd);
	return result < 0 ? -1 : c.exit_status;
}

int enter_command(const char *program, char **argv, int argc, struct error *e)
{
	const char *via = NULL;
	const struct option options[] = {{"--via", "LIST", NULL, NULL, &via}};
	struct operands words;
	struct state state;
	struct spec spec = {0};
	char context[64];
	int result;

	snprintf(context, sizeof(context), "%s exec", program);
	if (options_parse(options, 1, argv, argc, context, &words, e) < 0 ||
		refuse_early(&words, program, e) < 0 ||
		(via && options_refuse_via(program, "exec", e) < 0) ||
		state_find(program, words.words[0], &state, &spec, e) < 0)
		return -1;
	result = enter_container(program, &words, &state, &spec, e);
	state_free(&state);
	spec_free(&spec);
	return result;
}
