/*
 * Unshareflags with CLONE_NEWUSER: the child makes its user namespace and writes both
 * maps itself.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, n) < 0)
		err(1, "%s", path);
	close(fd);
}

int main(int argc, char *argv[])
{
	char uid_map[64], gid_map[64];
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	snprintf(uid_map, sizeof(uid_map), "0 %u 1\n", getuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", getgid());
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER))
			err(1, "unshare");
		put("/proc/self/setgroups", "deny", sizeof("deny"));
		put("/proc/self/gid_map", gid_map, strlen(gid_map));
		put("/proc/self/uid_map", uid_map, strlen(uid_map));
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
