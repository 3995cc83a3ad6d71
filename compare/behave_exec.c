/*
 * behave_exec.c: group "exec": a second process in a running container. It is held against the
 * first, as both stand in /proc: what the one was made into, the other only joins.
 */
#include "joining.h"
#include "measure.h"
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define SHELL(script) COMMAND("/bin/sh", "-c", script)

#define EXEC_MS 20000

/* The container, its first process (cat) and what entered it. */
struct entered {
	struct held *held;
	struct child runtime; /* of exec */
	pid_t pid;	      /* the second process */
	int first, second;    /* /proc/PID of both */
};

/* --- The two side by side -------------------------------------------------------------------- */

/* Which file or directory something is: "DEVICE:INODE". */
static char *read_node(int proc, const char *path)
{
	struct stat st;

	return fstatat(proc, path, &st, 0)
		       ? NULL
		       : text_format("%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
}

/* Lines of /proc/PID/status, by their keys. */
static char *read_keys(int proc, const char *keys)
{
	char *status = read_whole(proc, "status", NULL), words[128], *rest = words, *key,
	     *all = NULL;

	snprintf(words, sizeof(words), "%s", keys);
	while (status && (key = strsep(&rest, " "))) {
		char *field = field_of(status, key), *more;

		more = text_format("%s%s%s %s", all ? all : "", all ? "; " : "", key,
			field ? field : "(none)");
		free(field);
		free(all);
		all = more;
	}
	free(status);
	return all;
}

static char *read_file(int proc, const char *path)
{
	size_t n;
	char *bytes = read_whole(proc, path, &n), *text = NULL;

	if (bytes)
		text = text_printable(bytes, n);
	free(bytes);
	return text;
}

static char *read_cgroup(int proc, const char *path)
{
	char *text = read_whole(proc, path, NULL), *line = text ? strstr(text, "0::") : NULL, *own;

	own = line ? strndup(line, strcspn(line, "\n")) : NULL;
	free(text);
	return own;
}

static const struct {
	const char *id;
	char *(*read)(int proc, const char *argument);
	const char *argument;
} sames[] = {
	{"exec.namespace.cgroup", read_node, "ns/cgroup"},
	{"exec.namespace.ipc", read_node, "ns/ipc"},
	{"exec.namespace.mount", read_node, "ns/mnt"},
	{"exec.namespace.network", read_node, "ns/net"},
	{"exec.namespace.pid", read_node, "ns/pid"},
	{"exec.namespace.time", read_node, "ns/time"},
	{"exec.namespace.user", read_node, "ns/user"},
	{"exec.namespace.uts", read_node, "ns/uts"},
	{"exec.cgroup", read_cgroup, "cgroup"},
	{"exec.root", read_node, "root"},
	{"exec.cwd", read_node, "cwd"},
	{"exec.ids", read_keys, "Uid Gid"},
	{"exec.groups", read_keys, "Groups"},
	{"exec.umask", read_keys, "Umask"},
	{"exec.capabilities", read_keys, "CapInh CapPrm CapEff CapBnd CapAmb"},
	{"exec.no_new_privs", read_keys, "NoNewPrivs"},
	{"exec.seccomp", read_keys, "Seccomp"},
	{"exec.signals", read_keys, "SigBlk SigIgn SigCgt"},
	{"exec.rlimits", read_file, "limits"},
	{"exec.oom_score_adj", read_file, "oom_score_adj"},
	{"exec.environment", read_file, "environ"},
};

static void compare_both(const struct entered *x, struct values *out)
{
	for (size_t i = 0; i < sizeof(sames) / sizeof(sames[0]); i++) {
		char *first = sames[i].read(x->first, sames[i].argument);
		char *second = sames[i].read(x->second, sames[i].argument);

		if (!first && !second && errno == ENOENT)
			values_absent(out, sames[i].id);
		else if (!first || !second)
			values_failed(out, sames[i].id, errno, "reading %s", sames[i].argument);
		else if (!strcmp(first, second))
			values_set(out, sames[i].id, "the first process's");
		else if (sames[i].read == read_node)
			values_set(out, sames[i].id, "another");
		else
			values_set(out, sames[i].id, "%.300s", second);
		free(first);
		free(second);
	}
}

static void read_descriptors(const struct entered *x, struct values *out)
{
	char numbers[256] = "", path[32];
	struct stat st;

	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "fd/%d", fd);
		if (!fstatat(x->second, path, &st, AT_SYMLINK_NOFOLLOW))
			snprintf(numbers + strlen(numbers), sizeof(numbers) - strlen(numbers),
				"%s%d", numbers[0] ? " " : "", fd);
	}
	values_set(out, "exec.descriptors", "%s", numbers);
}

