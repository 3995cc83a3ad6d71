/*
 * namespaces.c: the stage "namespaces" of libcbox for a caller that has threads.
 *
 * After clone3(2) c/namespaces.c goes on in the copy of the parent: it formats messages, allocates
 * and ends in container_child(). In a copy of a Go program it must not. Of all threads the copy
 * has the calling one alone, but the memory of all: a lock that another thread held in that moment,
 * malloc's or the scheduler's, is held in the copy for ever, by nobody. So there only may be what
 * signal-safety(7) allows: no allocation, no lock, no stdio. Everything from born() and joiner() on
 * is bare system calls with arguments that were prepared before, straight to execve(2) of this same
 * program; what it has to do then it reads from the socket pair (go/child.go), as any second self.
 *
 * That is why it stands here and not in libcbox: cbox has one thread and wants no second self.
 * Signals are blocked all the while (none of Go's handlers may run in the copy) and stay so over
 * execve(2); the stage exec opens the mask, as for Go's own joiner (go/namespaces_join.go).
 */
#include "bridge.h"

#include "events.h"
#include "namespaces.h"
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOWEST_COPY = 16 }; /* copies of descriptors stay clear of the second self's own numbers */

/* One namespace to enter, opened while its path is the host's. */
struct join {
	enum namespace_id id;
	int fd;
};

/*
 * What the joiner tells, in memory that it shares with the runtime: the new process, as clone3(2)
 * writes it, so that the runtime knows of it whatever happens to the joiner, and its pidfd
 * (descriptors are shared: CLONE_FILES); or which namespace it could not join, or why there is no
 * process.
 */
struct report {
	pid_t pid;
	int pidfd;
	int failed_join; /* index into joins; -1: none */
	int errnum;
};

/* Everything that the new processes need, prepared while allocation is allowed. */
struct birth {
	struct join joins[NS_COUNT];
	int joins_n;
	struct clone_args args;
	int pidfd;
	int files[CHILD_FILES]; /* copies, LOWEST_COPY or above; -1: none */
	int self; /* this program, as the files: a joined mount namespace has no such path */
	char *argv[2];
	char *envp[1];
	int capabilities; /* to raise as ambient: 0 to this, less one; 0: no user namespace */
	struct __user_cap_header_struct cap_header;
	struct __user_cap_data_struct cap_data[_LINUX_CAPABILITY_U32S_3];
	struct report *report; /* only with joins */
};

/*
 * The second self, in the new process: from here to execveat(2) system calls alone. In a new user
 * namespace all capabilities would end with execve(2), as nothing is mapped yet: ambient ones stay
 * (capabilities(7)).
 */
static void __attribute__((noreturn)) born(const struct birth *b)
{
	if (syscall(SYS_setsid) < 0)
		syscall(SYS_exit_group, EXIT_RUNTIME);
	for (int i = 0; i < CHILD_FILES; i++)
		if (b->files[i] >= 0)
			syscall(SYS_dup3, b->files[i], CHILD_FIRST_FD + i, 0);
		else
			syscall(SYS_close,
				CHILD_FIRST_FD + i); /* the caller may have left it open */
	if (b->capabilities > 0)
		syscall(SYS_capset, &b->cap_header, b->cap_data);
	for (int number = 0; number < b->capabilities; number++)
		syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
	syscall(SYS_execveat, b->self, "", b->argv, b->envp, AT_EMPTY_PATH);
	for (;;)
		syscall(SYS_exit_group, EXIT_RUNTIME);
}

/* clone3(2): returns in the parent only. */
static pid_t bear(struct birth *b)
{
	long pid = syscall(SYS_clone3, &b->args, sizeof(b->args));

	if (pid == 0)
		born(b);
	return (pid_t)pid;
}

/* The joiner, a process of one thread, enters the namespaces and bears the second self as its
 * sibling. */
static void __attribute__((noreturn)) joiner(struct birth *b)
{
	struct report *r = b->report;

	/* As c/namespaces.c: who is in there must not look in, and joining a user namespace resets
	 * it. */
	syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (int i = 0; i < b->joins_n && r->failed_join < 0; i++) {
		if (syscall(SYS_setns, b->joins[i].fd, namespace_kinds[b->joins[i].id].flag) == 0)
			continue;
		r->failed_join = i;
		r->errnum = errno;
	}
	if (r->failed_join < 0 &&
		(syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || bear(b) < 0))
		r->errnum = errno;
	for (;;)
		syscall(SYS_exit_group, 0);
}

