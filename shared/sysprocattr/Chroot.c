/* Chroot: the directory of the first argument becomes the child's /. */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: DIRECTORY COMMAND [ARG...]");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (chroot(argv[1]))
			err(1, "chroot");
		execv(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
