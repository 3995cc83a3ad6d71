/*
 * memory.c: runs a command and prints, on descriptor 3, the peak memory of its largest process in
 * KiB (getrusage(2), RUSAGE_CHILDREN). Small and static, because a process starts with the memory
 * of the one that it was copied from.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2 || posix_spawnp(&pid, argv[1], NULL, NULL, argv + 1, environ) != 0)
		return 125;
	waitpid(pid, &status, 0);
	getrusage(RUSAGE_CHILDREN, &usage);
	dprintf(3, "%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
