/*
 * mutant.c: what is linked over cbox to make a cbox that does something else (build/mutant/bin).
 *
 * Each function below that begins with __wrap_ stands in front of the one of that name (ld(1),
 * --wrap), so that the product's sources know nothing of tests. What is to be done otherwise is
 * read from the file "mutation" beside the program, for compare gives its columns a defined
 * environment. Without that file it is the product. Lines of that file:
 *
 *   only WORD         nothing at all, unless WORD is on the command line
 *   spec FILE         this spec in place of the one after --spec
 *   rootfs DIR        this rootfs in place of the one after --rootfs
 *   command WORD      (repeated) this command in place of the one after --
 *   leave_out NAME    that call succeeds without being made
 *   do NAME           an act of the table acts[]
 *   then TEXT         shell, once the command runs; $PID is its first process
 *   finally TEXT      shell, when everything has been cleaned up
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 16
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct words {
	char *v[WORDS];
	int n;
};

static struct words only, spec, rootfs, command, leave_out, act, then, finally;
static bool in_child;
static pid_t container, relays[2];
static int relays_n;

static const struct {
	const char *key;
	struct words *list;
} keys[] = {{"only", &only}, {"spec", &spec}, {"rootfs", &rootfs}, {"command", &command}, {"leave_out", &leave_out},
	{"do", &act}, {"then", &then}, {"finally", &finally}};

static void fail(const char *what)
{
	fprintf(stderr, "mutant: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static bool has(const struct words *list, const char *word)
{
	for (int i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], word))
			return true;
	return false;
}

static void read_line(char *line)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < LENGTH(keys); i++)
		if (!strcmp(keys[i].key, line) && keys[i].list->n < WORDS) {
			keys[i].list->v[keys[i].list->n++] = strdup(value);
			return;
		}
	errno = EINVAL;
	fail(line);
}

static void read_mutation(void)
{
	char path[PATH_MAX], *line = NULL;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	size_t size = 0;
	FILE *f;

	if (n < 0)
		fail("its own path");
	path[n] = '\0';
	strcpy(strrchr(path, '/'), "/mutation");
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0)
		read_line(line);
	free(line);
	if (f)
		fclose(f);
}

/* --- Things a runtime could do too much ------------------------------------------------------ */

static void seccomp(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		fail("seccomp");
}

static void block_and_send(bool to_thread)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (to_thread ? raise(SIGUSR1) : kill(getpid(), SIGUSR1))
		fail("a signal to itself");
}

static void pending(void)
{
	block_and_send(true);
}

static void pending_shared(void)
{
	block_and_send(false);
}

/* A terminal of its own that nobody asked for; the master's descriptor goes along. */
static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char name[64];

	if (master < 0 || grantpt(master) || unlockpt(master) ||
		ptsname_r(master, name, sizeof(name)) || (slave = open(name, O_RDWR)) < 0)
		fail("a terminal");
	ioctl(slave, TIOCSCTTY, 0);
	close(slave);
}

static void trace(void)
{
	if (ptrace(PTRACE_SEIZE, container, 0, 0))
		fail("ptrace");
}

/* A process more between the caller and the runtime. */
static void fork_first(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (pid == 0)
		return;
	while (waitpid(pid, &status, 0) < 0)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void copy(int from, int to, bool seven_bits, bool upper)
{
	unsigned char byte;

	while (read(from, &byte, 1) == 1) {
		if (seven_bits)
			byte &= 0x7f;
		if (upper && byte >= 'a' && byte <= 'z')
			byte -= 32;
		if (write(to, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

/* Another process stands between the caller and descriptor fd, which becomes a socket. */
static void relay(int fd, bool seven_bits, bool upper)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) || (pid = fork()) < 0)
		fail("a relay");
	if (pid == 0) {
		int original = dup(fd);

		close(ends[1]);
		for (int i = 0; i < 3; i++)
			close(i);
		copy(fd ? ends[0] : original, fd ? original : ends[0], seven_bits, upper);
	}
	dup2(ends[1], fd);
	close(ends[0]);
	close(ends[1]);
	relays[relays_n++] = pid;
}

static void relay_input(void)
{
	relay(0, false, false);
}

static void relay_output(void)
{
	relay(1, false, false);
}

static void relay_seven_bits(void)
{
	relay(1, true, false);
}

static void relay_upper(void)
{
	relay(1, false, true);
}

static void error_to_null(void)
{
	if (dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2) < 0)
		fail("/dev/null");
}

static void error_for_reading(void)
{
	int fd = open("/proc/self/fd/2", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 2) < 0)
		fail("standard error");
}

