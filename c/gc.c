/*
 * gc.c: see gc.h. A container whose state file nobody locks has no runtime any more; what it still
 * has on this machine is in that file, and only that is undone.
 */
#include "gc.h"

#include "cgroup.h"
#include "network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KILL_WAIT_MS = 10000 };

/* 1 once there is something to read, of a pidfd its end; 0 when the time is up; -1 with errno. */
static int wait_readable(int fd, int wait_ms)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&one, 1, wait_ms);
	while (ready < 0 && errno == EINTR);
	return ready;
}

int gc_kill(int pidfd, struct error *e)
{
	int ended;

	/* ESRCH: it has ended and was reaped. */
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
		return errno == ESRCH ? 0 : error_sys(e, "killing the container's first process");
	ended = wait_readable(pidfd, KILL_WAIT_MS);
	if (ended < 0)
		return error_sys(e, "waiting for the container's first process");
	if (ended == 0)
		return error_say(e, "the container's first process does not end");
	return 0;
}

/*
 * A descriptor of the first process while it runs and is still the one that the state means: 1, and
 * 0 where there is none. Its start time is read after the descriptor is held: from then on the pid
 * cannot change its meaning unseen (pidfd_open(2)).
 */
static int open_process(const struct state *s, int *pidfd, struct error *e)
{
	uint64_t ticks = 0;
	int fd, found, told, ended;

	if (s->pid <= 0)
		return 0;
	fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	/* ESRCH: no such process; ENOENT, before 6.15 EINVAL: a thread of another one by now. */
	if (fd < 0)
		return errno == ESRCH || errno == ENOENT || errno == EINVAL
			       ? 0
			       : error_sys(e, "looking for process %d", s->pid);
	told = state_start_time(s->pid, &ticks, e);
	if (told < 0)
		found = e->errnum == ENOENT || e->errnum == ESRCH ? 0 : -1;
	else if (ticks != s->start_time)
		found = 0;
	else if ((ended = wait_readable(fd, 0)) < 0)
		found = error_sys(e, "looking for process %d", s->pid);
	else /* One that has ended and waits to be reaped is readable. */
		found = !ended;
	*pidfd = fd;
	if (found <= 0)
		close(fd);
	return found;
}

static int has_process(const struct state *s, struct error *e)
{
	int pidfd = -1, found = open_process(s, &pidfd, e);

	if (found > 0)
		close(pidfd);
	return found;
}

static int remove_process(const struct state *s, struct error *e)
{
	int pidfd = -1, result = open_process(s, &pidfd, e);

	if (result <= 0)
		return result;
	result = gc_kill(pidfd, e);
	close(pidfd);
	return result;
}

int gc_path_exists(const char *path, struct error *e)
{
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "looking for %s", path);
}

/* True when cgroup is path or lies below it, so that removing path would take it along. */
static bool is_within(const char *cgroup, const char *path)
{
	size_t n = strlen(path);

	return strncmp(cgroup, path, n) == 0 && (cgroup[n] == '\0' || cgroup[n] == '/');
}

int gc_alive_uses(const char *name, const char *cgroup, struct error *e)
{
	struct state *all;
	bool used = false;
	int listed;
	size_t n;

	listed = state_list(&all, &n, e);
	for (size_t i = 0; i < n; i++) {
		if (!all[i].alive || strcmp(all[i].name, name) == 0)
			continue;
		used |= is_within(all[i].cgroup, cgroup);
	}
	state_list_free(all, n);
	/* A broken file hides nobody alive; one that could not be read might. */
	return used ? 1 : listed < 0 && e->errnum ? -1 : 0;
}

/*
 * A state file names what its runtime was about to make. Where the runtime was killed before it
 * came to that, a container alive may have made a cgroup of the same name: that one is not ours.
 */
static int alive_uses(const struct state *s, struct error *e)
{
	return gc_alive_uses(s->name, s->cgroup, e);
}

static int has_cgroup(const struct state *s, struct error *e)
{
	char path[sizeof(CGROUP_ROOT) + PATH_MAX];
	int found, used;

	snprintf(path, sizeof(path), CGROUP_ROOT "%s", s->cgroup);
	found = s->cgroup[0] ? gc_path_exists(path, e) : 0;
	if (found <= 0)
		return found;
	used = alive_uses(s, e);
	return used < 0 ? -1 : !used;
}

static int may_end(const void *state, struct error *e)
{
	int used = alive_uses(state, e);

	return used < 0 ? -1 : !used;
}

/*
 * Whether somebody alive has it is asked twice: one who began in between has written his state file
 * before he made his cgroup, so the second answer is about the cgroup that is open by then.
 */
static int remove_stale_cgroup(const struct state *s, struct error *e)
{
	const struct cgroup_claim claim = {.fd = -1, .may_end = may_end, .who = s};
	int used = s->cgroup[0] ? alive_uses(s, e) : 1;

	/* Asked for a cgroup that is gone too: its parent may still be there. */
	return used == 0 ? cgroup_remove(s->cgroup, &claim, e) : used < 0 ? -1 : 0;
}

