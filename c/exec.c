/* exec.c: see exec.h. The last lines of the child's part. */
#include "exec.h"

#include "console.h"
#include "events.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * What a write of ours may raise: the reader of -v or --events went away, or RLIMIT_FSIZE is
 * reached. Blocked, write(2) tells it by its errno.
 */
static const int of_writes[] = {SIGPIPE, SIGXFSZ};

enum { OF_WRITES = sizeof(of_writes) / sizeof(of_writes[0]) };

/*
 * Handlers end with execve(2) by themselves, but an ignored signal and the mask are inherited: a
 * container started under nohup(1) would never see SIGHUP. See signal(7).
 */
static int reset_signals(const struct container *c, struct error *e)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};

	for (int signal = 1; signal < NSIG; signal++) {
		long result;

		if (!(c->inherited.ignored >> (signal - 1) & 1))
			continue;
		/* glibc keeps these two for itself and refuses them; the kernel does not. */
		if (signal == 32 || signal == 33)
			result = syscall(SYS_rt_sigaction, signal, (const uint64_t[4]){0}, NULL,
				sizeof(uint64_t));
		else
			result = sigaction(signal, &standard, NULL);
		if (result < 0)
			return error_sys(e, "setting signal %d back", signal);
	}
	return 0;
}

/* The signals of our own writes are nothing for the command: they are taken without waiting. */
static int forget_writes(struct error *e)
{
	const struct timespec none = {0};
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < OF_WRITES; i++)
		sigaddset(&set, of_writes[i]);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	return errno == EAGAIN ? 0 : error_sys(e, "forgetting the signals of our own writes");
}

/* A parent that died while ids changed sent no signal; its end of the socket pair tells. */
static bool parent_is_gone(struct container *c)
{
	char byte;

	return recv(c->sync_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static const char *container_path(const struct spec *s)
{
	for (size_t i = 0; i < s->process.env.n; i++)
		if (strncmp(s->process.env.v[i], "PATH=", 5) == 0)
			return s->process.env.v[i] + 5;
	return DEFAULT_PATH;
}

/*
 * Only the command itself has an open mask: after a failure there is more to write. Fails where the
 * command would begin with other signals than it should have; else errno is that of execve(2).
 */
static int try_exec(struct container *c, const char *path, struct error *e)
{
	sigset_t none, before;
	int saved;

	events_call(c, "execve(\"%s\")", path);
	if (forget_writes(e) < 0)
		return -1;
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, &before) < 0)
		return error_sys(e, "setting the mask of signals");
	execve(path, c->command, c->spec->process.env.v);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL); /* refused: the next try opens it anyway */
	errno = saved;
	return 0;
}

/* As execvp(3): a name with a slash is a path; else each directory, and EACCES outlives ENOENT. */
static int search_and_exec(struct container *c, struct error *e)
{
	const char *name = c->command[0], *path = container_path(c->spec);
	bool denied = false;
	char full[PATH_MAX];

	if (strchr(name, '/'))
		return try_exec(c, name, e);
	for (;; path++) {
		int n = (int)strcspn(path, ":");

		errno = ENAMETOOLONG;
		if (snprintf(full, sizeof(full), "%.*s/%s", n ? n : 1, n ? path : ".", name) <
				(int)sizeof(full) &&
			try_exec(c, full, e) < 0)
			return -1;
		if (errno == EACCES)
			denied = true;
		else if (errno != ENOENT && errno != ENOTDIR)
			return 0;
		path += n;
		if (!*path)
			break;
	}
	errno = denied ? EACCES : ENOENT;
	return 0;
}

int exec_command(struct container *c, struct error *e)
{
	if (c->new_terminal && console_attach(c, e) < 0)
		return -1;
	if (parent_is_gone(c))
		return error_say(e, "the runtime is gone");
	/* 'x' on the error pipe: only execve(2) is left. */
	if (write(c->error_fd, "x", 1) != 1)
		return error_sys(e, "telling the parent");
	if (reset_signals(c, e) < 0 || search_and_exec(c, e) < 0)
		return -1;
	error_sys(e, "executing %s", c->command[0]);
	e->status = EXIT_CANNOT_RUN;
	if (errno == ENOENT) {
		e->status = EXIT_NOT_FOUND;
		error_hint(e, "the command is searched in the rootfs, not on the host; a script "
			      "also needs its #! interpreter there");
	}
	return -1;
}
