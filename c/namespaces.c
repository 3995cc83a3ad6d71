/*
 * namespaces.c: see namespaces.h.
 *
 * The usual way is one clone3(2). Namespaces that are given by path have to be entered first, and
 * not by the runtime itself, which must stay where it is: a short-lived joiner does that, makes
 * the container's process as its sibling (CLONE_PARENT) and ends. A new namespace made after
 * joining a user namespace then belongs to that one, as it should.
 */
#include "namespaces.h"

#include "events.h"
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const enum namespace_id namespaces_join_order[NS_COUNT] = {
	NS_USER,
	NS_CGROUP,
	NS_IPC,
	NS_NETWORK,
	NS_PID,
	NS_TIME,
	NS_UTS,
	NS_MOUNT,
};

/* The new process, as clone3(2) writes it. */
struct created {
	pid_t pid; /* only with CLONE_PARENT_SETTID */
	int pidfd;
};

/*
 * What the joiner tells, in memory that it shares with the runtime: of a process that there is the
 * runtime knows, whatever happens to the joiner. Its pidfd is valid there too: CLONE_FILES.
 */
struct join_report {
	struct created created;
	bool has_failed;
	struct error error;
};

/*
 * exec: what is joined before the process is there. The cgroup namespace only after: where the
 * hierarchy is mounted with nsdelegate (systemd does), nobody is born into a cgroup across the
 * border of the namespace that the parent is in (cgroups(7), ENOENT).
 */
static int joined_before(const struct container *c)
{
	return c->target_flags & ~CLONE_NEWCGROUP;
}

static bool joins_any(const struct container *c)
{
	if (c->enters)
		return joined_before(c) != 0;
	for (int id = 0; id < NS_COUNT; id++)
		if (c->spec->namespaces[id].path)
			return true;
	return false;
}

uint64_t namespaces_flags(const struct spec *s)
{
	uint64_t flags = 0;

	for (int id = 0; id < NS_COUNT; id++)
		if (spec_makes(s, id) && !(id == NS_IPC && s->namespaces[NS_USER].wanted))
			flags |= namespace_kinds[id].flag;
	return flags;
}

const char *namespaces_flag_names(uint64_t flags, char *text, size_t size)
{
	text[0] = '\0';
	for (int id = 0; id < NS_COUNT; id++)
		if (flags & namespace_kinds[id].flag)
			snprintf(text + strlen(text), size - strlen(text), "%s|",
				namespace_kinds[id].flag_name);
	return text;
}

static pid_t clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

/* Makes the container's process; in the child it goes on in container_child() and not here. */
static int create(struct container *c, uint64_t more_flags, int child_sync, int child_error,
	struct created *created, struct error *e)
{
	struct clone_args args = {
		.flags = namespaces_flags(c->spec) | CLONE_PIDFD | more_flags,
		.pidfd = (uint64_t)(uintptr_t)&created->pidfd,
		.parent_tid = (uint64_t)(uintptr_t)&created->pid,
		/* With CLONE_PARENT the signal is the joiner's own: clone3 wants 0 here. */
		.exit_signal = more_flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	char names[160];
	pid_t pid;

	if (c->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)c->cgroup_fd;
	}
	events_call(c, "clone3(%sCLONE_PIDFD%s)",
		namespaces_flag_names(namespaces_flags(c->spec), names, sizeof(names)),
		c->cgroup_fd >= 0 ? "|CLONE_INTO_CGROUP" : "");
	/* From the start, so that the terminal's Ctrl-C reaches the runtime alone, which hands it
	 * on. */
	events_call(c, "setsid()");
	pid = clone3(&args);
	if (pid < 0) {
		error_sys(e, "creating the container's process");
		if (e->errnum == EPERM && !c->enters)
			error_hint(e, "new namespaces need root, or a user namespace in the spec");
		else if (e->errnum == EAGAIN && c->enters)
			error_hint(e, "pids.max of the container's cgroup may be reached");
		else if (e->errnum == ENOMEM && c->spec->namespaces[NS_PID].path && !c->enters)
			/* pid_namespaces(7); a bind mount keeps such a one. */
			error_hint(e, "the first process of the joined pid namespace may have "
				      "ended: no other can be made there then");
		return -1;
	}
	if (pid == 0) {
		int session_error = setsid() < 0 ? errno : 0;

		close(c->sync_fd);
		close(c->error_fd);
		c->sync_fd = child_sync;
		c->error_fd = child_error;
		container_child(c, session_error);
	}
	c->pid = pid;
	c->pidfd = created->pidfd;
	return 0;
}

/*
 * All of them at once (setns(2) with a pidfd, Linux 5.8): the kernel takes the user namespace
 * first, checks the rest in its name, and joins all or none.
 */
