/*
 * count.c: what a command costs in a number that no noise can move: user instructions, one by one
 * (ptrace(2), PTRACE_SINGLESTEP), of the command and of each process that it makes, up to the
 * execve(2) of another program.
 *
 *   count FILE COMMAND [ARG...]      FILE gets the number
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* With PTRACE_O_EXITKILL nothing of the command outlives this program. */
#define OPTIONS                                                                                    \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
		PTRACE_O_TRACEEXEC)

int main(int argc, char **argv)
{
	long instructions = 0;
	int status, result = 125;
	pid_t first, pid;
	FILE *out;

	if (argc < 3 || !(out = fopen(argv[1], "we")))
		return 125;
	first = fork();
	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(first, &status, 0);
	ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS);
	ptrace(PTRACE_CONT, first, 0, 0);
	for (int begun = 0; (pid = waitpid(-1, &status, __WALL)) > 0;) {
		int signal = WSTOPSIG(status), event = status >> 16;

		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == first)
				result = WIFEXITED(status) ? WEXITSTATUS(status)
							   : 128 + WTERMSIG(status);
			continue;
		}
		if (event == PTRACE_EVENT_EXEC && begun++) {
			/* The container's command: another program's work. */
			ptrace(PTRACE_DETACH, pid, 0, 0);
			continue;
		}
		if (signal == SIGTRAP && event == 0)
			instructions++;
		/* A new process begins with a SIGSTOP; other signals are its own. */
		signal = signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
		ptrace(PTRACE_SINGLESTEP, pid, 0, signal);
	}
	fprintf(out, "%ld\n", instructions);
	return fclose(out) ? 125 : result;
}