/* Blocks every signal, those that glibc keeps for itself too, and gives the mask before. */
static uint64_t block_all(void)
{
	uint64_t all = ~0ULL, before = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	return before;
}

static void unblock(uint64_t before)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
}

static int refuse_birth(int errnum, struct error *e)
{
	errno = errnum;
	error_sys(e, "creating the container's process");
	if (errnum == EPERM)
		error_hint(e, "new namespaces need root, or a user namespace in the spec");
	return -1;
}

static int bear_directly(struct container *c, struct birth *b, struct error *e)
{
	uint64_t mask = block_all();
	pid_t pid = bear(b);
	int errnum = errno;

	unblock(mask);
	if (pid < 0)
		return refuse_birth(errnum, e);
	c->pid = pid;
	c->pidfd = b->pidfd;
	return 0;
}

/* The joiner cannot tell what it does; its parent does when it knows how far that went. */
static void tell_joins(struct container *c, const struct birth *b, int n)
{
	for (int i = 0; i < n; i++)
		events_call(c, "setns(%s, %s)", c->spec->namespaces[b->joins[i].id].path,
			namespace_kinds[b->joins[i].id].flag_name);
}

static void tell_birth(struct container *c)
{
	char names[160];

	events_call(c, "clone3(%sCLONE_PIDFD%s)",
		namespaces_flag_names(namespaces_flags(c->spec), names, sizeof(names)),
		c->cgroup_fd >= 0 ? "|CLONE_INTO_CGROUP" : "");
	events_call(c, "setsid()");
}

static int read_report(struct container *c, const struct birth *b, struct error *e)
{
	const struct report *r = b->report;

	tell_joins(c, b, r->failed_join < 0 ? b->joins_n : r->failed_join + 1);
	if (r->failed_join < 0)
		tell_birth(c);
	if (r->failed_join >= 0) {
		enum namespace_id id = b->joins[r->failed_join].id;

		errno = r->errnum;
		return error_sys(e, "joining %s namespace %s", namespace_kinds[id].name,
			c->spec->namespaces[id].path);
	}
	if (r->errnum)
		return refuse_birth(r->errnum, e);
	if (r->pid <= 0)
		return error_say(e, "the joining process ended early");
	c->pid = r->pid;
	c->pidfd = r->pidfd;
	return 0;
}

/* Runs the joiner to its end; what it told is then in the report. */
static int run_joiner(struct container *c, struct birth *b, struct error *e)
{
	/* CLONE_VFORK: when clone3 is back it has told, whatever waitpid(2) says then. */
	struct clone_args args = {.flags = CLONE_FILES | CLONE_VFORK, .exit_signal = SIGCHLD};
	uint64_t mask = block_all();
	int errnum;
	long pid;

	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		joiner(b);
	errnum = errno;
	unblock(mask);
	if (pid < 0) {
		errno = errnum;
		return error_sys(e, "creating the joining process");
	}
	while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
		;
	return read_report(c, b, e);
}

static int bear_joined(struct container *c, struct birth *b, struct error *e)
{
	struct report *r =
		mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int result;

	if (r == MAP_FAILED)
		return error_sys(e, "making memory for the joining process");
	r->failed_join = -1;
	b->report = r;
	b->args.flags |= CLONE_PARENT | CLONE_PARENT_SETTID;
	/* The signal is the joiner's own: clone3 wants 0 here. */
	b->args.exit_signal = 0;
	b->args.parent_tid = (uint64_t)(uintptr_t)&r->pid;
	b->args.pidfd = (uint64_t)(uintptr_t)&r->pidfd;
	result = run_joiner(c, b, e);
	munmap(r, sizeof(*r));
	return result;
}

static int open_joins(struct container *c, struct birth *b, struct error *e)
{
	for (int i = 0; i < NS_COUNT; i++) {
		enum namespace_id id = namespaces_join_order[i];
		const char *path = c->spec->namespaces[id].path;
		int fd;

		if (!path)
			continue;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* as c/namespaces.c */
		if (fd < 0) {
			error_sys(e, "opening %s namespace %s", namespace_kinds[id].name, path);
			tell_joins(c, b, b->joins_n);
			return -1;
		}
		b->joins[b->joins_n++] = (struct join){id, fd};
	}
	return 0;
}

