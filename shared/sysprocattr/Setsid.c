/* Setsid: a session of its own, without a terminal. */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (setsid() < 0)
			err(1, "setsid");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
