/*
 * behave_limits.c: do the limits bite? Part of group "cgroup".
 *
 * A shell in the container uses up one thing until the kernel says no; what the kernel counted is
 * read from the cgroup's files. The shell waits for a word first: where a limit has not been set,
 * nothing is used up at all, for that would hit the machine.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BITE_MS	      120000 /* a fifth of a slow machine: a lab without KVM takes half a minute */
#define CPU_WINDOW_MS 2000
#define PIDS_MOST     1024

/* A string that doubles until the memory is over; the shell around it tells how that ended. */
static const char grow[] = "read go; (x=0123456789abcdef; while :; do x=$x$x; done) 2>/dev/null; "
			   "echo ended $?; read end";

/* A shell in a shell in a shell: needs no /dev/null, and ends by itself when fork fails. */
static const char fork_down[] =
	"read go; f() { n=$((n+1)); echo $n; [ $n -ge $go ] || (f); }; (f) 2>/dev/null; "
	"echo ended; read end";

static const char spin[] = "read go; while :; do :; done";

struct bite {
	const char *controller;
	const char *limit; /* file of the limit */
	const char *script;
	const char *ids[3]; /* its facts */
	bool needs_quota;   /* the others are tried without the spec's CPU quota */
	/* Lets the shell go and reads what comes of it; limit: what the file says. */
	int (*watch)(
		struct held *h, int cgroup, const char *limit, struct values *out, struct error *e);
};

/* One number of a flat keyed file, or -1. */
static long long key_in(int cgroup, const char *file, const char *key)
{
	char *text = read_whole(cgroup, file, NULL), *rest = text, *line;
	size_t n = strlen(key);
	long long value = -1;

	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, key, n) && line[n] == ' ')
			value = atoll(line + n);
	free(text);
	return value;
}

static int watch_memory(
	struct held *h, int cgroup, const char *limit, struct values *out, struct error *e)
{
	char line[64];

	(void)limit;
	if (child_write(&h->child, "go\n", 3, e))
		return -1;
	if (child_line(&h->child, line, sizeof(line), deadline_in(BITE_MS), e))
		return -1;
	values_set(out, "cgroup.bites.memory.status", "%s", line);
	values_set(out, "cgroup.bites.memory.oom_kill", "%s",
		key_in(cgroup, "memory.events", "oom_kill") > 0 ? "counted" : "not counted");
	return 0;
}

static int watch_pids(
	struct held *h, int cgroup, const char *limit, struct values *out, struct error *e)
{
	int64_t deadline = deadline_in(BITE_MS);
	long most = strtol(limit, NULL, 10), reached = 0;
	char line[64];

	if (most > PIDS_MOST) {
		values_skip(out, "cgroup.bites.pids.reached", "pids.max is over %d", PIDS_MOST);
		values_skip(out, "cgroup.bites.pids.events", "pids.max is over %d", PIDS_MOST);
		return 0;
	}
	snprintf(line, sizeof(line), "%ld\n", most + 20);
	if (child_write(&h->child, line, strlen(line), e))
		return -1;
	for (;;) {
		if (child_line(&h->child, line, sizeof(line), deadline, e))
			return -1;
		if (!strcmp(line, "ended"))
			break;
		reached = strtol(line, NULL, 10);
	}
	/* The shell outside the function counts too, so the deepest of them is number pids.max. */
	if (reached + 1 == most)
		values_set(out, "cgroup.bites.pids.reached", "exactly pids.max");
	else
		values_set(out, "cgroup.bites.pids.reached", "%ld of %ld", reached + 1, most);
	values_set(out, "cgroup.bites.pids.events", "%s",
		key_in(cgroup, "pids.events", "max") > 0 ? "counted" : "not counted");
	return 0;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int watch_cpu(
	struct held *h, int cgroup, const char *limit, struct values *out, struct error *e)
{
	double quota, period, begin, used, share;
	long long throttled, usage;

