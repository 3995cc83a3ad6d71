/*
 * Pdeathsig in a new pid namespace, asked for as Go does it: the child cannot see its parent
 * there, and takes it for dead.
 */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid, parent;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	parent = getpid();
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		err(1, "clone");
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM))
			err(1, "prctl");
		if (getppid() != parent)
			kill(getpid(), SIGTERM);
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
