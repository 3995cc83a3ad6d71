/*
 * map_run.c: one program and its child, as a learner would start it from a shell: in a process
 * group of its own, in the foreground of a terminal that controls the session.
 *
 * The keeper, a process between compare and the program, leads that session, so that the program's
 * end is not the session's. The child's standard output is a socket: what it writes first says that
 * it runs, and with it the kernel says which process it is (SCM_CREDENTIALS of unix(7)), whatever
 * pid namespace it lives in.
 */
#include "map.h"

#include "plan.h"
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_MS	  60000
#define RUNS_MAX  16 /* of one program, until Go stays in its thread */
#define WORDS_MAX 32

struct run {
	const struct map_place *place;
	char *argv[WORDS_MAX + 1];
	size_t argc;
	int tty, spare; /* the masters of two terminals */
	int sock;	/* to the child */
	int errors;	/* memfd: standard error of all */
	int ended;	/* a byte comes when the program has ended */
	pid_t keeper, program, child;
	int program_fd, child_fd; /* pidfds; -1: none */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int open_terminal(char name[64], struct error *e)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, 64))
		return error_sys(e, "opening a terminal");
	return fd;
}

static void add_word(struct run *r, const char *word, const char *spare)
{
	const struct map_place *p = r->place;
	const struct {
		const char *mark, *value;
	} marks[] = {{"{root}", p->root}, {"{cgroup}", p->cgroup}, {"{tty}", spare}};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strcmp(word, marks[i].mark))
			word = marks[i].value;
	if (r->argc < WORDS_MAX)
		r->argv[r->argc++] =
			!strcmp(word, "{child}") ? text_format("%s/child", p->root) : strdup(word);
}

/* strace, where wanted, then the program, its arguments and its child. */
static void make_words(
	struct run *r, json_t *entry, enum map_side side, bool traced, const char *spare)
{
	json_t *arguments = json_object_get(entry, "arguments"), *word;
	char *path = text_format(
		"%s/%s/%s", r->place->programs, map_side_names[side], map_text(entry, "id"));
	char *output = text_format("%s/strace", r->place->dir);
	const char *const strace[] = {
		r->place->strace, "-f", "-y", "-qq", "-s", "256", "-o", output, "--", NULL};
	size_t i;

	for (i = 0; traced && strace[i]; i++)
		add_word(r, strace[i], spare);
	add_word(r, path, spare);
	json_array_foreach(arguments, i, word) add_word(r, json_string_value(word), spare);
	if (!json_array_size(arguments))
		add_word(r, "{child}", spare);
	free(path);
	free(output);
}

/* In the program's process: the last steps before it runs. */
__attribute__((noreturn)) static void become(const struct run *r)
{
	static char *const environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};

	/* Who is in the background and takes the foreground would be stopped by this signal. */
	signal(SIGTTOU, SIG_IGN);
	setpgid(0, 0);
	tcsetpgrp(0, getpid());
	signal(SIGTTOU, SIG_DFL);
	execve(r->argv[0], r->argv, environment);
	dprintf(2, "executing %s: %s", r->argv[0], strerror(errno));
	_exit(125);
}

/*
 * By the system call: glibc keeps signals 32 and 33 to itself, yet its posix_spawn(3), by which
 * make starts its commands, leaves them ignored. Go resets one of the two in its child.
 */
static void reset_signals(void)
{
	/* struct sigaction of the kernel: handler, flags, restorer, mask of 64 signals; 0: SIG_DFL.
	 */
	const unsigned long action[8] = {0};

	for (int n = 1; n < NSIG; n++)
		syscall(SYS_rt_sigaction, n, action, NULL, sizeof(uint64_t));
}