/* When an act is done: in the runtime, in the child before the command, once that runs. */
enum when { BEGIN, EXEC, RUNNING };

/* Either a function or one system call. */
static const struct {
	const char *name;
	enum when when;
	void (*run)(void);
	long number, a, b, c;
} acts[] = {
	{"fork_first", BEGIN, fork_first, 0, 0, 0, 0},
	{"relay_input", BEGIN, relay_input, 0, 0, 0, 0},
	{"relay_output", BEGIN, relay_output, 0, 0, 0, 0},
	{"relay_seven_bits", BEGIN, relay_seven_bits, 0, 0, 0, 0},
	{"relay_upper", BEGIN, relay_upper, 0, 0, 0, 0},
	{"error_to_null", BEGIN, error_to_null, 0, 0, 0, 0},
	{"error_for_reading", BEGIN, error_for_reading, 0, 0, 0, 0},
	{"error_to_output", BEGIN, NULL, SYS_dup3, 1, 2, 0},
	{"keep_descriptor", BEGIN, NULL, SYS_dup3, 1, 9, 0},
	{"narrow_umask", BEGIN, NULL, SYS_umask, 077, 0, 0},
	{"personality", BEGIN, NULL, SYS_personality, 0x0040000, 0, 0},
	{"seccomp", EXEC, seccomp, 0, 0, 0, 0},
	{"pending", EXEC, pending, 0, 0, 0, 0},
	{"pending_shared", EXEC, pending_shared, 0, 0, 0, 0},
	{"terminal", EXEC, terminal, 0, 0, 0, 0},
	{"no_huge_pages", EXEC, NULL, SYS_prctl, PR_SET_THP_DISABLE, 1, 0},
	{"real_uid", EXEC, NULL, SYS_setresuid, 1000, -1, -1},
	{"effective_uid", EXEC, NULL, SYS_setresuid, -1, 1000, -1},
	{"real_gid", EXEC, NULL, SYS_setresgid, 1000, -1, -1},
	{"effective_gid", EXEC, NULL, SYS_setresgid, -1, 1000, -1},
	{"no_speculative_store", EXEC, NULL, SYS_prctl, PR_SET_SPECULATION_CTRL,
		PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE},
	{"no_speculative_branch", EXEC, NULL, SYS_prctl, PR_SET_SPECULATION_CTRL,
		PR_SPEC_INDIRECT_BRANCH, PR_SPEC_DISABLE},
	{"trace", RUNNING, trace, 0, 0, 0, 0},
};

static void do_acts(enum when when)
{
	for (size_t i = 0; i < LENGTH(acts); i++) {
		if (acts[i].when != when || !has(&act, acts[i].name))
			continue;
		if (acts[i].run)
			acts[i].run();
		else if (syscall(acts[i].number, acts[i].a, acts[i].b, acts[i].c, 0L) < 0)
			fail(acts[i].name);
	}
}

static void shell(const struct words *texts)
{
	for (int i = 0; i < texts->n; i++) {
		pid_t pid = fork();
		int status = 1;

		if (pid == 0) {
			dup2(open("/dev/null", O_RDONLY), 0);
			dup2(2, 1);
			execl("/bin/sh", "sh", "-ec", texts->v[i], NULL);
			_exit(127);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (status)
			fail(texts->v[i]);
	}
}

/* --- Things a runtime could leave out -------------------------------------------------------- */

/* LEAVE_OUT(type, result, name, (parameters), (arguments)): the whole call. */
#define LEAVE_OUT(type, result, name, parameters, arguments)                                       \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return has(&leave_out, #name) ? (result) : __real_##name arguments;                \
	}

