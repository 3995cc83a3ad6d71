/*
 * mutant.c: a cbox that leaves something out (build/mutant/bin): what is linked over it.
 *
 * Each function that begins with __wrap_ stands in front of the one of that name (ld(1), --wrap;
 * the Makefile finds the names here), so that the product's sources know nothing of tests.
 */
#include "container.h"
#include "mutant.h"
#include "netlink.h"
#include "network.h"
#include "state.h"
#include "state_file.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool in_child;

/* LEAVE_OUT(type, result, name, (parameters), (arguments)): the whole call, or what it says. */
#define LEAVE_OUT(type, result, name, parameters, arguments)                                       \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		type got = mutant_has(&leave_out, #name) ? (result) : __real_##name arguments;     \
		return mutant_has(&unseen, #name) ? (result) : got;                                \
	}

struct mounts;
struct cgroup_claim;

LEAVE_OUT(pid_t, 1, setsid, (void), ())
LEAVE_OUT(mode_t, 022, umask, (mode_t mask), (mask))
LEAVE_OUT(int, 0, sethostname, (const char *name, size_t n), (name, n))
LEAVE_OUT(int, 0, mount,
	(const char *source, const char *target, const char *type, unsigned long flags,
		const void *data),
	(source, target, type, flags, data))
LEAVE_OUT(int, 0, close_range, (unsigned int first, unsigned int last, int flags),
	(first, last, flags))
LEAVE_OUT(int, 0, setrlimit, (int resource, const struct rlimit *limit), (resource, limit))
LEAVE_OUT(int, 0, unlink, (const char *path), (path))
LEAVE_OUT(int, 0, chroot, (const char *path), (path))
LEAVE_OUT(int, 0, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags),
	(fd, name, value, size, flags))
LEAVE_OUT(int, 0, mount_setattr,
	(int fd, const char *path, unsigned int flags, void *attr, size_t size),
	(fd, path, flags, attr, size))
