/* Ptrace: the child stops at its exec and is traced by its parent. */
#include <err.h>
#include <sys/ptrace.h>
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
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			err(1, "ptrace");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	if (ptrace(PTRACE_CONT, pid, NULL, NULL))
		err(1, "ptrace");
	waitpid(pid, NULL, 0);
	return 0;
}