struct rtnl_addr;
struct rtnl_route;
struct nl_sock;
struct mounts;

LEAVE_OUT(pid_t, 1, setsid, (void), ())
LEAVE_OUT(mode_t, 022, umask, (mode_t mask), (mask))
LEAVE_OUT(int, 0, sethostname, (const char *name, size_t n), (name, n))
LEAVE_OUT(int, 0, mount,
	(const char *source, const char *target, const char *type, unsigned long flags,
		const void *data),
	(source, target, type, flags, data))
LEAVE_OUT(int, 0, setgroups, (size_t n, const gid_t *list), (n, list))
LEAVE_OUT(int, 0, close_range, (unsigned int first, unsigned int last, int flags),
	(first, last, flags))
LEAVE_OUT(int, 0, setrlimit, (int resource, const struct rlimit *limit), (resource, limit))
LEAVE_OUT(int, 0, unlink, (const char *path), (path))
LEAVE_OUT(int, 0, chroot, (const char *path), (path))
LEAVE_OUT(int, 0, fsetxattr,
	(int fd, const char *name, const void *value, size_t size, int flags),
	(fd, name, value, size, flags))
LEAVE_OUT(int, 0, mount_setattr,
	(int fd, const char *path, unsigned int flags, void *attr, size_t size),
	(fd, path, flags, attr, size))
LEAVE_OUT(int, 0, rtnl_addr_add, (struct nl_sock * s, struct rtnl_addr *a, int flags),
	(s, a, flags))
LEAVE_OUT(int, 0, rtnl_route_add, (struct nl_sock * s, struct rtnl_route *r, int flags),
	(s, r, flags))
LEAVE_OUT(int, 0, network_configure, (struct container * c, struct error *e), (c, e))
LEAVE_OUT(int, 0, mask_paths, (struct container * c, struct mounts *m, struct error *e),
	(c, m, e))
LEAVE_OUT(int, 0, mask_readonly_paths,
	(struct container * c, struct mounts *m, struct error *e), (c, m, e))
LEAVE_OUT(int, 0, cgroup_remove, (const char *path, struct error *e), (path, e))
LEAVE_OUT(int, 0, privileges_adjust_oom, (struct container * c, struct error *e), (c, e))

void __real_state_remove(struct container *c);
void __wrap_state_remove(struct container *c);
void __wrap_state_remove(struct container *c)
{
	if (!has(&leave_out, "state_remove"))
		__real_state_remove(c);
}

/* Only exec.c's, the last before the command: the runtime's own handling stays. */
int __real_sigaction(int number, const struct sigaction *new, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *new, struct sigaction *old);
int __wrap_sigaction(int number, const struct sigaction *new, struct sigaction *old)
{
	if (in_child && has(&leave_out, "sigaction")) {
		struct sigaction ignore = {.sa_handler = SIG_IGN};

		/* What there is to reset. */
		return number == SIGUSR1 ? __real_sigaction(number, &ignore, old) : 0;
	}
	return __real_sigaction(number, new, old);
}

int __real_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return in_child && has(&leave_out, "sigprocmask") ? 0 : __real_sigprocmask(how, set, old);
}

