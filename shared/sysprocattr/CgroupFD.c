/*
 * CgroupFD: a directory of cgroup v2, opened. As the child is born there, its new cgroup
 * namespace has it as its root.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	struct clone_args args = {
		.flags = CLONE_NEWCGROUP | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int cgroup;
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: CGROUP COMMAND [ARG...]");
	cgroup = open(argv[1], O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0)
		err(1, "%s", argv[1]);
	args.cgroup = (unsigned int)cgroup;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		err(1, "clone3");
	if (pid == 0) {
		execv(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
