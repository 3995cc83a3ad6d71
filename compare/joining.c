/* joining.c: see joining.h. */
#include "joining.h"

#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEWCOMER_MS 10000

/* Who the first process is, read from outside. */
struct who {
	unsigned int uid, gid; /* in the container's user namespace */
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	int namespaces; /* those that are not ours: CLONE_NEW* */
};

/* What the probe tells: 0 where it was let in, else the error. */
struct told {
	int files, trace;
};

int joining_freeze(const struct held *h, bool frozen, struct error *e)
{
	char path[PATH_MAX * 2];
	int fd, result;

	snprintf(path, sizeof(path), CGROUP_MOUNT "%s/cgroup.freeze", h->plan->cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	result = fd < 0 || write(fd, frozen ? "1" : "0", 1) != 1
			 ? error_sys(e, "writing to %s", path)
			 : 0;
	if (fd >= 0)
		close(fd);
	return result;
}

pid_t joining_newcomer(const struct held *h)
{
	int64_t deadline = deadline_in(NEWCOMER_MS);
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), CGROUP_MOUNT "%s/cgroup.procs", h->plan->cgroup);
	while (deadline_in(0) < deadline) {
		char *text = read_whole(AT_FDCWD, path, NULL), *rest = text, *line;
		pid_t found = 0;

		while ((line = strsep(&rest, "\n")))
			if (*line && atoi(line) != h->pid)
				found = atoi(line);
		free(text);
		if (found || wait_window(1) < 0)
			return found;
	}
	return 0;
}

static unsigned long long set_of(const char *status, const char *key)
{
	char *field = field_of(status, key);
	unsigned long long set = field ? strtoull(field, NULL, 16) : 0;

	free(field);
	return set;
}

static unsigned int id_of(int proc, const char *status, const char *key, const char *map_file)
{
	char *field = field_of(status, key), *map = read_whole(proc, map_file, NULL);
	unsigned int real = 0, effective = 0;
	long inside = -1;

	if (field && map && sscanf(field, "%u %u", &real, &effective) == 2)
		inside = id_inside(map, effective);
	free(field);
	free(map);
	return inside < 0 ? (unsigned int)-1 : (unsigned int)inside;
}

static int namespaces_of(int proc)
{
	static const struct {
		const char *file;
		int flag;
	} kinds[] = {{"ns/cgroup", CLONE_NEWCGROUP}, {"ns/ipc", CLONE_NEWIPC},
		{"ns/mnt", CLONE_NEWNS}, {"ns/net", CLONE_NEWNET}, {"ns/pid", CLONE_NEWPID},
		{"ns/user", CLONE_NEWUSER}, {"ns/uts", CLONE_NEWUTS}};
	int own = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), flags = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct stat ours, theirs;

		if (!fstatat(own, kinds[i].file, &ours, 0) &&
			!fstatat(proc, kinds[i].file, &theirs, 0) && ours.st_ino != theirs.st_ino)
			flags |= kinds[i].flag;
	}
	close(own);
	return flags;
}

static bool read_who(int proc, struct who *w)
{
	char *status = read_whole(proc, "status", NULL);
	unsigned long long effective, permitted, inheritable;

	if (!status)
		return false;
	effective = set_of(status, "CapEff");
	permitted = set_of(status, "CapPrm");
	inheritable = set_of(status, "CapInh");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		w->sets[i] = (struct __user_cap_data_struct){(__u32)(effective >> (32 * i)),
			(__u32)(permitted >> (32 * i)), (__u32)(inheritable >> (32 * i))};
	w->uid = id_of(proc, status, "Uid", "uid_map");
	w->gid = id_of(proc, status, "Gid", "gid_map");
	w->namespaces = namespaces_of(proc);
	free(status);
	return true;
}

/* The pid of a process in its own pid namespace: the last number of NSpid. */
static pid_t inner_pid(int proc)
{
	char *status = read_whole(proc, "status", NULL);
	char *field = status ? field_of(status, "NSpid") : NULL;
	char *last = field ? strrchr(field, ' ') : NULL;
	pid_t pid = field ? atoi(last ? last + 1 : field) : 0;

	free(field);
	free(status);
	return pid;
}

/* Takes on ids and capabilities; the error where that is not possible. */
static int become(const struct who *w)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	prctl(PR_SET_KEEPCAPS, 1);
	syscall(SYS_setgroups, 0, NULL); /* a user namespace of an ordinary user denies it */
	if (setresgid(w->gid, w->gid, w->gid) || setresuid(w->uid, w->uid, w->uid) ||
		syscall(SYS_capset, &header, w->sets))
		return errno;
	return 0;
}

/* Opens each of the newcomer's descriptors by /proc; the error of the last, 0 once one is open. */
static int open_files(int newcomer)
{
	int result = ENOENT;

	for (int fd = 0; fd < 64; fd++) {
		char path[32];
		int opened;

		snprintf(path, sizeof(path), "fd/%d", fd);
		opened = openat(newcomer, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		/* A socket cannot be opened (ENXIO), but only after one was let in. */
		if (opened >= 0 || errno == ENXIO)
			return 0;
		if (errno != ENOENT)
			result = errno;
	}
	return result;
}

/* In the container, as one of it. */
__attribute__((noreturn)) static void probe(const struct who *w, int newcomer, pid_t pid, int fd)
{
	struct told told = {0, 0};
	int failed = become(w);

	if (!failed) {
		told.files = open_files(newcomer);
		if (ptrace(PTRACE_SEIZE, pid, 0, 0))
			told.trace = errno;
	}
	_exit(failed || write(fd, &told, sizeof(told)) != sizeof(told) ? 1 : 0);
}

/* Joins first: a pid namespace is one for the children alone, so the probe is a child's child. */
__attribute__((noreturn)) static void join_and_probe(
	const struct held *h, const struct who *w, int newcomer, pid_t pid, int fd)
{
	int status = 0;
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (w->namespaces && setns(h->pidfd, w->namespaces))
		_exit(1);
	child = fork();
	if (child == 0)
		probe(w, newcomer, pid, fd);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void set(struct values *out, const char *id, int errnum)
{
	if (errnum == EACCES || errnum == EPERM)
		values_set(out, id, "refused");
	else if (errnum)
		values_failed(out, id, errnum, "trying");
	else
		values_set(out, id, "allowed");
}

static int open_process(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool ask(const struct held *h, pid_t newcomer, struct told *told)
{
	int first = open_process(h->pid), second = open_process(newcomer), fds[2] = {-1, -1};
	struct who w;
	pid_t pid = -1;
	int status = 1;

	if (first >= 0 && second >= 0 && read_who(first, &w) && !pipe2(fds, O_CLOEXEC)) {
		pid = fork();
		if (pid == 0)
			join_and_probe(h, &w, second, inner_pid(second), fds[1]);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (status || read(fds[0], told, sizeof(*told)) != sizeof(*told))
			pid = -1;
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (first >= 0)
		close(first);
	if (second >= 0)
		close(second);
	return pid > 0;
}

void joining_try(const struct held *h, pid_t newcomer, struct values *out)
{
	struct told told;

	if (ask(h, newcomer, &told)) {
		set(out, "exec.joining.files", told.files);
		set(out, "exec.joining.trace", told.trace);
	} else {
		values_failed(out, "exec.joining.files", 0, "no probe in the container");
		values_failed(out, "exec.joining.trace", 0, "no probe in the container");
	}
}