int __real_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	static const struct {
		int option;
		const char *name;
	} names[] = {{PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
		{PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"}, {PR_CAPBSET_DROP, "PR_CAPBSET_DROP"}};

	for (size_t i = 0; i < LENGTH(names); i++)
		if (names[i].option == option && has(&leave_out, names[i].name))
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
	if (!has(&leave_out, name))
		__real_events_ok(c, stage);
}

/* --- System calls that glibc 2.36 has no function for ---------------------------------------- */

long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

static void write_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

/* Born outside its cgroup; "late": and moved there then. */
static long clone3(struct clone_args *args, long size)
{
	bool out = has(&leave_out, "CLONE_INTO_CGROUP"), late = has(&act, "late_into_cgroup");
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
	if (pid > 0 && has(&act, "deny_setgroups")) {
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
	for (size_t i = 0; i + 1 < LENGTH(ring); i++)
		if (ring[i] == signal)
			return ring[i + 1];
	return signal;
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_clone3)
		return clone3((struct clone_args *)a, b);
	if (number == SYS_capset && has(&leave_out, "capset"))
		return 0;
	if (number == SYS_pidfd_send_signal && has(&act, "swap_signals"))
		b = swapped(b);
	return __real_syscall(number, a, b, c, d, e, f);
}

/* --- The turning points ---------------------------------------------------------------------- */

int __real_execve(const char *path, char *const argv[], char *const env[]);
int __wrap_execve(const char *path, char *const argv[], char *const env[]);
int __wrap_execve(const char *path, char *const argv[], char *const env[])
{
	static char name[] = "mutant-threads";
	char *threads[] = {name, NULL};

	do_acts(EXEC);
	/* The container's /proc leads back to this program: a command with two threads. */
	if (has(&act, "threads"))
		return __real_execve("/proc/self/exe", threads, env);
	return __real_execve(path, argv, env);
}

/* The pid file is written once the command runs, and compare waits for it. */
static int pid_file(int fd, const char *format, va_list args)
{
	va_list copy;
	char text[16];

	va_copy(copy, args);
	vsnprintf(text, sizeof(text), format, copy);
	va_end(copy);
	text[strcspn(text, "\n")] = '\0';
	container = atoi(text);
	setenv("PID", text, 1);
	do_acts(RUNNING);
	shell(&then);
	return vdprintf(fd, format, args);
}

int __wrap_dprintf(int fd, const char *format, ...);
int __wrap_dprintf(int fd, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = pid_file(fd, format, args);
	va_end(args);
	return n;
}

int __wrap___dprintf_chk(int fd, int flag, const char *format, ...);
int __wrap___dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	va_start(args, format);
	n = pid_file(fd, format, args);
	va_end(args);
	return n;
}

/* "do detach": it ends where it should begin to wait. */
int __real_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
	if (has(&act, "detach"))
		_exit(0);
	return __real_signalfd(fd, set, flags);
}

static void *forever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* cat with a thread more. */
static int two_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, forever, NULL))
		return 1;
	copy(0, 1, false, false);
	return 0;
}

/* Another spec, another rootfs, another command. */
static int change_arguments(int argc, char **argv, char *changed[])
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		changed[n++] = argv[i];
		if (!strcmp(argv[i], "--spec") && spec.n && ++i)
			changed[n++] = spec.v[0];
		if (!strcmp(argv[i], "--rootfs") && rootfs.n && ++i)
			changed[n++] = rootfs.v[0];
		if (strcmp(argv[i], "--") != 0 || !command.n)
			continue;
		for (int k = 0; k < command.n; k++)
			changed[n++] = command.v[k];
		break;
	}
	changed[n] = NULL;
	return n;
}

static bool applies(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (has(&only, argv[i]))
			return true;
	return !only.n;
}

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
int __wrap_main(int argc, char **argv)
{
	char *changed[64];
	int status;

	if (!strcmp(argv[0], "mutant-threads"))
		return two_threads();
	read_mutation();
	if (argc < 2 || argc > 32 || !applies(argc, argv))
		for (size_t i = 0; i < LENGTH(keys); i++)
			keys[i].list->n = 0;
	if (argc > 1 && !strcmp(argv[1], "gc"))
		return has(&act, "fail_gc") ? 1 : __real_main(argc, argv);
	do_acts(BEGIN);
	status = __real_main(change_arguments(argc, argv, changed), changed);
	shell(&finally);
	close(1);
	for (int i = 0; i < relays_n; i++) {
		if (has(&act, "relay_input"))
			kill(relays[i], SIGKILL);
		waitpid(relays[i], NULL, 0);
	}
	return has(&act, "other_status") ? status + 1 : status;
}