static int copy_files(struct birth *b, const int files[CHILD_FILES], struct error *e)
{
	for (int i = 0; i < CHILD_FILES; i++) {
		if (files[i] < 0)
			continue;
		b->files[i] = fcntl(files[i], F_DUPFD_CLOEXEC, LOWEST_COPY);
		if (b->files[i] < 0)
			return error_sys(e, "copying a descriptor");
	}
	return 0;
}

/* Every capability that this kernel knows, in all three sets. */
static void prepare_capabilities(struct birth *b)
{
	b->cap_header.version = _LINUX_CAPABILITY_VERSION_3;
	while (prctl(PR_CAPBSET_READ, b->capabilities, 0, 0, 0) >= 0) {
		struct __user_cap_data_struct *word = &b->cap_data[b->capabilities / 32];

		word->effective |= 1U << b->capabilities++ % 32;
		word->permitted = word->inheritable = word->effective;
	}
}

static void prepare_clone(struct container *c, struct birth *b)
{
	b->args = (struct clone_args){
		.flags = namespaces_flags(c->spec) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&b->pidfd,
		.exit_signal = SIGCHLD,
	};
	if (c->cgroup_fd >= 0) {
		b->args.flags |= CLONE_INTO_CGROUP;
		b->args.cgroup = (uint64_t)c->cgroup_fd;
	}
}

static int prepare(
	struct container *c, struct birth *b, const int files[CHILD_FILES], struct error *e)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (self >= 0) {
		b->self = fcntl(self, F_DUPFD_CLOEXEC, LOWEST_COPY);
		close(self);
	}
	if (b->self < 0)
		return error_sys(e, "opening /proc/self/exe");
	if (copy_files(b, files, e) < 0)
		return -1;
	if (c->enters) { /* outside still: join.c goes in */
		b->args = (struct clone_args){.flags = CLONE_PIDFD,
			.pidfd = (uint64_t)(uintptr_t)&b->pidfd,
			.exit_signal = SIGCHLD};
		return 0;
	}
	if (open_joins(c, b, e) < 0)
		return -1;
	if (c->spec->namespaces[NS_USER].wanted)
		prepare_capabilities(b);
	prepare_clone(c, b);
	return 0;
}

static void close_birth(struct birth *b)
{
	for (int i = 0; i < b->joins_n; i++)
		close(b->joins[i].fd);
	for (int i = 0; i < CHILD_FILES; i++)
		if (b->files[i] >= 0)
			close(b->files[i]);
	if (b->self >= 0)
		close(b->self);
}

static int create(
	struct container *c, const char *second_self, const int files[CHILD_FILES], struct error *e)
{
	struct birth b = {.self = -1, .argv = {(char *)second_self, NULL}};
	int result;

	for (int i = 0; i < CHILD_FILES; i++)
		b.files[i] = -1;
	result = prepare(c, &b, files, e);
	if (result == 0 && !c->enters && !b.joins_n)
		tell_birth(c);
	if (result == 0)
		result = b.joins_n ? bear_joined(c, &b, e) : bear_directly(c, &b, e);
	close_birth(&b);
	return result;
}

int second_self_start(
	struct container *c, const char *second_self, int files[CHILD_FILES], struct error *e)
{
	int sync_pair[2], error_pipe[2], result;

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
	files[CHILD_SYNC] = sync_pair[1];
	files[CHILD_ERROR] = error_pipe[1];
	result = create(c, second_self, files, e);
	close(sync_pair[1]);
	close(error_pipe[1]);
	return result;
}

int namespaces_create_second_self(
	struct container *c, const char *second_self, int pids_fd, struct error *e)
{
	int files[CHILD_FILES] = {
		[CHILD_LOG] = c->log_fd,
		[CHILD_EVENTS] = c->events_fd,
		[CHILD_PIDS] = pids_fd,
		[CHILD_CONSOLE] = -1,
		[CHILD_TARGET] = -1,
		[CHILD_CGROUP] = -1,
	};

	if (second_self_start(c, second_self, files, e) < 0)
		return -1;
	events_fact(c, "pid", "%d", c->pid);
	return 0;
}
