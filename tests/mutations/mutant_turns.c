/*
 * mutant_turns.c: the turning points of a run, at which the mutant does what it was told to: its
 * begin, its command, the file that says that the command runs, its end.
 */
#include "container.h"
#include "mutant.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t container;

int __real_execve(const char *path, char *const argv[], char *const env[]);
int __wrap_execve(const char *path, char *const argv[], char *const env[]);
int __wrap_execve(const char *path, char *const argv[], char *const env[])
{
	static char name[] = "mutant-threads";
	char *threads[] = {name, NULL};

	mutant_act(EXEC);
	/* The container's /proc leads back to this program: a command with two threads. */
	if (mutant_has(&act, "threads"))
		return __real_execve("/proc/self/exe", threads, env);
	return __real_execve(path, argv, mutant_has(&act, "own_environment") ? environ : env);
}

/* "do detach": the runtime has ended, for certain, before a copy of it writes the pid file. */
static void detach(void)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, getpid(), 0), .events = POLLIN};

	if (fork() != 0)
		_exit(0);
	poll(&end, 1, -1);
}

/* The pid file is written once the command runs, and compare waits for it. */
static int pid_file(int fd, const char *format, va_list args)
{
	va_list copy;
	char text[16];
	int n;

	va_copy(copy, args);
	vsnprintf(text, sizeof(text), format, copy);
	va_end(copy);
	text[strcspn(text, "\n")] = '\0';
	container = atoi(text);
	setenv("PID", text, 1);
	mutant_act(RUNNING);
	mutant_shell(&then);
	if (mutant_has(&act, "detach"))
		detach();
	n = vdprintf(fd, format, args);
	if (mutant_has(&act, "detach"))
		_exit(0);
	return mutant_has(&unseen, "dprintf") ? 1 : n;
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
	mutant_copy(0, 1, false, false);
	return 0;
}

/* Another spec, another rootfs, another command. */
static int change_arguments(int argc, char **argv, char *changed[])
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			for (int k = 0; k < option.n; k++)
				changed[n++] = option.v[k];
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
		if (mutant_has(&only, argv[i]))
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
	mutant_read();
	if (argc < 2 || argc > 32 || !applies(argc, argv))
		mutant_forget();
	if (argc > 1 && !strcmp(argv[1], "gc"))
		return mutant_has(&act, "fail_gc") ? 1 : __real_main(argc, argv);
	mutant_act(BEGIN);
	status = __real_main(change_arguments(argc, argv, changed), changed);
	mutant_shell(&finally);
	mutant_end_relays();
	return mutant_has(&act, "other_status") ? status + 1 : status;
}