/* What the container reaches of the runtime by /proc/PID/exe: CVE-2019-5736. */
static void read_program(const struct entered *x, struct values *out)
{
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	char path[32];
	int fd;

	if (!x->held->column->twin) {
		values_skip(out, "exec.program", "%s seals another one of its processes",
			x->held->column->name);
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", x->runtime.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	values_set(out, "exec.program", "%s",
		fd >= 0 && fcntl(fd, F_GET_SEALS) == all ? "a sealed copy" : "the file itself");
	if (fd >= 0)
		close(fd);
}

/* --- A process that entered and holds still --------------------------------------------------- */

/* A child of process parent, whichever of its threads made it; 0: none. */
static pid_t child_of(pid_t parent)
{
	char path[300];
	pid_t found = 0;
	struct dirent *d;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", parent);
	tasks = opendir(path);
	while (tasks && !found && (d = readdir(tasks))) {
		char *text;

		snprintf(path, sizeof(path), "%s/children", d->d_name);
		text = read_whole(dirfd(tasks), path, NULL);
		found = text ? atoi(text) : 0;
		free(text);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

/* Waits until cat has entered and echoes. */
static int hear(struct entered *x, const char *word, struct error *e)
{
	char line[64], path[32], *text = text_format("%s\n", word);
	int failed = child_write(&x->runtime, text, strlen(text), e) ||
		     child_line(&x->runtime, line, sizeof(line), deadline_in(EXEC_MS), e);

	free(text);
	if (failed)
		return -1;
	x->pid = child_of(x->runtime.pid);
	if (strcmp(line, word) != 0 || !x->pid)
		return error_say(e, "exec: it printed \"%.60s\", and has %s", line,
			x->pid ? "a child" : "no child");
	snprintf(path, sizeof(path), "/proc/%d", x->pid);
	x->second = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return x->second < 0 ? error_sys(e, "opening %s", path) : 0;
}

static int enter(struct entered *x, const char *const command[], struct error *e)
{
	child_init(&x->runtime);
	x->second = -1;
	return held_exec(x->held, &x->runtime, command, e);
}

static void leave(struct entered *x)
{
	child_discard(&x->runtime);
	if (x->second >= 0)
		close(x->second);
	x->second = -1;
}

/* --- What is tried --------------------------------------------------------------------------- */

static int try_same(struct entered *x, struct values *out, struct error *e)
{
	int result = -1;

	if (enter(x, COMMAND("/bin/cat"), e) || hear(x, "entered", e))
		goto out;
	compare_both(x, out);
	read_descriptors(x, out);
	read_program(x, out);
	child_close_input(&x->runtime);
	if (child_finish(&x->runtime, deadline_in(EXEC_MS), e))
		goto out;
	values_set(out, "exec.end_of_input.status", "%d", x->runtime.status);
	result = 0;
out:
	leave(x);
	return result;
}

static const struct {
	const char *id;
	const char *const *command;
} cases[] = {
	{"exec.exit_7.status", SHELL("exit 7")},
	{"exec.signal.status", SHELL("kill -TERM $$")},
	{"exec.missing.status", COMMAND("/no/such/command")},
	{"exec.not_executable.status", COMMAND("/etc/passwd")},
};

static int try_statuses(struct entered *x, struct values *out, struct error *e)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int failed = enter(x, cases[i].command, e) ||
			     child_finish(&x->runtime, deadline_in(EXEC_MS), e);

		if (!failed)
			values_set(out, cases[i].id, "%d", x->runtime.status);
		leave(x);
		if (failed)
			return -1;
	}
	return 0;
}