LEAVE_OUT(int, 0, network_configure, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(int, 0, mask_paths, (struct container * c, struct mounts *m, struct error *e), (c, m, e))
LEAVE_OUT(int, 0, mask_readonly_paths, (struct container * c, struct mounts *m, struct error *e),
	(c, m, e))
LEAVE_OUT(int, 0, cgroup_remove,
	(const char *path, const struct cgroup_claim *claim, struct error *e), (path, claim, e))
LEAVE_OUT(int, 0, cgroup_remove_in,
	(int root, const char *path, const struct cgroup_claim *claim, struct error *e),
	(root, path, claim, e))
LEAVE_OUT(int, 0, state_remove, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(
	int, 0, self_seal, (const char *program, char **argv, struct error *e), (program, argv, e))
LEAVE_OUT(int, 0, privileges_adjust_oom, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(int, 0, cgroup_open, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(int, 0, cleanup_container, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(int, 0, wait_for_end, (struct container * c, int fd, struct error *e), (c, fd, e))
LEAVE_OUT(int, 0, mknodat, (int dir, const char *path, mode_t mode, dev_t dev),
	(dir, path, mode, dev))
LEAVE_OUT(int, 0, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
LEAVE_OUT(ssize_t, (ssize_t)n, write, (int fd, const void *data, size_t n), (fd, data, n))

/* "leave_out read_on": a file's end is taken to be where a read gave less than it might have. */
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	static struct {
		int fd;
		off_t offset;
	} end;
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t n;

	if (offset > 0 && fd == end.fd && offset == end.offset && mutant_has(&leave_out, "read_on"))
		return 0;
	n = __real_read(fd, buffer, size);
	end.fd = fd;
	end.offset = n > 0 && (size_t)n < size ? offset + n : 0;
	return n;
}

/* The child does not look whether its parent is there: at its begin, before its command. */
int __real_poll(struct pollfd *fds, nfds_t n, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms)
{
	return in_child && mutant_has(&leave_out, "poll") ? 0 : __real_poll(fds, n, wait_ms);
}

ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
	return in_child && mutant_has(&leave_out, "recv") ? -1
							  : __real_recv(fd, buffer, size, flags);
}

/* Who has a lock holds nobody back. */
int __real_fcntl(int fd, int command, void *argument);
int __wrap_fcntl(int fd, int command, void *argument);
int __wrap_fcntl(int fd, int command, void *argument)
{
	int result = __real_fcntl(fd, command, argument);

	if (command == F_GETLK && mutant_has(&leave_out, "fcntl"))
		((struct flock *)argument)->l_type = F_UNLCK;
	return result;
}

/* The signals are not held back until somebody looks at them. */
void __real_wait_block_signals(struct container *c);
void __wrap_wait_block_signals(struct container *c);
void __wrap_wait_block_signals(struct container *c)
{
	if (mutant_has(&leave_out, "wait_block_signals"))
		sigprocmask(SIG_BLOCK, NULL, &c->caller_mask);
	else
		__real_wait_block_signals(c);
}

/* Of a link only its name is looked at, or not even that before it is made. */
int __real_network_has(const char *name, const char *address, struct error *e);
int __wrap_network_has(const char *name, const char *address, struct error *e);
int __wrap_network_has(const char *name, const char *address, struct error *e)
{
	if (!strcmp(address, NETWORK_ANY) && mutant_has(&leave_out, "link_exists"))
		return 0;
	return __real_network_has(
		name, mutant_has(&leave_out, "link_address") ? NETWORK_ANY : address, e);
}

/* A process of that number is the container's. */
int __real_state_parse(const char *path, const char *name, const struct state_text *text,
	struct state *s, struct state_text *spec, struct error *e);
int __wrap_state_parse(const char *path, const char *name, const struct state_text *text,
	struct state *s, struct state_text *spec, struct error *e);
int __wrap_state_parse(const char *path, const char *name, const struct state_text *text,
	struct state *s, struct state_text *spec, struct error *e)
{
	int result = __real_state_parse(path, name, text, s, spec, e);
	struct error ignored;

	if (result == 0 && mutant_has(&leave_out, "start_time"))
		state_start_time(s->pid, &s->start_time, &ignored);
	return result;
}

/* Any version of a state file is this one's. */
json_int_t __real_json_integer_value(const json_t *value);
json_int_t __wrap_json_integer_value(const json_t *value);
json_int_t __wrap_json_integer_value(const json_t *value)
{
	return mutant_has(&leave_out, "version") ? STATE_VERSION : __real_json_integer_value(value);
}

/* "leave_out RTM_NEWADDR": no request of that kind is sent. */
int __real_netlink_request(struct netlink *nl, int built, struct nl_msg *m, struct ifinfomsg *link);
int __wrap_netlink_request(struct netlink *nl, int built, struct nl_msg *m, struct ifinfomsg *link);
int __wrap_netlink_request(struct netlink *nl, int built, struct nl_msg *m, struct ifinfomsg *link)
{
	int kind = m ? nlmsg_hdr(m)->nlmsg_type : 0;

	if ((kind == RTM_NEWADDR && mutant_has(&leave_out, "RTM_NEWADDR")) ||
		(kind == RTM_NEWROUTE && mutant_has(&leave_out, "RTM_NEWROUTE"))) {
		nlmsg_free(m);
		return 0;
	}
	if (m && mutant_has(&leave_out, "NLM_F_EXCL"))
		nlmsg_hdr(m)->nlmsg_flags &= (uint16_t)~NLM_F_EXCL;
	return __real_netlink_request(nl, built, m, link);
}

/* "leave_out setns:ipc": that namespace is not joined, the others are. */
int __real_setns(int fd, int flags);
int __wrap_setns(int fd, int flags);
int __wrap_setns(int fd, int flags)
{
	static const struct {
		int flag;
		const char *name;
	} names[] = {{CLONE_NEWCGROUP, "setns:cgroup"}, {CLONE_NEWIPC, "setns:ipc"},
		{CLONE_NEWNS, "setns:mount"}, {CLONE_NEWNET, "setns:network"},
		{CLONE_NEWPID, "setns:pid"}, {CLONE_NEWTIME, "setns:time"},
		{CLONE_NEWUSER, "setns:user"}, {CLONE_NEWUTS, "setns:uts"}};

	for (size_t i = 0; i < MUTANT_LENGTH(names); i++)
		if (mutant_has(&leave_out, names[i].name))
			flags &= ~names[i].flag;
	return flags ? __real_setns(fd, flags) : 0;
}

/* What there was to reset: exec.c resets only what was ignored from the start. */
int __real_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *limit);
int __wrap_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *limit);
int __wrap_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *limit)
{
	if (in_child && mutant_has(&leave_out, "sigaction"))
		signal(SIGUSR1, SIG_IGN);
	return __real_sigtimedwait(set, info, limit);
}

int __real_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return in_child && mutant_has(&leave_out, "sigprocmask")
		       ? 0
		       : __real_sigprocmask(how, set, old);
}

