/*
 * trace_run.c: one container of each column under strace(1). What strace wrote is kept in
 * build/compare/trace/COLUMN.strace, whatever came of the container.
 */
#include "trace.h"

#include "hold.h"
#include "process.h"
#include "values.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACE_MS 300000 /* each call stops twice; a lab without KVM takes a minute for Go */
#define PROBE_MS 20000

/*
 * -f: threads and children. -yy: what a descriptor is. -s: whole strings. write=all: the bytes, for
 * netlink. pidns: a thread in the container's pid namespace is known by its number outside.
 */
#define OPTIONS                                                                                    \
	"-f", "--quiet=attach,personality", "-yy", "-s", "1048576", "-e", "abbrev=!execve", "-e",  \
		"write=all", "--decode-pids=pidns"

static const char *const places[] = {"/usr/local/bin/strace", "/usr/bin/strace", "/bin/strace"};

static const char *find_strace(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!access(places[i], X_OK))
			return places[i];
	return NULL;
}

/* Says why ptrace(2) may be refused, as far as the machine tells. */
static int not_allowed(const struct child *c, struct error *e)
{
	char *scope = read_whole(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", NULL);
	int line = (int)strcspn(c->err_text, "\n");

	error_say(
		e, "strace cannot trace here; it said: %.*s", line > 300 ? 300 : line, c->err_text);
	if (scope && strtol(scope, NULL, 10) == 3)
		error_hint(
			e, "kernel.yama.ptrace_scope is 3: nobody may trace until the next boot");
	else
		error_hint(e, "a container's seccomp profile often forbids ptrace(2): "
			      "`make lab` gives a machine of its own");
	free(scope);
	return -1;
}

/* Runs words to their end; child keeps status and output. */
static int probe(struct child *c, char *const argv[], struct error *e)
{
	int failed = child_start(c, argv, "/", e);

	failed = failed || child_finish(c, deadline_in(PROBE_MS), e);
	child_discard(c);
	return failed ? -1 : 0;
}

/* strace is there and may trace: tried on `strace --version` itself. */
static int check_strace(char number_out[32], const char *strace, struct error *e)
{
	char *version[] = {(char *)strace, "--version", NULL};
	char *trace[] = {(char *)strace, OPTIONS, "-o", "/dev/null", "--", (char *)strace,
		"--version", NULL};
	struct child c;
	const char *number;

	if (probe(&c, version, e))
		return -1;
	number = strstr(c.out_text, "version ");
	snprintf(number_out, 32, "%.*s", number ? (int)strcspn(number + 8, "\n ") : 0,
		number ? number + 8 : "");
	if (probe(&c, trace, e))
		return -1;
	return c.status ? not_allowed(&c, e) : 0;
}

const char *trace_strace(char version[32], struct error *e)
{
	const char *strace = find_strace();

	if (!strace) {
		error_say(e, "strace is not installed");
		error_hint(e, "`make trace` installs it, or: apt-get install strace");
		return NULL;
	}
	return check_strace(version, strace, e) ? NULL : strace;
}

static int copy(const char *from, const char *to, struct error *e)
{
	size_t n = 0;
	char *text = read_whole(AT_FDCWD, from, &n);
	FILE *f = fopen(to, "we");
	bool failed = !f || (text && fwrite(text, 1, n, f) != n);

	free(text);
	if ((f && fclose(f)) || failed)
		return error_sys(e, "writing %s", to);
	return 0;
}

/* "child.mounts": the stage that failed first, or the one that began last. */
static void last_stage(const struct trace *t, char out[40])
{
	char who[16], stage[16], event[16];
	bool failed = false;

	snprintf(out, 40, "none");
	for (size_t i = 0; i < t->n && !failed; i++) {
		if (!trace_mark(&t->calls[i], who, stage, event) || !strcmp(event, "ok"))
			continue;
		failed = !strcmp(event, "error");
		snprintf(out, 40, "%s%s", strcmp(who, "child") ? "" : "child.", stage);
	}
}

/* The first line on its standard error: what went wrong. */
static char *first_words(const struct child *c)
{
	return text_printable(c->err_text, strcspn(c->err_text, "\n"));
}

/* The runtime's end as the trace shows it: NULL where it ended by itself. */
static const char *killed_by(const struct trace *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->calls[i].kind == TRACE_EXIT && t->calls[i].tid == t->pids[WHO_PARENT])
			return strncmp(t->calls[i].name, "+++ killed by ", 14)
				       ? NULL
				       : t->calls[i].name + 14;
	return "the end of strace";
}