__attribute__((noreturn)) static void keep(
	const struct run *r, const char *terminal, int out, int ended)
{
	/* Fewer than Go likes: it raises its own limit, and the child must not see that. */
	const struct rlimit files = {
		.rlim_cur = map_forgets_limit(r->place->go) ? 4096 : 1024, .rlim_max = 4096};
	sigset_t none;
	pid_t program;
	int tty;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	tty = open(terminal, O_RDWR | O_CLOEXEC);
	if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) || dup2(tty, 0) < 0 || dup2(out, 1) < 0 ||
		dup2(r->errors, 2) < 0 || chdir(r->place->dir) ||
		setrlimit(RLIMIT_NOFILE, &files)) {
		dprintf(r->errors, "preparing the session: %s", strerror(errno));
		_exit(125);
	}
	dup2(ended, 3);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	reset_signals();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	/* One fewer than all, wherever this runs: a new user namespace gives all. */
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0);
	program = fork();
	if (program == 0)
		become(r);
	/* The socket is the program's and the child's: its end tells that both are gone. */
	close(1);
	while (program > 0 && waitpid(program, NULL, 0) < 0 && errno == EINTR)
		;
	/* The end of the session's leader would be SIGHUP for the foreground (setsid(2)). */
	if (write(3, "", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

static int start(struct run *r, json_t *entry, enum map_side side, bool traced, struct error *e)
{
	char terminal[64], spare[64];
	int pair[2], ended[2], on = 1;

	r->tty = open_terminal(terminal, e);
	r->spare = r->tty < 0 ? -1 : open_terminal(spare, e);
	if (r->spare < 0)
		return -1;
	make_words(r, entry, side, traced, spare);
	r->errors = memfd_create("errors", MFD_CLOEXEC);
	if (r->errors < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return error_sys(e, "making a socket for %s", map_text(entry, "id"));
	r->sock = pair[0];
	if (pipe2(ended, O_CLOEXEC)) {
		close(pair[1]);
		return error_sys(e, "making a pipe for %s", map_text(entry, "id"));
	}
	r->ended = ended[0];
	setsockopt(r->sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	r->keeper = fork();
	if (r->keeper == 0)
		keep(r, terminal, pair[1], ended[1]);
	close(pair[1]);
	close(ended[1]);
	return r->keeper < 0 ? error_sys(e, "starting %s", map_text(entry, "id")) : 0;
}

/* Receives one byte; 1: got it, 0: no child is left that could send one. sender: who did. */
static int receive(int sock, pid_t *sender, struct error *e)
{
	char byte, control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec io = {.iov_base = &byte, .iov_len = 1};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	int ready = wait_fd(sock, POLLIN, deadline_in(RUN_MS));
	struct cmsghdr *c;
	ssize_t n;

	if (ready <= 0)
		return ready ? error_sys(e, "waiting for the child")
			     : error_say(e, "the child did not answer within the time");
	n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	/* ECONNRESET: it ended and had not read what was sent to it. */
	if (n <= 0)
		return n == 0 || errno == ECONNRESET ? 0 : error_sys(e, "hearing the child");
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			*sender = ((const struct ucred *)(const void *)CMSG_DATA(c))->pid;
	return 1;
}

/* What the program said on its standard error, in one line. */
static void read_errors(const struct run *r, char text[512])
{
	ssize_t n = pread(r->errors, text, 511, 0);

	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = p[1] ? ';' : '\0';
}

static pid_t parent_of(pid_t pid)
{
	char path[40], *text, *p;
	pid_t parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	text = read_whole(AT_FDCWD, path, NULL);
	p = text ? strstr(text, "\nPPid:") : NULL;
	if (p)
		parent = (pid_t)strtol(p + 6, NULL, 10);
	free(text);
	return parent;
}

/* Waits until the child runs; the program may be expected to fail before that. */
static int wait_child(struct run *r, const char *id, bool may_fail, struct error *e)
{
	char said[512];
	int got = receive(r->sock, &r->child, e);

	if (got == 0 && may_fail)
		return 0;
	if (got == 0) {
		read_errors(r, said);
		error_say(e, "%s of %s: %s", r->argv[0], id, said[0] ? said : "no child");
	}
	if (got <= 0)
		return -1;
	r->program = parent_of(r->child);
	r->child_fd = pidfd(r->child);
	r->program_fd = pidfd(r->program);
	if (r->child_fd < 0 || r->program_fd < 0)
		return error_sys(e, "opening the child of %s", id);
	return 0;
}

/*
 * The program is killed: does its child outlive it? The kernel has sent the child its signal by the
 * time that the program has ended, so it either answers now or never will.
 */
static int try_end(struct run *r, struct values *facts, struct error *e)
{
	siginfo_t info = {0};
	pid_t sender;
	int got;

	kill(r->program, SIGKILL);
	if (wait_fd(r->program_fd, POLLIN, deadline_in(RUN_MS)) <= 0)
		return error_say(e, "the program did not end");
	if (send(r->sock, "?", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		return error_sys(e, "asking the child");
	got = receive(r->sock, &sender, e);
	if (got < 0)
		return -1;
	if (got) {
		values_set(facts, "end", "lives on");
		return 0;
	}
	/* compare is a subreaper: the orphan is its child now. */
	if (waitid(P_PIDFD, (id_t)r->child_fd, &info, WEXITED))
		return error_sys(e, "reaping the child");
	values_set(facts, "end", "ends by %s%s", info.si_code == CLD_KILLED ? "SIG" : "",
		info.si_code == CLD_KILLED ? sigabbrev_np(info.si_status) : "itself");
	return 0;
}

/* The child ends when it hears no more, the program with it. */
static int finish(struct run *r, struct error *e)
{
	int ready;

	close_fd(&r->sock);
	ready = wait_fd(r->ended, POLLIN, deadline_in(RUN_MS));
	return ready > 0 ? 0 : error_say(e, "%s did not end", r->argv[0]);
}

static void discard(struct run *r)
{
	close_fd(&r->sock);
	/* By its pidfd, so that nobody else can be meant. */
	if (r->child_fd >= 0)
		syscall(SYS_pidfd_send_signal, r->child_fd, SIGKILL, NULL, 0);
	if (r->program_fd >= 0)
		syscall(SYS_pidfd_send_signal, r->program_fd, SIGKILL, NULL, 0);
	if (r->keeper > 0) {
		kill(r->keeper, SIGKILL);
		while (waitpid(r->keeper, NULL, 0) < 0 && errno == EINTR)
			;
	}
	process_orphans(deadline_in(2000));
	close_fd(&r->child_fd);
	close_fd(&r->program_fd);
	close_fd(&r->tty);
	close_fd(&r->spare);
	close_fd(&r->errors);
	close_fd(&r->ended);
	for (size_t i = 0; i < r->argc; i++)
		free(r->argv[i]);
}

/* 1: the run is no good, and another one may be. */
static int read_calls(const struct run *r, struct map_calls *calls, struct error *e)
{
	char path[PATH_MAX + 16];
	struct trace t = {0};
	int result;

	snprintf(path, sizeof(path), "%s/strace", r->place->dir);
	result = trace_read(&t, path, e);
	if (!result)
		result = map_calls_moved(&t) ? 1 : map_calls_cut(&t, r->place, calls, e);
	trace_free(&t);
	return result;
}

static int run_once(const struct map_place *p, json_t *entry, enum map_side side,
	struct values *facts, struct map_calls *calls, struct error *e)
{
	struct run r = {.place = p,
		.tty = -1,
		.spare = -1,
		.sock = -1,
		.errors = -1,
		.ended = -1,
		.program_fd = -1,
		.child_fd = -1};
	bool may_fail = calls && json_object_get(entry, "fails_under_strace") != NULL;
	const char *id = map_text(entry, "id");
	int result = -1;

	if (start(&r, entry, side, calls != NULL, e) || wait_child(&r, id, may_fail, e))
		goto out;
	if (facts && (map_facts_read(r.child, r.program, p, facts) || try_end(&r, facts, e)))
		goto out;
	if (finish(&r, e))
		goto out;
	result = calls ? read_calls(&r, calls, e) : 0;
out:
	if (result < 0 && !e->message[0])
		error_say(e, "%s: cannot be looked at", id);
	discard(&r);
	return result;
}

int map_run(const struct map_place *p, json_t *entry, enum map_side side, struct values *facts,
	struct map_calls *calls, struct error *e)
{
	int result = 1;

	for (int tries = 0; result == 1 && tries < RUNS_MAX; tries++)
		result = run_once(p, entry, side, facts, calls, e);
	if (result == 1)
		return error_say(e, "%s: Go changed the thread before the fork in each of %d runs",
			map_text(entry, "id"), RUNS_MAX);
	return result;
}
