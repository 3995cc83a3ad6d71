/*
 * step2 in C: after clone3(2) the child is a copy of this program and simply goes on in it.
 *
 *   gcc -Wall -Wextra -O2 -o c-step2 step2/c/main.c && ./c-step2 /bin/sh
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// region: child
static void child(const char *hostname, char **command)
{
	if (sethostname(hostname, strlen(hostname)) < 0)
		err(125, "sethostname");
	execvp(command[0], command);
	err(127, "%s", command[0]);
}
// endregion: child

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: c-step2 COMMAND [ARG...]\n");
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