static int join_target(struct container *c, struct error *e)
{
	char names[160];

	namespaces_flag_names((uint64_t)joined_before(c), names, sizeof(names));
	names[strlen(names) - 1] = '\0';
	events_call(c, "setns(pidfd, %s)", names);
	if (setns(c->target_fd, joined_before(c)) == 0)
		return 0;
	return error_sys(e, "joining the namespaces of container %s", c->name);
}

int namespaces_join_cgroup(struct container *c, struct error *e)
{
	int result = 0;

	if (c->target_flags & CLONE_NEWCGROUP) {
		events_call(c, "setns(pidfd, CLONE_NEWCGROUP)");
		if (setns(c->target_fd, CLONE_NEWCGROUP) < 0)
			result = error_sys(
				e, "joining the cgroup namespace of container %s", c->name);
	}
	close(c->target_fd);
	c->target_fd = -1;
	return result;
}

/* Enters each namespace that has a path. */
static int join(struct container *c, struct error *e)
{
	for (int i = 0; i < NS_COUNT; i++) {
		enum namespace_id id = namespaces_join_order[i];
		const char *path = c->spec->namespaces[id].path;
		int fd, result;

		if (!path)
			continue;
		/* O_NONBLOCK: a FIFO is refused by setns(2), as any file is, and not waited for. */
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return error_sys(
				e, "opening %s namespace %s", namespace_kinds[id].name, path);
		events_call(c, "setns(%s, %s)", path, namespace_kinds[id].flag_name);
		result = setns(fd, (int)namespace_kinds[id].flag);
		if (result < 0)
			error_sys(e, "joining %s namespace %s", namespace_kinds[id].name, path);
		close(fd);
		if (result < 0)
			return -1;
	}
	return 0;
}

static void __attribute__((noreturn))
joiner(struct container *c, int child_sync, int child_error, struct join_report *report)
{
	/*
	 * Before the first namespace and for all that are made here: whoever is in there must not
	 * look in (CVE-2016-9962). Once more after it: another user namespace is a change of
	 * credentials, which sets this to fs.suid_dumpable.
	 */
	prctl(PR_SET_DUMPABLE, 0);
	report->has_failed =
		(c->enters ? join_target(c, &report->error) : join(c, &report->error)) < 0 ||
		prctl(PR_SET_DUMPABLE, 0) < 0 ||
		create(c, CLONE_PARENT | CLONE_PARENT_SETTID, child_sync, child_error,
			&report->created, &report->error) < 0;
	_exit(0);
}

/* Runs the joiner to its end; what it told is then in the report. */
static int run_joiner(struct container *c, int child_sync, int child_error,
	struct join_report *report, struct error *e)
{
	/* CLONE_VFORK: when clone3 is back it has told, whatever waitpid(2) says then. */
	struct clone_args args = {.flags = CLONE_FILES | CLONE_VFORK, .exit_signal = SIGCHLD};
	pid_t pid = clone3(&args);

	if (pid == 0)
		joiner(c, child_sync, child_error, report);
	if (pid < 0)
		return error_sys(e, "creating the joining process");
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (report->has_failed) {
		*e = report->error;
		return -1;
	}
	if (report->created.pid <= 0)
		return error_say(e, "the joining process ended early");
	c->pid = report->created.pid;
	c->pidfd = report->created.pidfd;
	return 0;
}

static int create_joined(struct container *c, int child_sync, int child_error, struct error *e)
{
	struct join_report *report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result;

	if (report == MAP_FAILED)
		return error_sys(e, "making memory for the joining process");
	error_clear(&report->error);
	result = run_joiner(c, child_sync, child_error, report, e);
	munmap(report, sizeof(*report));
	return result;
}

int namespaces_create(struct container *c, struct error *e)
{
	int sync_pair[2], error_pipe[2], result;
	struct created created = {.pidfd = -1};

	privileges_raise_limits(c);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync_pair) < 0)
		return error_sys(e, "making a socket pair");
	if (pipe2(error_pipe, O_CLOEXEC) < 0) {
		error_sys(e, "making a pipe");
		close(sync_pair[0]);
		close(sync_pair[1]);
		return -1;
	}
	c->sync_fd = sync_pair[0];
	c->error_fd = error_pipe[0];
	result = joins_any(c) ? create_joined(c, sync_pair[1], error_pipe[1], e)
			      : create(c, 0, sync_pair[1], error_pipe[1], &created, e);
	close(sync_pair[1]);
	close(error_pipe[1]);
	if (result == 0)
		events_fact(c, "pid", "%d", c->pid);
	return result;
}
