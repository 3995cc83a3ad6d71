/*
 * step4 in C: born in a cgroup of its own.
 *
 *   gcc -Wall -Wextra -O2 -o c-step4 step4/c/main.c && ./c-step4 /bin/sh
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// region: limits
#define CGROUP "/sys/fs/cgroup/workshop"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(125, "writing %s", path);
	close(fd);
}

static pid_t parent;

/* On every way out of the parent. The child is a copy and has the same exit handlers. */
static void remove_cgroup(void)
{
	if (getpid() == parent)
		rmdir(CGROUP);
}

/* Makes the cgroup with its limits and opens its directory. */
static int open_cgroup(void)
{
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids");
	if (mkdir(CGROUP, 0755) < 0)
		err(125, "mkdir " CGROUP);
	parent = getpid();
	atexit(remove_cgroup);
	write_file(CGROUP "/memory.max", "50M");
	write_file(CGROUP "/memory.swap.max", "0");
	write_file(CGROUP "/cpu.max", "20000 100000"); /* microseconds of each 100 ms */
	write_file(CGROUP "/pids.max", "20");
	int fd = open(CGROUP, O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(125, "opening " CGROUP);
	return fd;
}
// endregion: limits

// region: root
/* Makes dir the root of this mount namespace and lets go of the host's tree. */
static void enter_root(const char *dir)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(125, "making / private");
	/* pivot_root(2) wants a mount point. */
	if (mount(dir, dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		err(125, "bind mount of %s", dir);
	if (chdir(dir) < 0)
		err(125, "chdir %s", dir);
	/* The old root comes to lie on the new one, and "." is then the old one. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		err(125, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		err(125, "umount of the old root");
	if (chdir("/") < 0)
		err(125, "chdir /");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		err(125, "mount of /proc");
}
// endregion: root

// region: child
static void child(const char *hostname, char **command)
{
	if (sethostname(hostname, strlen(hostname)) < 0)
		err(125, "sethostname");
	enter_root("rootfs");
	execvp(command[0], command);
	err(127, "%s", command[0]);
}
// endregion: child

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: c-step4 COMMAND [ARG...]\n");
		return 2;
	}
	// region: parent
	int cgroup = open_cgroup();
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		err(125, "clone3");
	if (pid == 0)
		child("container", argv + 1);
	// endregion: parent
	int status;

	if (waitpid(pid, &status, 0) < 0)
		err(125, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