	if (sscanf(limit, "%lf %lf", &quota, &period) != 2 || period <= 0)
		return error_say(e, "cpu.max is not understood: %.40s", limit);
	if (child_write(&h->child, "go\n", 3, e))
		return -1;
	/* It shall be at it when the clock starts: one period goes by first. */
	if (wait_window((int)(period / 1000)) < 0)
		return error_say(e, "stopped");
	begin = seconds();
	usage = key_in(cgroup, "cpu.stat", "usage_usec");
	throttled = key_in(cgroup, "cpu.stat", "nr_throttled");
	if (wait_window(CPU_WINDOW_MS) < 0)
		return error_say(e, "stopped");
	used = (double)(key_in(cgroup, "cpu.stat", "usage_usec") - usage) / 1e6;
	share = used / (seconds() - begin) / (quota / period);
	values_set(out, "cgroup.bites.cpu.throttled", "%s",
		key_in(cgroup, "cpu.stat", "nr_throttled") > throttled ? "rises" : "does not rise");
	if (share > 0.75 && share < 1.25)
		values_set(out, "cgroup.bites.cpu.share", "within a quarter of %.0f%%",
			100 * quota / period);
	else
		values_set(out, "cgroup.bites.cpu.share", "%.0f%% where %.0f%% is the limit",
			100 * share * quota / period, 100 * quota / period);
	return 0;
}

static const struct bite bites[] = {
	{"memory", "memory.max", grow,
		{"cgroup.bites.memory.status", "cgroup.bites.memory.oom_kill", NULL}, false,
		watch_memory},
	{"pids", "pids.max", fork_down,
		{"cgroup.bites.pids.reached", "cgroup.bites.pids.events", NULL}, false, watch_pids},
	{"cpu", "cpu.max", spin, {"cgroup.bites.cpu.throttled", "cgroup.bites.cpu.share", NULL},
		true, watch_cpu},
};

/* Whether the machine can limit this, and the spec wants it. Else why not. */
static const char *why_not(const struct plan *p, const struct bite *b)
{
	char *have = read_whole(AT_FDCWD, CGROUP_MOUNT "/cgroup.controllers", NULL);
	json_t *resources = json_object_get(json_object_get(p->spec, "linux"), "resources");
	bool can = have && strstr(have, b->controller);
	bool wanted = json_object_get(resources, b->controller) ||
		      json_object_get(json_object_get(resources, "unified"), b->limit);

	free(have);
	return !can	 ? "this machine's cgroup v2 has no such controller"
	       : !wanted ? "the spec sets no such limit"
			 : NULL;
}

static int open_cgroup(const struct plan *p)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", p->cgroup);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void fail_bite(const struct bite *b, const char *why, struct values *out)
{
	for (const char *const *id = b->ids; *id; id++)
		values_failed(out, *id, 0, "%s", why);
}

/* The container waits for its word: look at the limit before it gets it. */
static int watch_limit(const struct bite *b, struct held *h, struct values *out, struct error *e)
{
	int cgroup = open_cgroup(h->plan), result = 0;
	char *limit = cgroup < 0 ? NULL : read_whole(cgroup, b->limit, NULL);

	if (limit && strncmp(limit, "max", 3) != 0)
		result = b->watch(h, cgroup, limit, out, e);
	else
		for (const char *const *id = b->ids; *id; id++)
			values_set(out, *id, "no limit is set");
	free(limit);
	if (cgroup >= 0)
		close(cgroup);
	return result;
}

static int try_bite(const struct plan *p, const struct column *c, const struct bite *b,
	struct values *out, struct error *e)
{
	const char *const command[] = {"/bin/sh", "-c", b->script, NULL};
	struct held h;

	error_clear(e);
	if (held_start(&h, p, c, command, e) || held_pid(&h, e) || watch_limit(b, &h, out, e))
		fail_bite(b, e->message, out);
	held_discard(&h);
	return process_stop_signal() ? error_say(e, "stopped") : 0;
}

int behave_limits(const struct plan *p, const struct plan *eased, const struct column *c,
	struct values *out, struct error *e)
{
	for (size_t i = 0; i < sizeof(bites) / sizeof(bites[0]); i++) {
		const struct bite *b = &bites[i];
		const char *why = why_not(p, b);

		for (const char *const *id = b->ids; why && *id; id++)
			values_skip(out, *id, "%s", why);
		if (!why && try_bite(b->needs_quota ? p : eased, c, b, out, e))
			return -1;
	}
	return 0;
}
