/* Credential: user, group and supplementary groups of the child. */
#include <err.h>
#include <grp.h>
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
		gid_t groups[] = {100, 200};

		if (setgroups(2, groups))
			err(1, "setgroups");
		if (setgid(65534))
			err(1, "setgid");
		if (setuid(65534))
			err(1, "setuid");
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
