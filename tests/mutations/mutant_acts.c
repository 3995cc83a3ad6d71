/*
 * mutant_acts.c: what a runtime could do too much: by "do NAME" of the mutation, one row each of
 * acts[] at the end.
 */
#include "mutant.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t relays[2];
static int relays_n;

static void seccomp(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		mutant_fail("seccomp");
}

static void block_and_send(bool to_thread)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (to_thread ? raise(SIGUSR1) : kill(getpid(), SIGUSR1))
		mutant_fail("a signal to itself");
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
		mutant_fail("a terminal");
	ioctl(slave, TIOCSCTTY, 0);
	close(slave);
}

static void other_cwd(void)
{
	if (chdir("/bin"))
		mutant_fail("another directory");
}

static void trace(void)
{
	if (ptrace(PTRACE_SEIZE, container, 0, 0))
		mutant_fail("ptrace");
}

/* A process more between the caller and the runtime. */
static void fork_first(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		mutant_fail("fork");
	if (pid == 0)
		return;
	while (waitpid(pid, &status, 0) < 0)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void mutant_copy(int from, int to, bool seven_bits, bool upper)
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
		mutant_fail("a relay");
	if (pid == 0) {
		int original = dup(fd);

		close(ends[1]);
		for (int i = 0; i < 3; i++)
			close(i);
		mutant_copy(fd ? ends[0] : original, fd ? original : ends[0], seven_bits, upper);
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
		mutant_fail("/dev/null");
}

static void error_for_reading(void)
{
	int fd = open("/proc/self/fd/2", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 2) < 0)
		mutant_fail("standard error");
}

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
	{"other_cwd", EXEC, other_cwd, 0, 0, 0, 0},
	{"unshare_pid", EXEC, NULL, SYS_unshare, CLONE_NEWPID, 0, 0},
	{"no_huge_pages", EXEC, NULL, SYS_prctl, PR_SET_THP_DISABLE, 1, 0},
	{"real_uid", EXEC, NULL, SYS_setresuid, 1000, -1, -1},
	{"effective_uid", EXEC, NULL, SYS_setresuid, -1, 1000, -1},
	{"real_gid", EXEC, NULL, SYS_setresgid, 1000, -1, -1},
	{"effective_gid", EXEC, NULL, SYS_setresgid, -1, 1000, -1},
	{"trace", RUNNING, trace, 0, 0, 0, 0},
};

void mutant_act(enum when when)
{
	for (size_t i = 0; i < MUTANT_LENGTH(acts); i++) {
		if (acts[i].when != when || !mutant_has(&act, acts[i].name))
			continue;
		if (acts[i].run)
			acts[i].run();
		else if (syscall(acts[i].number, acts[i].a, acts[i].b, acts[i].c, 0L) < 0)
			mutant_fail(acts[i].name);
	}
}

void mutant_end_relays(void)
{
	close(1);
	for (int i = 0; i < relays_n; i++) {
		/* The one at the input waits for its caller. */
		if (mutant_has(&act, "relay_input"))
			kill(relays[i], SIGKILL);
		waitpid(relays[i], NULL, 0);
	}
}
