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

enum { TERMINAL_BYTES = 65536 }; /* more than a pty holds (drivers/tty/pty.c) */

/*
 * Handed on to the command, with the real-time signals. Left alone: what stops and continues the
 * runtime itself for the caller's job control, and what a fault of the runtime raises.
 */
static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH, SIGIO, SIGPWR};

static void forwarded_set(const struct container *c, sigset_t *set)
{
	/* Under nohup(1) a hang-up is nothing to the command either. */
	bool is_nohup = c->inherited.ignored >> (SIGHUP - 1) & 1;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		if (forwarded[i] != SIGHUP || !is_nohup)
			sigaddset(set, forwarded[i]);
	for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
		sigaddset(set, signal);
}

/*
 * What a write of ours may raise must not end us before cleanup: EPIPE and EFBIG instead. Nor must
 * what our own limit of processor time and timers raise; Go's runtime drops those.
 */
static void blocked_set(const struct container *c, sigset_t *set)
{
	static const int ours[] = {SIGPIPE, SIGXFSZ, SIGXCPU, SIGVTALRM, SIGPROF};

	forwarded_set(c, set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(set, ours[i]);
}

void wait_block_signals(struct container *c)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t set;

	/* A caller that ignores it would have the kernel reap the command: waitpid(2), NOTES. */
	if (c->inherited.ignored >> (SIGCHLD - 1) & 1)
		sigaction(SIGCHLD, &standard, NULL);
	blocked_set(c, &set);
	sigprocmask(SIG_BLOCK, &set, &c->caller_mask);
}

void wait_unblock_signals(struct container *c)
{
	struct timespec none = {0};
	sigset_t set;

	/* What came too late for the command, or from a write, has nobody to go to any more. */
	blocked_set(c, &set);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	sigprocmask(SIG_SETMASK, &c->caller_mask, NULL);
}

/* Of those the ones that ask the runtime to end, where no command could take them. */
static const struct {
	int number;
	const char *name;
} ending[] = {{SIGHUP, "SIGHUP"}, {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}};

enum { ENDING = sizeof(ending) / sizeof(ending[0]) };

/* It stays pending: after us somebody may ask again. */
static int ended_by(const sigset_t *set, struct error *e)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < ENDING; i++) {
		if (!sigismember(set, ending[i].number) || !sigismember(&pending, ending[i].number))
			continue;
		error_say(e, "%s came before the command ran", ending[i].name);
		e->status = 128 + ending[i].number;
		return -1;
	}
	return 0;
}

/* One descriptor for all that waits, each time for other signals: signalfd(2) changes it. */
static int listen(struct container *c, const sigset_t *set, struct error *e)
{
	int fd = signalfd(c->signal_fd, set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return error_sys(e, "making a signalfd");
	c->signal_fd = fd;
	return 0;
}

static int poll_child(int fd, short events, int signal_fd, const sigset_t *set, struct error *e)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = fd, .events = events}, {.fd = signal_fd, .events = POLLIN}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return error_sys(e, "waiting for the child");
		if (fds[1].revents && ended_by(set, e) < 0)
			return -1;
		if (fds[0].revents)
			return 0;
	}
}

static int wait_for(struct container *c, int fd, short events, struct error *e)
{
	sigset_t all, set;

	forwarded_set(c, &all);
	sigemptyset(&set);
	for (size_t i = 0; i < ENDING; i++)
		if (sigismember(&all, ending[i].number))
			sigaddset(&set, ending[i].number);
	return listen(c, &set, e) < 0 ? -1 : poll_child(fd, events, c->signal_fd, &set, e);
}

int wait_for_child(struct container *c, int fd, struct error *e)
{
	return wait_for(c, fd, POLLIN, e);
}

/* POLLHUP comes without being asked for: poll(2). */
int wait_for_end(struct container *c, int fd, struct error *e)
{
	return wait_for(c, fd, 0, e);
}

static void forward_signal(struct container *c, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH && c->new_terminal) {
		console_resize(c);
		return;
	}
	events_call(c, "pidfd_send_signal(%u)", info.ssi_signo);
	/* ESRCH: it has ended meanwhile; the loop will see that. */
	syscall(SYS_pidfd_send_signal, c->pidfd, info.ssi_signo, NULL, 0);
}

/* One direction of the terminal: what was read on one side and is not yet taken on the other. */
struct pump {
	int from, to; /* -1: none */
	size_t begin, end;
	char data[4096];
};

/* Reads when it is empty, else writes: neither side's pause stops the other direction. */
static struct pollfd pump_waits_for(const struct pump *p)
{
	if (p->begin < p->end)
		return (struct pollfd){.fd = p->to, .events = POLLOUT};
	return (struct pollfd){.fd = p->from, .events = POLLIN};
}

/* Moves what can be moved now; false at the end of one side. */
static bool pump_move(struct pump *p)
{
	bool is_full = p->begin < p->end;
	ssize_t n = is_full ? write(p->to, p->data + p->begin, p->end - p->begin)
			    : read(p->from, p->data, sizeof(p->data));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (is_full) {
		p->begin += (size_t)n;
		return true;
	}
	p->begin = 0;
	p->end = (size_t)n;
	return n > 0;
}

/* What the command wrote last is still in the terminal when it has ended. */
static void pump_drain(struct pump *p)
{
	struct pollfd fd;

	/* Bounded: without a pid namespace the command's children may go on writing. */
	for (size_t moved = 0; p->from >= 0; moved += p->end) {
		while (p->begin < p->end) {
			fd = pump_waits_for(p);
			if ((poll(&fd, 1, -1) < 0 && errno != EINTR) || !pump_move(p))
				return;
		}
		if (moved >= TERMINAL_BYTES || !pump_move(p) || p->begin == p->end)
			return;
	}
}

enum { INPUT, OUTPUT, PIDFD, SIGNALS, COUNT };

/* Either side's end is the end of the terminal, as for a window that is closed. */
static void move_terminal(struct container *c, struct pump pumps[2], const struct pollfd fds[2])
{
	for (int i = INPUT; i <= OUTPUT; i++) {
		if (!fds[i].revents || pump_move(&pumps[i]))
			continue;
		console_hang_up(c);
		pumps[INPUT] = pumps[OUTPUT] = (struct pump){.from = -1, .to = -1};
		return;
	}
}

static int loop(struct container *c, int signal_fd, struct error *e)
{
	struct pump pumps[2] = {
		[INPUT] = {.from = c->new_terminal ? STDIN_FILENO : -1, .to = c->console_fd},
		[OUTPUT] = {.from = c->console_fd, .to = STDOUT_FILENO},
	};

	for (;;) {
		struct pollfd fds[COUNT] = {
			[INPUT] = pump_waits_for(&pumps[INPUT]),
			[OUTPUT] = pump_waits_for(&pumps[OUTPUT]),
			[PIDFD] = {.fd = c->pidfd, .events = POLLIN},
			[SIGNALS] = {.fd = signal_fd, .events = POLLIN},
		};

		if (poll(fds, COUNT, -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_sys(e, "waiting for the command");
		}
		if (fds[SIGNALS].revents)
			forward_signal(c, signal_fd);
		move_terminal(c, pumps, fds);
		if (fds[PIDFD].revents) {
			pump_drain(&pumps[OUTPUT]);
			return 0;
		}
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

	forwarded_set(c, &set);
	return listen(c, &set, e) < 0 || loop(c, c->signal_fd, e) < 0 ? -1 : reap(c, e);
}
