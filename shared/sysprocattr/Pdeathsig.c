/* Pdeathsig: the signal that the child gets when the thread that made it ends. */
#include <err.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid, parent;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	parent = getpid();
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM))
			err(1, "prctl");
		/* It may have ended before. */
		if (getppid() != parent)
			kill(getpid(), SIGTERM);
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