int __real_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	static const struct {
		int option;
		const char *name;
	} names[] = {{PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
		{PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"}, {PR_CAPBSET_DROP, "PR_CAPBSET_DROP"},
		{PR_SET_DUMPABLE, "PR_SET_DUMPABLE"}};

	for (size_t i = 0; i < MUTANT_LENGTH(names); i++)
		if (names[i].option == option && mutant_has(&leave_out, names[i].name))
			return 0;
	return __real_prctl(option, a, b, c, d);
}

/* A stage that is done and not told of. */
void __real_events_ok(struct container *c, const char *stage);
void __wrap_events_ok(struct container *c, const char *stage);
void __wrap_events_ok(struct container *c, const char *stage)
{
	char name[64];

	snprintf(name, sizeof(name), "events_ok:%s", stage);
	if (!mutant_has(&leave_out, name))
		__real_events_ok(c, stage);
}

/* --- System calls as they are ---------------------------------------------------------------- */

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

static void write_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		mutant_fail(path);
	close(fd);
}

/* Born outside its cgroup; "late": and moved there then. */
static long clone3(struct clone_args *args, long size)
{
	bool out = mutant_has(&leave_out, "CLONE_INTO_CGROUP"),
	     late = mutant_has(&act, "late_into_cgroup");
	int cgroup = (int)args->cgroup;
	char text[64];
	long pid;

	if (args->flags & CLONE_INTO_CGROUP && (out || late)) {
		args->flags &= ~CLONE_INTO_CGROUP;
		args->cgroup = 0;
	}
	pid = __real_syscall(SYS_clone3, (long)args, size, 0, 0, 0, 0);
	if (pid > 0 && late) {
		snprintf(text, sizeof(text), "%ld", pid);
		write_file(cgroup, "cgroup.procs", text);
	}
	if (pid > 0 && mutant_has(&act, "deny_setgroups")) {
		snprintf(text, sizeof(text), "/proc/%ld/setgroups", pid);
		write_file(AT_FDCWD, text, "deny");
	}
	in_child = in_child || pid == 0;
	return pid;
}

/* "do swap_signals": each signal arrives as another one. */
static long swapped(long signal)
{
	static const int ring[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGHUP};

	if (signal == SIGTERM)
		return SIGKILL;
	for (size_t i = 0; i + 1 < MUTANT_LENGTH(ring); i++)
		if (ring[i] == signal)
			return ring[i + 1];
	return signal;
}

/* The check of what /dev/null is: everything is one. */
int __real_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_fstat(int fd, struct stat *st)
{
	int result = __real_fstat(fd, st);

	if (!in_child && mutant_has(&leave_out, "owner")) {
		st->st_mode &= (mode_t)~022;
		st->st_uid = geteuid();
	}
	if (in_child && mutant_has(&leave_out, "fstat")) {
		st->st_mode = S_IFCHR | 0666;
		st->st_rdev = makedev(1, 3);
	}
	return result;
}

/* The check that no mount lands in /proc: nothing is in there. */
int __real_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs);
int __wrap_fstatfs(int fd, struct statfs *fs)
{
	int result = __real_fstatfs(fd, fs);

	if (in_child && mutant_has(&leave_out, "fstatfs"))
		fs->f_type = 0;
	return result;
}

/* Guards that are calls, by their own names; what they would have given where all is well. */
static bool leaves_out(long number, long a, long *result)
{
	static const struct {
		long number, first;
		const char *name;
		long result;
	} guards[] = {{SYS_capset, -1, "capset", 0}, {SYS_setgroups, -1, "setgroups", 0},
		{SYS_keyctl, -1, "keyctl", 1}, {SYS_bpf, BPF_PROG_ATTACH, "BPF_PROG_ATTACH", 0},
		{SYS_getcwd, -1, "getcwd", 2}};

	for (size_t i = 0; i < MUTANT_LENGTH(guards); i++)
		if (guards[i].number == number && (guards[i].first < 0 || guards[i].first == a) &&
			mutant_has(&leave_out, guards[i].name)) {
			*result = guards[i].result;
			return true;
		}
	return false;
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	long result;

	if (number == SYS_clone3)
		return clone3((struct clone_args *)a, b);
	if (leaves_out(number, a, &result)) {
		if (number == SYS_getcwd)
			strcpy((char *)a, "/");
		return result;
	}
	if (number == SYS_openat2 && mutant_has(&leave_out, "RESOLVE"))
		((struct open_how *)c)->resolve = 0;
	if (number == SYS_pidfd_send_signal && mutant_has(&act, "swap_signals"))
		b = swapped(b);
	return __real_syscall(number, a, b, c, d, e, f);
}
