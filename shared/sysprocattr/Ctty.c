/* Ctty with Setctty: the child's number of the terminal, here 3. */
#include <err.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid;
	int tty;

	if (argc < 3)
		errx(2, "usage: TERMINAL COMMAND [ARG...]");
	tty = open(argv[1], O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		err(1, "%s", argv[1]);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (setsid() < 0)
			err(1, "setsid");
		/* A number that stays where it is would keep its close-on-exec flag. */
		if (tty == 3 ? fcntl(3, F_SETFD, 0) : dup3(tty, 3, 0) < 0)
			err(1, "descriptor 3");
		if (ioctl(3, TIOCSCTTY, 1))
			err(1, "TIOCSCTTY");
		execv(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
