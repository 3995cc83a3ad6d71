/* process.c: see process.h. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int signal_fd = -1;
static int stop_signal;
static bool finishing;

int process_setup(struct error *e)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &stop, NULL))
		return error_sys(e, "blocking signals");
	signal_fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return error_sys(e, "opening a signal descriptor");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		return error_sys(e, "becoming a subreaper");
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

int process_stop_signal(void)
{
	struct signalfd_siginfo info;

	if (signal_fd >= 0 && !stop_signal && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		stop_signal = (int)info.ssi_signo;
	return stop_signal;
}

void process_finishing(bool on)
{
	finishing = on;
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t deadline_in(int milliseconds)
{
	return now() + milliseconds;
}

/* As wait_fd() for up to two descriptors (-1: none); their revents say which. */
static int wait_fds(struct pollfd *fds, nfds_t count, int64_t deadline)
{
	for (;;) {
		struct pollfd p[3] = {{.fd = finishing ? -1 : signal_fd, .events = POLLIN}};
		int64_t left = deadline - now();
		int n;

		if (!finishing && process_stop_signal()) {
			errno = EINTR;
			return -1;
		}
		memcpy(p + 1, fds, count * sizeof(*fds));
		n = poll(p, count + 1, left > 0 ? (int)left : 0);
		if (n < 0 && errno != EINTR)
			return -1;
		memcpy(fds, p + 1, count * sizeof(*fds));
		for (nfds_t i = 0; n > 0 && i < count; i++)
			if (fds[i].revents)
				return 1;
		if (n == 0)
			return 0;
	}
}

int wait_fd(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	return wait_fds(&p, 1, deadline);
}

int wait_window(int milliseconds)
{
	return wait_fd(-1, 0, deadline_in(milliseconds));
}

void child_init(struct child *c)
{
	memset(c, 0, sizeof(*c));
	c->pidfd = c->in = c->out = c->err = -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the child of fork(2): a defined start for the program, whoever called compare. */
__attribute__((noreturn)) static void become(char *const argv[], const char *cwd, const int fds[3])
{
	static char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"LANG=C.UTF-8", NULL};
	sigset_t none;

	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(125);
	/* A shell starts its background jobs with SIGINT ignored, and that is inherited. */
	for (int n = 1; n < NSIG; n++)
		signal(n, SIG_DFL);
	/* glibc keeps these two for itself and refuses them; the kernel does not. */
	for (int n = 32; n <= 33; n++)
		syscall(SYS_rt_sigaction, n, (const uint64_t[4]){0}, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Ctrl-C on a terminal is compare's to hand on. */
	setpgid(0, 0);
	umask(022);
	/* Descriptors that a caller of compare left open must not reach a column. */
	syscall(SYS_close_range, 3U, ~0U, 0U);
	if (!chdir(cwd))
		execve(argv[0], argv, environment);
	dprintf(2, "executing %s: %s\n", argv[0], strerror(errno));
	_exit(125);
}

int child_start(struct child *c, char *const argv[], const char *cwd, struct error *e)
{
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	int result = -1;

	child_init(c);
	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC)) {
			error_sys(e, "making a pipe for %s", argv[0]);
			goto out;
		}
	}
	c->pid = fork();
	if (c->pid == 0)
		become(argv, cwd, (int[]){pipes[0][0], pipes[1][1], pipes[2][1]});
	if (c->pid < 0) {
		c->pid = 0;
		error_sys(e, "starting %s", argv[0]);
		goto out;
	}
	c->in = pipes[0][1];
	c->out = pipes[1][0];
	c->err = pipes[2][0];
	pipes[0][1] = pipes[1][0] = pipes[2][0] = -1;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0) {
		error_sys(e, "opening a descriptor of %s", argv[0]);
		child_discard(c);
		goto out;
	}
	result = 0;
out:
	for (int i = 0; i < 3; i++) {
		close_fd(&pipes[i][0]);
		close_fd(&pipes[i][1]);
	}
	return result;
}

int child_write(struct child *c, const void *data, size_t n, struct error *e)
{
	const char *p = data;

	while (n > 0) {
		ssize_t done = write(c->in, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_sys(e, "writing to the container's standard input");
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

void child_close_input(struct child *c)
{
	close_fd(&c->in);
}

/* Takes what is there of one stream; what is over CHILD_TEXT_MAX is read and dropped. */
static void take(int *fd, char *text, size_t *len)
{
	char more[4096];
	ssize_t n = read(*fd, more, sizeof(more));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_fd(fd);
		return;
	}
	if ((size_t)n > CHILD_TEXT_MAX - 1 - *len)
		n = (ssize_t)(CHILD_TEXT_MAX - 1 - *len);
	memcpy(text + *len, more, (size_t)n);
	*len += (size_t)n;
	text[*len] = '\0';
}

int child_line(struct child *c, char *line, size_t size, int64_t deadline, struct error *e)
{
	char *lf;

	while (!(lf = memchr(c->out_text, '\n', c->out_len))) {
		int ready = c->out < 0 ? -2 : wait_fd(c->out, POLLIN, deadline);

		if (ready == -2)
			return error_say(e, "its output ended before the expected line");
		if (ready < 0)
			return error_sys(e, "waiting for a line of output");
		if (ready == 0)
			return error_say(e, "no line of output within the time");
		take(&c->out, c->out_text, &c->out_len);
	}
	*lf = '\0';
	snprintf(line, size, "%s", c->out_text);
	c->out_len -= (size_t)(lf + 1 - c->out_text);
	memmove(c->out_text, lf + 1, c->out_len + 1);
	return 0;
}

/* Reaps c once it has ended. */
static int reap(struct child *c, int64_t deadline, struct error *e)
{
	siginfo_t info = {0};
	int ready = wait_fd(c->pidfd, POLLIN, deadline);

	if (ready < 0)
		return error_sys(e, "waiting for the runtime to end");
	if (ready == 0)
		return error_say(e, "it did not end within the time");
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED))
		return error_sys(e, "reaping the runtime");
	c->ended = true;
	c->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

int child_finish(struct child *c, int64_t deadline, struct error *e)
{
	/* Both at once: who waits for one alone waits forever when the other pipe is full. */
	while (c->out >= 0 || c->err >= 0) {
		struct pollfd p[] = {
			{.fd = c->out, .events = POLLIN}, {.fd = c->err, .events = POLLIN}};
		int ready = wait_fds(p, 2, deadline);

		if (ready < 0)
			return error_sys(e, "waiting for the end of its output");
		if (ready == 0)
			return error_say(e, "its output did not end within the time");
		if (p[0].revents)
			take(&c->out, c->out_text, &c->out_len);
		if (p[1].revents)
			take(&c->err, c->err_text, &c->err_len);
	}
	return c->ended ? 0 : reap(c, deadline, e);
}

void child_discard(struct child *c)
{
	if (c->pid > 0 && !c->ended) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->ended = true;
	}
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
	close_fd(&c->pidfd);
}

/* The first pid in /proc/self/task/PID/children that is still there, or 0 (proc(5)). */
static pid_t some_child(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

int process_orphans(int64_t deadline)
{
	int alive = 0;
	pid_t pid;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	while ((pid = some_child()) > 0) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);

		/* A moment of grace: what the kernel is just ending is not left over. */
		if (fd >= 0 && wait_fd(fd, POLLIN, deadline) == 0) {
			kill(pid, SIGKILL);
			alive++;
		}
		waitpid(pid, NULL, 0);
		close_fd(&fd);
	}
	return alive;
}