/* The name alone could be a link that somebody made after the container's was gone. */
static int has_link(const struct state *s, struct error *e)
{
	return s->link[0] ? network_has(s->link, s->link_address, e) : 0;
}

static int remove_stale_link(const struct state *s, struct error *e)
{
	int found = has_link(s, e);

	return found > 0 ? network_remove(s->link, 0, e) : found;
}

/* A pid file is the container's while it holds the container's pid, or nothing yet. */
static int holds_pid(const char *path, pid_t pid, struct error *e)
{
	char text[32], expected[32];
	int fd, failure = 0;
	struct stat st;
	int n = -1;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	/* ELOOP, ENXIO: a link or a socket in its place is somebody else's. */
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO
			       ? 0
			       : error_sys(e, "opening pid file %s", path);
	if (fstat(fd, &st) < 0 ||
		(S_ISREG(st.st_mode) && (n = container_read_all(fd, text, sizeof(text))) < 0))
		failure = error_sys(e, "reading pid file %s", path);
	close(fd);
	if (failure)
		return -1;
	snprintf(expected, sizeof(expected), "%d\n", pid);
	return n == 0 || (n == (int)strlen(expected) && memcmp(text, expected, (size_t)n) == 0);
}

static int has_pid_file(const struct state *s, struct error *e)
{
	return s->pid_file[0] ? holds_pid(s->pid_file, s->pid, e) : 0;
}

int gc_remove_pid_file(const char *path, pid_t pid, struct error *e)
{
	int found = holds_pid(path, pid, e);

	if (found <= 0 || unlink(path) == 0 || errno == ENOENT)
		return found < 0 ? -1 : 0;
	return error_sys(e, "removing pid file %s", path);
}

static int remove_stale_pid_file(const struct state *s, struct error *e)
{
	return s->pid_file[0] ? gc_remove_pid_file(s->pid_file, s->pid, e) : 0;
}

/* In this order: the process first, for it holds the rest. */
static const struct leftover {
	const char *what;
	int (*exists)(const struct state *s, struct error *e); /* 1, 0 or, with e, -1 */
	int (*remove)(const struct state *s, struct error *e);
} leftovers[] = {
	{"process", has_process, remove_process},
	{"cgroup", has_cgroup, remove_stale_cgroup},
	{"link", has_link, remove_stale_link},
	{"pid file", has_pid_file, remove_stale_pid_file},
};

enum { LEFTOVERS = sizeof(leftovers) / sizeof(leftovers[0]) };

int gc_container(const struct state *s, struct error *e)
{
	struct error this;
	int result = 0;

	for (size_t i = 0; i < LEFTOVERS; i++) {
		if (leftovers[i].remove(s, &this) < 0 && result == 0) {
			*e = this;
			result = -1;
		}
	}
	/* What could not be removed stays named, for the next gc. */
	return result == 0 ? state_unlink(s->name, e) : result;
}

/* "full: removed process, cgroup, state file" */
static void gc_tell(const struct state *s, const char *verb, const bool found[LEFTOVERS], FILE *out)
{
	fprintf(out, "%s: %s ", s->name, verb);
	for (size_t i = 0; i < LEFTOVERS; i++)
		if (found[i])
			fprintf(out, "%s, ", leftovers[i].what);
	fprintf(out, "state file\n");
}

/* One container that nobody holds; the caller has its lock. */
static int collect(const struct state *s, bool dry_run, FILE *out, struct error *e)
{
	int known = 0;
	bool found[LEFTOVERS];

	for (size_t i = 0; i < LEFTOVERS && known >= 0; i++) {
		known = leftovers[i].exists(s, e);
		found[i] = known > 0;
	}
	if (known < 0 || (!dry_run && gc_container(s, e) < 0)) {
		fprintf(out, "%s: could not be removed\n", s->name);
		return -1;
	}
	gc_tell(s, dry_run ? "would remove" : "removed", found, out);
	return 0;
}

/* 1 where a lock shows that it has an owner after all, or another gc was faster. */
static int collect_name(const char *name, bool dry_run, FILE *out, struct error *e)
{
	struct state s;
	int fd = state_claim(name, &s, e);
	int result;

	if (fd < 0)
		return e->errnum == EWOULDBLOCK || e->errnum == ENOENT ? 1 : -1;
	result = collect(&s, dry_run, out, e);
	state_free(&s);
	close(fd);
	return result;
}

int gc_all(bool dry_run, FILE *out, struct error *e)
{
	struct error this;
	struct state *all;
	int failed = 0, told = 0, swept;
	size_t n;

	if (state_list(&all, &n, e) < 0)
		failed++;
	for (size_t i = 0; i < n; i++) {
		int result = all[i].alive ? 1 : collect_name(all[i].name, dry_run, out, &this);

		told += result <= 0;
		if (result < 0 && failed++ == 0)
			*e = this;
	}
	state_list_free(all, n);
	swept = state_sweep(dry_run, &this);
	if (swept > 0)
		fprintf(out, "half-written state files %s: %d\n", dry_run ? "to remove" : "removed",
			swept);
	if (told == 0 && swept <= 0 && failed == 0)
		fprintf(out, "nothing to collect\n");
	return failed;
}
