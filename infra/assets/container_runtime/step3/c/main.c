/*
 * step3 in C: pivot_root(2) into ./rootfs and a new /proc.
 *
 *   gcc -Wall -Wextra -O2 -o c-step3 step3/c/main.c && ./c-step3 /bin/sh
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
		fprintf(stderr, "usage: c-step3 COMMAND [ARG...]\n");
		return 2;
	}
	// region: parent
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.exit_signal = SIGCHLD,
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
