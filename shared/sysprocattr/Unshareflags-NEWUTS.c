/* Unshareflags with CLONE_NEWUTS: a new UTS namespace, made by the child. */
#include <err.h>
#include <sched.h>
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
		if (unshare(CLONE_NEWUTS))
			err(1, "unshare");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
