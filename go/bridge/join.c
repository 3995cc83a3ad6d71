/*
 * join.c: stage "namespaces" of `exec`: a constructor in C that joins, and the parent of it.
 *
 * setns(2) takes a user or a time namespace only from a process of one thread and a mount namespace
 * only from one that shares its root and directory with nobody; a Go program never is such a one,
 * once Go's runtime has started (shared/why-c.md tries it). So the runtime starts itself again
 * under a name of its own (namespaces.c), and what follows runs before main: constructors of a
 * program are called by the C library (ld.so(8), .init_array), Go's runtime begins in main.
 *
 * Here is one thread, so nothing of namespaces.c's fork safety is asked for. The process that joins
 * stays outside of the pid namespace, which is for its children only (pid_namespaces(7)): it makes
 * one as its own sibling, tells the parent and ends. The new one returns from the constructor; Go's
 * runtime starts in it, inside the container, and runs the stages (go/child.go).
 *
 * Its memory was made outside: no capability of the container's user namespace opens a way into it
 * (ptrace(2), PTRACE_MODE_*), as it would after an execve(2) in there.
 */
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- The second self, before Go -------------------------------------------------------------- */

static pid_t clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

/* go/child.go, fromParent(): who typed the name has no such socket. */
static bool from_parent(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getppid();
}

static int file_of(int file)
{
	return CHILD_FIRST_FD + file;
}

static void __attribute__((noreturn)) tell(enum join_step step, int errnum, pid_t pid)
{
	struct join_report report = {.step = step, .errnum = errnum, .pid = pid};

	if (write(file_of(CHILD_SYNC), &report, sizeof(report)) != (ssize_t)sizeof(report))
		_exit(EXIT_RUNTIME);
	_exit(0);
}

/*
 * A Go runtime takes threads and memory, which pids.max and memory.max of the container need not
 * have room for. So the process stays where it is until it executes the command (childPidsLimit in
 * go/child.go): the file that moves it is opened here, while the name is the host's and by who may.
 */
static void open_procs(void)
{
	int procs = openat(file_of(CHILD_CGROUP), "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (procs < 0 || dup2(procs, file_of(CHILD_PROCS)) < 0)
		tell(JOIN_CGROUP, errno, 0);
	close(procs);
}

/* Waits for its end. A frozen one does not come to that; then for the end of the runtime, and with
 * that it is ended. */
static void wait_for_end(pid_t pid, int pidfd)
{
	struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = file_of(CHILD_SYNC)}};
	bool is_alone;

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	is_alone = fds[1].revents != 0;
	if (is_alone)
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (is_alone)
		_exit(EXIT_RUNTIME);
}

/* But it moves in whatever pids.max says; only who is born there is counted before. So one is. */
static void find_room(void)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)file_of(CHILD_CGROUP),
	};
	pid_t pid = clone3(&args);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		tell(JOIN_PROCESS, errno, 0);
	wait_for_end(pid, pidfd);
	close(pidfd);
	close(file_of(CHILD_CGROUP));
}

/* As c/namespaces.c: who is in there must not look in, and joining a user namespace resets it. */
static void hide(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

static void join(int flags)
{
	hide();
	if (flags && setns(file_of(CHILD_TARGET), flags) < 0)
		tell(JOIN_NAMESPACES, errno, 0);
	hide();
}

static void __attribute__((constructor)) join_before_go(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_PARENT};
	struct join_order order;
	pid_t pid;

	if (argc != 1 || strcmp(argv[0], CHILD_JOINS) != 0 || !from_parent(file_of(CHILD_SYNC)))
		return;
	/* What the caller has left open would be within the container's reach: CVE-2024-21626. */
	close_range((unsigned int)file_of(CHILD_FILES), ~0U, 0);
	if (read(file_of(CHILD_SYNC), &order, sizeof(order)) != (ssize_t)sizeof(order))
		_exit(EXIT_RUNTIME);
	/* jansson reads /dev/urandom for its tables once, and in there that is anybody's file. */
	json_object_seed(0);
	if (order.in_cgroup)
		open_procs();
	join(order.flags & ~CLONE_NEWCGROUP);
	if (order.in_cgroup)
		find_room();
	/* Only now: nobody is born into a cgroup across the border of the parent's namespace. */
	join(order.flags & CLONE_NEWCGROUP);
	close(file_of(CHILD_TARGET));
	pid = clone3(&args);
	if (pid != 0)
		tell(JOIN_PROCESS, pid < 0 ? errno : 0, pid);
	/* In the caller's session the command could reach for its terminal. */
	if (setsid() < 0)
		_exit(EXIT_RUNTIME);
}

/* --- The parent ----------------------------------------------------------------------------- */

/* What the joining process tells before it ends. */
static int hear_joined(struct container *c, struct join_report *report, struct error *e)
{
	if (container_read_all(c->sync_fd, report, sizeof(*report)) != (int)sizeof(*report))
		return error_say(e, "the joining process ended early");
	errno = report->errnum;
	if (!errno)
		return 0;
	if (report->step == JOIN_CGROUP)
		return error_sys(e, "opening cgroup.procs");
	if (report->step == JOIN_NAMESPACES)
		return error_sys(e, "joining the namespaces of container %s", c->name);
	error_sys(e, "creating the container's process");
	if (e->errnum == EAGAIN)
		error_hint(e, "pids.max of the container's cgroup may be reached");
	return -1;
}

int namespaces_join_begin(struct container *c, struct error *e)
{
	const struct join_order order = {.flags = c->target_flags, .in_cgroup = c->cgroup_fd >= 0};
	int files[CHILD_FILES] = {
		[CHILD_LOG] = -1,
		[CHILD_EVENTS] = -1,
		[CHILD_PROCS] = -1,
		[CHILD_CONSOLE] = c->console_fd,
		[CHILD_TARGET] = c->target_fd,
		[CHILD_CGROUP] = c->cgroup_fd,
	};

	if (second_self_start(c, CHILD_JOINS, files, e) < 0)
		return -1;
	if (send(c->sync_fd, &order, sizeof(order), MSG_NOSIGNAL) != (ssize_t)sizeof(order))
		return error_say(e, "the joining process ended early");
	return 0;
}

int namespaces_join_end(struct container *c, struct error *e)
{
	struct join_report report = {.pid = 0};
	int result = hear_joined(c, &report, e);

	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(c->pidfd);
	c->pidfd = -1;
	c->pid = result < 0 ? 0 : report.pid;
	if (result < 0)
		return -1;
	/* It is our child, so that its number stays its own until we have asked for its end. */
	c->pidfd = pidfd_open(c->pid, 0);
	return c->pidfd < 0 ? error_sys(e, "opening process %d", c->pid) : 0;
}
