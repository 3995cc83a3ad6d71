/* Cloneflags with CLONE_NEWCGROUP: born in a new cgroup namespace. */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWCGROUP | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		err(1, "clone");
	if (pid == 0) {
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
