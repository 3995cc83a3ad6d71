/* Pgid: an existing process group of the session, here that of the parent's parent. */
#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid, group;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	group = getpgid(getppid());
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (setpgid(0, group))
			err(1, "setpgid");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
