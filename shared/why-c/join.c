/* join PID [THREAD]: the same calls in C; with a second word, next to a thread that only waits. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct {
	const char *what, *file; /* file NULL: unshare */
	int flag;
} calls[] = {
	{"setns(CLONE_NEWUSER)", "user", CLONE_NEWUSER},
	{"setns(CLONE_NEWNS)", "mnt", CLONE_NEWNS},
	{"setns(CLONE_NEWTIME)", "time", CLONE_NEWTIME},
	{"unshare(CLONE_NEWUSER)", NULL, CLONE_NEWUSER},
};

static void *wait_for_ever(void *nothing)
{
	pause();
	return nothing;
}

/* 0 or the error. */
static int try_call(const char *pid, size_t n)
{
	char path[64];
	int fd;

	if (!calls[n].file)
		return unshare(calls[n].flag) == 0 ? 0 : errno;
	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, calls[n].file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return setns(fd, calls[n].flag) == 0 ? 0 : errno;
}

int main(int argc, char *argv[])
{
	if (argc < 2)
		errx(2, "usage: join PID [THREAD]");
	for (size_t n = 0; n < sizeof(calls) / sizeof(calls[0]); n++) {
		/* Each in a process of its own: what is joined stays joined. */
		pid_t child = fork();
		pthread_t thread;
		int errnum;

		if (child < 0)
			err(1, "fork");
		if (child > 0) {
			waitpid(child, NULL, 0);
			continue;
		}
		if (argc > 2 && pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
			errx(1, "no thread");
		errnum = try_call(argv[1], n);
		printf("%-24s %s%s%s\n", calls[n].what, errnum ? strerrorname_np(errnum) : "0",
			errnum ? ": " : "", errnum ? strerror(errnum) : "");
		exit(0);
	}
	return 0;
}
