/*
 * GidMappingsEnableSetgroups: the child may call setgroups(2) in its user namespace.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(pid_t pid, const char *file, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDWR);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

int main(int argc, char *argv[])
{
	long failed = 0;
	char map[64];
	int ready[2];
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	snprintf(map, sizeof(map), "0 %u 1\n", getgid());
	if (pipe2(ready, O_CLOEXEC))
		err(1, "pipe2");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		err(1, "clone");
	if (pid == 0) {
		close(ready[1]);
		if (read(ready[0], &failed, sizeof(failed)) != sizeof(failed) || failed)
			errx(1, "no map");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	close(ready[0]);
	put(pid, "setgroups", "allow");
	put(pid, "gid_map", map);
	if (write(ready[1], &failed, sizeof(failed)) < 0)
		err(1, "write");
	close(ready[1]);
	waitpid(pid, NULL, 0);
	return 0;
}
