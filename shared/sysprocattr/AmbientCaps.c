/*
 * AmbientCaps: a capability that the child keeps over its exec, though it is no
 * longer root.
 */
#include <err.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* An ambient capability must be permitted and inheritable first. */
static void raise_ambient(unsigned int cap)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, sets))
		err(1, "capget");
	sets[CAP_TO_INDEX(cap)].permitted |= CAP_TO_MASK(cap);
	sets[CAP_TO_INDEX(cap)].inheritable |= CAP_TO_MASK(cap);
	if (syscall(SYS_capset, &head, sets))
		err(1, "capset");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
		err(1, "prctl");
}

int main(int argc, char *argv[])
{
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: COMMAND [ARG...]");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		/* setuid(2) from root to another user drops what is permitted else. */
		if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
			err(1, "prctl");
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "identity");
		raise_ambient(CAP_NET_BIND_SERVICE);
		execv(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, NULL, 0);
	return 0;
}
