/*
 * wait.c: see wait.h. One poll(2) loop over the container's pidfd, the signals (signalfd(2)) and,
 * with a terminal of the container's own, both directions of it.
 */
#include "wait.h"

#include "console.h"
#include "events.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Handed on to the command, with the real-time signals. Left alone: what stops and continues the
 * runtime itself for the caller's job control, and what a fault of the runtime raises.
 */
static const int forwarded[] = {SIGHUP,	 SIGINT,  SIGQUIT,  SIGUSR1, SIGUSR2,
				SIGALRM, SIGTERM, SIGWINCH, SIGIO,   SIGPWR};

static void forwarded_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(set, forwarded[i]);
	for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
		sigaddset(set, signal);
}

void wait_block_signals(struct container *c)
{
	sigset_t set;

	forwarded_set(&set);
	/* A reader of our output that goes away must not end us before cleanup: EPIPE instead. */
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, &c->caller_mask);
}

void wait_unblock_signals(struct container *c)
{
	sigset_t pending = {0};
	struct timespec none = {0};
	siginfo_t info;

	/* A SIGPIPE that came meanwhile has done its work. */
	sigemptyset(&pending);
	sigaddset(&pending, SIGPIPE);
	sigtimedwait(&pending, &info, &none);
	sigprocmask(SIG_SETMASK, &c->caller_mask, NULL);
}

static int forward_signal(struct container *c, int signal_fd, struct error *e)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGWINCH && c->new_terminal) {
		console_resize(c);
		return 0;
	}
	events_call(c, "pidfd_send_signal(%u)", info.ssi_signo);
	/* ESRCH: it has ended meanwhile; the loop will see that. */
	if (syscall(SYS_pidfd_send_signal, c->pidfd, info.ssi_signo, NULL, 0) < 0 && errno != ESRCH)
		return error_sys(e, "handing on signal %u", info.ssi_signo);
	return 0;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd room = {.fd = fd, .events = POLLOUT};

			poll(&room, 1, -1);
			continue;
		}
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* Moves what is there; false at the end of from or when to takes no more. */
static bool copy(int from, int to)
{
	char buffer[4096];
	ssize_t n = read(from, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 && write_all(to, buffer, (size_t)n);
}

/* What the command wrote last is still in the terminal when it has ended. */
static void drain_console(struct container *c)
{
	struct pollfd console = {.fd = c->console_fd, .events = POLLIN};

	while (c->new_terminal && poll(&console, 1, 0) > 0 && console.revents & POLLIN &&
	       copy(c->console_fd, STDOUT_FILENO))
		;
}

static int loop(struct container *c, int signal_fd, struct error *e)
{
	enum { PIDFD, SIGNALS, INPUT, CONSOLE, COUNT };
	struct pollfd fds[COUNT] = {
		[PIDFD] = {.fd = c->pidfd, .events = POLLIN},
		[SIGNALS] = {.fd = signal_fd, .events = POLLIN},
		[INPUT] = {.fd = c->new_terminal ? STDIN_FILENO : -1, .events = POLLIN},
		[CONSOLE] = {.fd = c->console_fd, .events = POLLIN},
	};

	for (;;) {
		if (poll(fds, COUNT, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_sys(e, "waiting for the command");
		}
		if (fds[SIGNALS].revents && forward_signal(c, signal_fd, e) < 0)
			return -1;
		if (fds[INPUT].revents && !copy(STDIN_FILENO, c->console_fd))
			fds[INPUT].fd = -1;
		/* EIO: nobody has the other end open, for now or for good; the pidfd will tell. */
		if (fds[CONSOLE].revents && !copy(c->console_fd, STDOUT_FILENO))
			fds[CONSOLE].fd = -1;
		if (fds[PIDFD].revents)
			return 0;
	}
}

static int reap(struct container *c, struct error *e)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(e, "reaping the command");
	c->pid = 0;
	c->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	events_fact(c, "status", "%d", c->exit_status);
	return 0;
}

int wait_command(struct container *c, struct error *e)
{
	sigset_t set;
	int signal_fd, result;

	forwarded_set(&set);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return error_sys(e, "making a signalfd");
	result = loop(c, signal_fd, e);
	if (result == 0) {
		drain_console(c);
		result = reap(c, e);
	}
	close(signal_fd);
	return result;
}
