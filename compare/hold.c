/* hold.c: see hold.h. */
#include "hold.h"

#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS  20000 /* generous: a lab without KVM starts runc in seconds */
#define END_MS	  20000
#define WORDS_MAX 32

static const char *const nothing[] = {NULL};

const char *held_file(const struct held *h, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", h->dir, name) >= PATH_MAX)
		path[0] = '\0';
	return path;
}

/* What a word of a column's command line stands for; other words stand for themselves. */
static const char *fill_in(const struct held *h, const char *word, char path[PATH_MAX])
{
	static const char *const files[] = {"pid", "events", "state", "trace"};

	if (word[0] != '%')
		return word;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(word + 1, files[i]))
			return held_file(h, files[i], path);
	return !strcmp(word, "%program")  ? h->program
	       : !strcmp(word, "%spec")	  ? h->plan->spec_path
	       : !strcmp(word, "%rootfs") ? h->plan->rootfs
	       : !strcmp(word, "%bundle") ? h->dir
	       : !strcmp(word, "%via")	  ? (h->plan->via ? h->plan->via : "all=c")
					  : RUN_NAME;
}

/* Starts one of the column's command lines in child, behind the words of wrapper. */
static int start_words(struct held *h, struct child *child, const char *const *wrapper,
	const char *const *words, const char *const command[], struct error *e)
{
	char *argv[WORDS_MAX + 1];
	size_t n = 0;
	int result;

	for (; *wrapper && n < WORDS_MAX; wrapper++) {
		char path[PATH_MAX];

		argv[n++] = strdup(fill_in(h, *wrapper, path));
	}
	for (; *words && n < WORDS_MAX; words++) {
		char path[PATH_MAX];

		if (strcmp(*words, "%command") != 0) {
			argv[n++] = strdup(fill_in(h, *words, path));
			continue;
		}
		for (; *command && n < WORDS_MAX; command++)
			argv[n++] = strdup(*command);
	}
	argv[n] = NULL;
	result = child_start(child, argv, h->dir, e);
	while (n > 0)
		free(argv[--n]);
	return result;
}

/* How many directories of the cgroup's path are there: 0 is the root alone. */
static int count_parents(const struct plan *p)
{
	char path[PATH_MAX * 2];
	int n = 0;

	for (const char *end = p->cgroup; *end && (end = strchr(end + 1, '/')); n++) {
		snprintf(
			path, sizeof(path), CGROUP_MOUNT "%.*s", (int)(end - p->cgroup), p->cgroup);
		if (access(path, F_OK))
			break;
	}
	return n;
}

int held_start(struct held *h, const struct plan *p, const struct column *c,
	const char *const command[], struct error *e)
{
	return held_start_under(h, p, c, nothing, command, e);
}

int held_start_under(struct held *h, const struct plan *p, const struct column *c,
	const char *const wrapper[], const char *const command[], struct error *e)
{
	memset(h, 0, sizeof(*h));
	child_init(&h->child);
	h->plan = p;
	h->column = c;
	h->pidfd = -1;
	h->parents = count_parents(p);
	if (!column_program(c, p, h->program))
		return error_say(e, "column %s: its program is not here", c->name);
	if (snprintf(h->dir, sizeof(h->dir), "%s/%s.XXXXXX", p->scratch, c->name) >=
			(int)sizeof(h->dir) ||
		!mkdtemp(h->dir)) {
		h->dir[0] = '\0';
		return error_sys(e, "making a directory in %s", p->scratch);
	}
	if (!c->twin && bundle_write(p, c, command, h->dir, e))
		return -1;
	return start_words(h, &h->child, wrapper, c->run, command, e);
}

/* The line that says what went wrong: the last that is no hint (runc warns before it fails). */
static const char *last_words(struct child *c)
{
	const char *words = "";
	char *rest = c->err_text, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "hint: ", 6) != 0)
			words = line;
	return words;
}

/* Adds to e which column it was and what the runtime itself said. */
static int blame(struct held *h, struct error *e)
{
	struct error why = *e, ignored;
	const char *words;

	process_finishing(true);
	kill(h->child.pid, SIGTERM);
	child_finish(&h->child, deadline_in(2000), &ignored);
	process_finishing(false);
	words = last_words(&h->child);
	errno = why.errnum;
	if (*words)
		return error_say(e, "column %s: %.200s; it said: %.400s", h->column->name,
			why.message, words);
	return (why.errnum ? error_sys : error_say)(
		e, "column %s: %.300s", h->column->name, why.message);
}

/* The number in the pid file, or 0 while there is none. */
static pid_t pid_in_file(const struct held *h)
{
	char path[PATH_MAX], *text = read_whole(AT_FDCWD, held_file(h, "pid", path), NULL);
	long pid = text ? strtol(text, NULL, 10) : 0;

	free(text);
	return pid > 1 ? (pid_t)pid : 0;
}