static void skip_joining(const char *why, struct values *out)
{
	values_skip(out, "exec.joining.files", "%s", why);
	values_skip(out, "exec.joining.trace", "%s", why);
}

static int try_joining(struct entered *x, struct values *out, struct error *e)
{
	struct error thawing;
	pid_t newcomer;
	int result = -1;

	if (!x->held->plan->cgroup[0] || !x->held->column->twin) {
		skip_joining(x->held->column->twin ? "it takes a cgroup to hold it still"
						   : "it does not enter a frozen container",
			out);
		return 0;
	}
	if (joining_freeze(x->held, true, e))
		return -1;
	if (!enter(x, COMMAND("/bin/true"), e)) {
		newcomer = joining_newcomer(x->held);
		if (newcomer)
			joining_try(x->held, newcomer, out);
		result = newcomer ? 0 : error_say(e, "nobody joins the frozen container");
	}
	if (joining_freeze(x->held, false, &thawing) && !result) {
		*e = thawing;
		result = -1;
	}
	if (!result)
		result = child_finish(&x->runtime, deadline_in(EXEC_MS), e);
	leave(x);
	return result;
}

/* The first process goes on as if nobody had been there; when it ends, so does who entered. */
static int try_end(struct entered *x, struct values *out, struct error *e)
{
	char line[64];
	int result = -1;

	if (enter(x, COMMAND("/bin/cat"), e) || hear(x, "again", e) ||
		child_write(&x->held->child, "still there?\n", 13, e) ||
		child_line(&x->held->child, line, sizeof(line), deadline_in(EXEC_MS), e))
		goto out;
	values_set(out, "exec.first", "%s", strcmp(line, "still there?") ? line : "goes on");
	if (held_end(x->held, e) || child_finish(&x->runtime, deadline_in(EXEC_MS), e))
		goto out;
	values_set(out, "exec.container_ends.status", "%d", x->runtime.status);
	values_set(out, "exec.first.status", "%d", x->held->child.status);
	held_left(x->held, line, sizeof(line));
	values_set(out, "exec.left", "%s", line);
	result = 0;
out:
	leave(x);
	return result;
}

typedef int trial(struct entered *x, struct values *out, struct error *e);

/* One container in which they are tried one after another. */
static int try_in(const struct plan *p, const struct column *c, trial *const *trials,
	struct values *out, struct error *e)
{
	struct held h;
	struct entered x = {.held = &h, .first = -1, .second = -1};
	char path[32];
	int result = -1;

	error_clear(e);
	if (held_start(&h, p, c, COMMAND("/bin/cat"), e) || held_ready(&h, "are you there?", e))
		goto out;
	snprintf(path, sizeof(path), "/proc/%d", h.pid);
	x.first = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	result = x.first < 0 ? error_sys(e, "opening %s", path) : 0;
	for (; !result && *trials; trials++)
		result = (*trials)(&x, out, e);
out:
	if (result)
		values_failed(out, "exec.first", 0, "%s", e->message);
	if (x.first >= 0)
		close(x.first);
	held_discard(&h);
	return result;
}

int behave_exec(const struct plan *p, const struct column *c, struct values *out, struct error *e)
{
	static trial *const together[] = {try_same, try_statuses, try_joining, NULL};
	static trial *const alone[] = {try_end, NULL};

	if (!try_in(p, c, together, out, e))
		try_in(p, c, alone, out, e);
	return process_stop_signal() ? error_say(e, "stopped") : 0;
}