/* Sets t->partial unless the runtime ran to its end with the command's 0. */
static void judge(struct trace *t, const struct child *c, const char *why)
{
	const char *signal = killed_by(t);
	char stage[40], *words;

	last_stage(t, stage);
	words = first_words(c);
	if (t->partial || (!why && !c->status && !signal)) {
		free(words);
		return;
	}
	if (why)
		t->partial = text_format("%s, in stage %s", why, stage);
	else if (signal)
		t->partial = text_format(
			"killed by %.*s in stage %s", (int)strcspn(signal, " ("), signal, stage);
	else
		t->partial = text_format("ended with %d in stage %s: %s", c->status, stage, words);
	free(words);
}

/* Waits for the end of the runtime; 1: it had to be stopped, and why says so. */
static int wait_for(struct held *h, struct error *why)
{
	child_close_input(&h->child);
	if (!child_finish(&h->child, deadline_in(TRACE_MS), why))
		return 0;
	/* strace hands the signal on, and ends when the runtime does. */
	process_finishing(true);
	kill(h->child.pid, SIGTERM);
	struct error ignored;
	child_finish(&h->child, deadline_in(5000), &ignored);
	process_finishing(false);
	return 1;
}

/*
 * Each column shall find the machine as the first one did: the directory of the state files is
 * there, and no controller more is enabled in the root cgroup than before.
 */
#define CONTROL CGROUP_MOUNT "/cgroup.subtree_control"

static char *controllers(void)
{
	char *text = read_whole(AT_FDCWD, CONTROL, NULL);

	return text ? text : strdup("");
}

static void disable_others(const char *before)
{
	char *now = controllers(), *rest = now, *word;

	while ((word = strsep(&rest, " \n"))) {
		const char *at = strstr(before, word);
		size_t n = strlen(word);
		int fd;

		if (!n || (at && (at == before || at[-1] == ' ') && strchr(" \n", at[n])))
			continue;
		fd = open(CONTROL, O_WRONLY | O_CLOEXEC);
		/* Refused where another cgroup has come to use it; then it stays. */
		if (fd >= 0 && dprintf(fd, "-%s", word) < 0)
			errno = 0;
		if (fd >= 0)
			close(fd);
	}
	free(now);
}

static int run_column(struct traces *all, struct trace *t, const char *strace, struct error *e)
{
	static const char *const command[] = {"/bin/true", NULL};
	const char *wrapper[] = {strace, OPTIONS, "-o", "%trace", "--", NULL};
	const struct plan *p = all->plan;
	char from[PATH_MAX], to[PATH_MAX * 2];
	struct error why;
	struct held h;
	int result = -1, stopped;

	error_clear(&why);
	snprintf(to, sizeof(to), "%s/trace/%s.strace", p->results, t->column->name);
	if (held_start_under(&h, p, t->column, wrapper, command, e))
		goto out;
	stopped = wait_for(&h, &why);
	if (copy(held_file(&h, "trace", from), to, e) || trace_read(t, to, e))
		goto out;
	if (process_stop_signal()) {
		error_say(e, "stopped; the partial trace is in %s", to);
		goto out;
	}
	if (trace_cut(t, p->spec_path, e))
		goto out;
	judge(t, &h.child, stopped ? why.message : NULL);
	trace_normal(t, &(struct trace_names){.project = p->root,
				.rootfs = p->rootfs,
				.run = h.dir,
				.program = h.program});
	result = 0;
out:
	held_discard(&h);
	return result;
}

int trace_run(struct traces *all, const struct column *const chosen[], size_t n, struct error *e)
{
	const char *strace = trace_strace(all->strace, e);
	char dir[PATH_MAX * 2], *before;
	int result = 0;

	if (!strace)
		return -1;
	snprintf(dir, sizeof(dir), "%s/trace", all->plan->results);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return error_sys(e, "making %s", dir);
	mkdir("/run/twinbox", 0700);
	before = controllers();
	while (!result && all->n < n) {
		struct trace *t = &all->t[all->n];

		t->column = chosen[all->n++];
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "compare: %s under strace ...\n", t->column->name);
		result = run_column(all, t, strace, e);
		disable_others(before);
	}
	free(before);
	return result;
}

bool traces_partial(const struct traces *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->t[i].partial)
			return true;
	return false;
}