/* runc writes the pid file only after the command has started, so it may have to be waited for. */
static int read_pid(struct held *h, struct error *e)
{
	int64_t deadline = deadline_in(START_MS);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), ready = 1;
	char events[4096];

	if (watch < 0 || inotify_add_watch(watch, h->dir, IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
		error_sys(e, "watching %s", h->dir);
		ready = -1;
	}
	while (ready == 1 && !(h->pid = pid_in_file(h))) {
		ready = wait_fd(watch, POLLIN, deadline);
		while (ready == 1 && read(watch, events, sizeof(events)) > 0)
			;
		if (ready != 1)
			error_say(e, "no pid in the pid file");
	}
	if (watch >= 0)
		close(watch);
	if (!h->pid)
		return -1;
	h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
	if (h->pidfd < 0)
		return error_sys(e, "opening a descriptor of the container's process %d", h->pid);
	return 0;
}

int held_pid(struct held *h, struct error *e)
{
	return read_pid(h, e) ? blame(h, e) : 0;
}

int held_still(const struct held *h, struct error *e)
{
	int64_t deadline = deadline_in(2000);
	char path[32];
	bool sleeps = false;

	snprintf(path, sizeof(path), "/proc/%d/stat", h->pid);
	while (!sleeps && deadline_in(0) < deadline) {
		char *stat = read_whole(AT_FDCWD, path, NULL),
		     *end = stat ? strrchr(stat, ')') : NULL;

		sleeps = end && end[1] && end[2] == 'S';
		free(stat);
		if (!sleeps && wait_window(1) < 0)
			return error_say(e, "stopped");
	}
	return 0;
}

int held_ready(struct held *h, const char *say, struct error *e)
{
	char line[256];

	if (say) {
		char *text = text_format("%s\n", say);
		int failed = child_write(&h->child, text, strlen(text), e);

		free(text);
		if (failed)
			return blame(h, e);
	}
	if (child_line(&h->child, line, sizeof(line), deadline_in(START_MS), e))
		return blame(h, e);
	if (strcmp(line, say ? say : "ready") != 0) {
		error_say(e, "it printed \"%.100s\" in place of \"%s\"", line, say ? say : "ready");
		return blame(h, e);
	}
	if (read_pid(h, e))
		return blame(h, e);
	return held_still(h, e);
}

int held_exec(struct held *h, struct child *child, const char *const command[], struct error *e)
{
	return start_words(h, child, nothing, h->column->exec, command, e);
}

int held_end(struct held *h, struct error *e)
{
	child_close_input(&h->child);
	return child_finish(&h->child, deadline_in(END_MS), e) ? blame(h, e) : 0;
}

int held_gone(const struct held *h, int limit)
{
	int64_t end = deadline_in(limit);

	return wait_fd(h->pidfd, POLLIN, end) == 1 ? (int)(limit - (end - deadline_in(0))) : -1;
}

int held_undo(struct held *h, struct error *e)
{
	struct child child;
	int result;

	child_init(&child);
	result = start_words(h, &child, nothing, h->column->undo, nothing, e) ||
		 child_finish(&child, deadline_in(END_MS), e);
	if (!result && child.status)
		result = error_say(e, "undo ended with %d: %.200s", child.status, child.err_text);
	child_discard(&child);
	return result ? -1 : 0;
}

static bool anything_left(const struct held *h)
{
	char what[PATH_MAX];

	for (size_t i = 0; i < leftovers_n; i++)
		if (leftovers[i].common && leftovers[i].look(h, what, sizeof(what)))
			return true;
	return false;
}

/* Parents that the reference runtimes made and leave: the next column shall find the same tree. */
static void remove_parents(const struct held *h)
{
	char path[PATH_MAX * 2];
	char *slash;
	int depth = 0;

	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", h->plan->cgroup);
	for (const char *s = h->plan->cgroup; *s; s++)
		depth += *s == '/';
	/* rmdir(2) refuses every cgroup that somebody uses. */
	for (; depth > h->parents && (slash = strrchr(path, '/')); depth--) {
		rmdir(path);
		*slash = '\0';
	}
}

void held_discard(struct held *h)
{
	struct error ignored;

	process_finishing(true);
	/* A server as pid 1 would not hear SIGTERM (pid_namespaces(7)). */
	if (h->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
	if (h->child.pid > 0 && !h->child.ended) {
		/* The runtime's own cleanup first: it knows best what it made. */
		if (h->pidfd < 0)
			kill(h->child.pid, SIGTERM);
		child_close_input(&h->child);
		child_finish(&h->child, deadline_in(3000), &ignored);
	}
	child_discard(&h->child);
	if (h->pidfd >= 0) {
		wait_fd(h->pidfd, POLLIN, deadline_in(3000));
		close(h->pidfd);
		h->pidfd = -1;
	}
	if (h->dir[0]) {
		process_orphans(deadline_in(500));
		if (anything_left(h))
			held_undo(h, &ignored);
		if (h->plan->cgroup[0])
			remove_parents(h);
	}
	process_finishing(false);
}
