/*
 * attack.c: what a program in a container may try, one attempt a word. Prints "done" where it
 * succeeded, else the errno's name. Static, so that it runs in every rootfs; the tests bind it in
 * as /attack.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Types a command into the terminal that standard input is. */
static int tiocsti(char **words)
{
	for (const char *p = words[0]; *p; p++)
		if (ioctl(0, TIOCSTI, p) < 0)
			return -1;
	return ioctl(0, TIOCSTI, "\n");
}

/* Makes the caller's terminal its own. */
static int ctty(char **words)
{
	(void)words;
	return ioctl(0, TIOCSCTTY, 0);
}

/* A key of whoever started the runtime, by its description. */
static int key(char **words)
{
	return (int)syscall(
		SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", words[0], 0);
}

static int join(char **words)
{
	int fd = open(words[0], O_RDONLY);

	return fd < 0 ? -1 : setns(fd, 0);
}

/* All capabilities, in a user namespace of its own; then the rest as root. */
static int become_root(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP);
}

static int uncover(char **words)
{
	return become_root() < 0 ? -1 : umount2(words[0], MNT_DETACH);
}

static int remount(char **words)
{
	return mount(NULL, words[0], NULL, MS_REMOUNT | MS_BIND, NULL);
}

static int remount_as_root(char **words)
{
	return become_root() < 0 ? -1 : remount(words);
}

static int mount_type(char **words)
{
	return mount("none", "/tmp", words[0], 0, words[1]);
}

static int mount_as_root(char **words)
{
	return become_root() < 0 ? -1 : mount_type(words);
}

static int ids(char **words)
{
	(void)words;
	printf("%d %d ", (int)getuid(), (int)geteuid());
	return 0;
}

/* True while a process still has the runtime's program: execve(2) gives another name. */
static bool is_runtime(const char *pid)
{
	char path[64], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (file) {
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
	}
	return !strcmp(name, "cbox\n") || !strcmp(name, "gobox\n");
}

/* What opens may still give nothing: a directory of descriptors without their targets. */
static bool gives(int fd, const char *file)
{
	char byte;

	if (strcmp(file, "environ") == 0 || strcmp(file, "maps") == 0)
		return read(fd, &byte, 1) == 1;
	return strcmp(file, "fd") != 0 || readlinkat(fd, "0", &byte, 1) == 1;
}

static int open_of(const char *pid)
{
	static const char *const files[] = {
		"mem", "maps", "fd", "exe", "environ", "root", "cwd", "ns/net"};
	int seen = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[300];
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/%s", pid, files[i]);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		seen += gives(fd, files[i]) && is_runtime(pid);
		close(fd);
	}
	return seen;
}

static int trace(const char *pid)
{
	int seen = 0, status;
	pid_t number = atoi(pid);

	if (ptrace(PTRACE_SEIZE, number, 0, 0) < 0)
		return 0;
	ptrace(PTRACE_INTERRUPT, number, 0, 0);
	if (waitpid(number, &status, __WALL) == number && WIFSTOPPED(status)) {
		seen = is_runtime(pid);
		ptrace(PTRACE_DETACH, number, 0, 0);
	}
	return seen;
}

/*
 * Looks for processes of a runtime, and into each in every way there is, until the file "stop"
 * exists in the directory; "looked" is there (again) after each 300 looks.
 */
static int watch(char **words)
{
	long looks = 0, seen = 0;

	if (chdir(words[0]) < 0)
		return -1;
	while (access("stop", F_OK) < 0) {
		DIR *processes = opendir("/proc");
		struct dirent *entry;

		while (processes && (entry = readdir(processes))) {
			if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
				!is_runtime(entry->d_name))
				continue;
			seen += open_of(entry->d_name) + trace(entry->d_name);
			if (++looks % 300 == 0)
				close(open("looked", O_WRONLY | O_CREAT, 0644));
		}
		if (processes)
			closedir(processes);
	}
	printf("looked %s, saw %ld ", looks > 20 ? "often" : "too rarely", seen);
	return 0;
}

static const struct {
	const char *name;
	int (*try)(char **words);
	int words;
} attacks[] = {
	{"tiocsti", tiocsti, 1},
	{"ctty", ctty, 0},
	{"key", key, 1},
	{"join", join, 1},
	{"uncover", uncover, 1},
	{"remount", remount, 1},
	{"remount_as_root", remount_as_root, 1},
	{"mount", mount_type, 2},
	{"mount_as_root", mount_as_root, 2},
	{"ids", ids, 0},
	{"watch", watch, 1},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (!strcmp(attacks[i].name, argv[1]) && argc == 2 + attacks[i].words) {
			int result = attacks[i].try(argv + 2);

			printf("%s\n", result < 0 ? strerrorname_np(errno) : "done");
			return 0;
		}
	fprintf(stderr, "attack: what?\n");
	return 2;
}
