/* Foreground: a process group of its own, in the foreground of the terminal. */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid;
	int tty;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (tty < 0)
		err(1, "/dev/tty");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		pid_t group;

		/* Who is in the background and asks for the foreground is stopped. */
		signal(SIGTTOU, SIG_IGN);
		if (setpgid(0, 0))
			err(1, "setpgid");
		group = getpid();
		if (ioctl(tty, TIOCSPGRP, &group))
			err(1, "TIOCSPGRP");
		signal(SIGTTOU, SIG_DFL);
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
