/*
 * observe_namespace.c: group "namespace": which namespaces the container has of its own, and
 * whose they are. namespaces(7), ioctl_ns(2).
 *
 * The table of the eight is written down here again and not taken from libcbox: a mistake there
 * must not blind the comparison.
 */
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* One namespace is one inode of nsfs, wherever it is looked at from. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int stat_ns(int proc, const char *file, struct stat *st)
{
	char path[96];

	snprintf(path, sizeof(path), "ns/%s", file);
	return fstatat(proc, path, st, 0);
}

static void read_new(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat own, host;

	if (stat_ns(s->proc, row->argument, &own) || stat_ns(s->host, row->argument, &host))
		row_failed(row, out, errno, row->argument);
	else
		values_set(out, row->id, "%s", same_file(&own, &host) ? "host's" : "new");
}

/* Which user namespace a descriptor of one is, as a relation. */
static void set_user_relation(
	const struct subject *s, const struct row *row, int fd, struct values *out)
{
	struct stat owner, own, host;

	if (fstat(fd, &owner) || stat_ns(s->proc, "user", &own) || stat_ns(s->host, "user", &host))
		row_failed(row, out, errno, "the owner");
	else
		values_set(out, row->id, "%s",
			same_file(&owner, &host)  ? "host's user namespace"
			: same_file(&owner, &own) ? "container's user namespace"
						  : "another user namespace");
}

/* The user namespace that owns this one; for a user namespace that is its parent. */
static void read_owner(const struct subject *s, const struct row *row, struct values *out)
{
	char path[64];
	int fd, owner;

	snprintf(path, sizeof(path), "ns/%s", row->argument);
	fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		row_failed(row, out, errno, path);
		return;
	}
	owner = ioctl(fd, NS_GET_USERNS);
	if (owner >= 0)
		set_user_relation(s, row, owner, out);
	else if (errno == EPERM) /* the owner is outside what compare may see: the host's own */
		values_set(out, row->id, "outside the host");
	else
		row_failed(row, out, errno, path);
	if (owner >= 0)
		close(owner);
	close(fd);
}

/* The pid namespace that this one was made in. */
static void read_pid_parent(const struct subject *s, const struct row *row, struct values *out)
{
	int fd = openat(s->proc, "ns/pid", O_RDONLY | O_CLOEXEC);
	int parent = fd < 0 ? -1 : ioctl(fd, NS_GET_PARENT);
	struct stat st, host;

	if (parent < 0 && errno == EPERM)
		values_set(out, row->id, "outside the host");
	else if (parent < 0 || fstat(parent, &st) || stat_ns(s->host, "pid", &host))
		row_failed(row, out, errno, "the parent");
	else
		values_set(out, row->id, "%s", same_file(&st, &host) ? "host's" : "another");
	if (parent >= 0)
		close(parent);
	if (fd >= 0)
		close(fd);
}

/* pid_for_children and time_for_children: where the next child of the command will be. */
static void read_for_children(const struct subject *s, const struct row *row, struct values *out)
{
	char path[64];
	struct stat children, own;

	snprintf(path, sizeof(path), "%s_for_children", row->argument);
	if (stat_ns(s->proc, path, &children) || stat_ns(s->proc, row->argument, &own))
		row_failed(row, out, errno, path);
	else
		values_set(out, row->id, "%s", same_file(&children, &own) ? "same" : "another");
}

/* How many processes there are whose namespace of this kind is the container's. */
static void read_members(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat own, other, host;
	DIR *proc = opendir("/proc");
	struct dirent *d;
	char path[300];
	int n = 0;

	if (!proc || stat_ns(s->proc, row->argument, &own) ||
		stat_ns(s->host, row->argument, &host)) {
		row_failed(row, out, errno, "/proc");
		if (proc)
			closedir(proc);
		return;
	}
	while ((d = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/ns/%s", d->d_name, row->argument);
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && !stat(path, &other))
			n += same_file(&own, &other);
	}
	closedir(proc);
	if (same_file(&own, &host))
		values_set(out, row->id, "the host's");
	else
		values_set(out, row->id, "%d", n);
}

/* NSpid and its kin in /proc/PID/status: one number a pid namespace, from the host's inwards. */
static void read_status_numbers(const struct subject *s, const struct row *row, struct values *out)
{
	char *status = read_whole(s->proc, "status", NULL);
	char *field = status ? field_of(status, row->argument) : NULL;
	const char *last = field ? strrchr(field, ' ') : NULL;
	int levels = 1;

	for (const char *c = field; c && *c; c++)
		levels += *c == ' ';
	if (!field)
		row_failed(row, out, status ? ENOENT : errno, row->argument);
	else if (strstr(row->id, ".level"))
		values_set(out, row->id, "%d below the host", levels - 1);
	else
		values_set(out, row->id, "%s", levels > 1 ? last + 1 : "as the host sees it");
	free(field);
	free(status);
}

/* timens_offsets: "monotonic SECONDS NANOSECONDS" (time_namespaces(7)). */
static void read_time_offset(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(s->proc, "timens_offsets", NULL), *line;
	long seconds, nanoseconds;

	line = text ? strstr(text, row->argument) : NULL;
	if (!line)
		row_failed(row, out, text ? ENOENT : errno, "timens_offsets");
	else if (sscanf(line + strlen(row->argument), "%ld %ld", &seconds, &nanoseconds) == 2)
		values_set(out, row->id, "%ld s %ld ns", seconds, nanoseconds);
	else
		row_failed(row, out, EINVAL, "timens_offsets");
	free(text);
}

static void read_uname(const struct subject *s, const struct row *row, struct values *out)
{
	struct utsname u;

	(void)s;
	if (uname(&u))
		row_failed(row, out, errno, "uname");
	else
		values_set(out, row->id, "%s",
			!strcmp(row->argument, "nodename") ? u.nodename : u.domainname);
}

/* A file whose content depends on the namespaces of the process that reads it. */
static void read_own_file(const struct subject *s, const struct row *row, struct values *out)
{
	(void)s;
	row_file(AT_FDCWD, row->argument, row, out);
}

/* Objects of System V IPC: a line each below a heading (proc(5), sysvipc(7)). */
static void read_ipc_objects(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(AT_FDCWD, row->argument, NULL);
	int lines = 0;

	(void)s;
	for (const char *c = text; c && *c; c++)
		lines += *c == '\n';
	if (text)
		values_set(out, row->id, "%d", lines - 1);
	else
		row_failed(row, out, errno, row->argument);
	free(text);
}

/* The container's cgroup as a process inside its cgroup namespace sees it: "/" at its root. */
static void read_cgroup_root(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(s->proc, "cgroup", NULL);
	char *line = text ? strstr(text, "0::") : NULL;

	if (line) {
		line[strcspn(line, "\n")] = '\0';
		values_set(out, row->id, "%s", line + 3);
	} else {
		row_failed(row, out, text ? ENOENT : errno, "/proc/PID/cgroup");
	}
	free(text);
}

#define KIND(name, file)                                                                           \
	{"namespace." name ".is", read_new, (file), OUTSIDE, 0},                                   \
		{"namespace." name ".owner", read_owner, (file), OUTSIDE, 0},                      \
	{                                                                                          \
		"namespace." name ".processes", read_members, (file), OUTSIDE, 0                   \
	}
#define IPC(name)                                                                                  \
	{                                                                                          \
		"namespace.ipc." name, read_own_file, "/proc/sys/kernel/" name, IN_IPC, 0          \
	}
#define MQUEUE(name)                                                                               \
	{                                                                                          \
		"namespace.ipc.mqueue." name, read_own_file, "/proc/sys/fs/mqueue/" name, IN_IPC,  \
			0                                                                          \
	}

static const struct row rows[] = {
	KIND("cgroup", "cgroup"),
	KIND("ipc", "ipc"),
	KIND("mount", "mnt"),
	KIND("network", "net"),
	KIND("pid", "pid"),
	KIND("time", "time"),
	KIND("user", "user"),
	KIND("uts", "uts"),
	{.id = "namespace.pid.parent", .read = read_pid_parent},
	{.id = "namespace.pid.level", .read = read_status_numbers, .argument = "NSpid"},
	{.id = "namespace.pid.init", .read = read_status_numbers, .argument = "NSpid"},
	{.id = "namespace.pid.thread_group", .read = read_status_numbers, .argument = "NStgid"},
	{.id = "namespace.pid.process_group", .read = read_status_numbers, .argument = "NSpgid"},
	{.id = "namespace.pid.session", .read = read_status_numbers, .argument = "NSsid"},
	{.id = "namespace.pid.for_children", .read = read_for_children, .argument = "pid"},
	{.id = "namespace.time.for_children", .read = read_for_children, .argument = "time"},
	{.id = "namespace.time.monotonic", .read = read_time_offset, .argument = "monotonic"},
	{.id = "namespace.time.boottime", .read = read_time_offset, .argument = "boottime"},
	{.id = "namespace.uts.nodename",
		.read = read_uname,
		.argument = "nodename",
		.place = IN_UTS},
	{.id = "namespace.uts.domainname",
		.read = read_uname,
		.argument = "domainname",
		.place = IN_UTS},
	{.id = "namespace.cgroup.root", .read = read_cgroup_root, .place = IN_CGROUP},
	IPC("msgmax"),
	IPC("msgmnb"),
	IPC("msgmni"),
	IPC("sem"),
	IPC("shmall"),
	IPC("shmmax"),
	IPC("shmmni"),
	IPC("shm_rmid_forced"),
	MQUEUE("msg_max"),
	MQUEUE("msgsize_max"),
	MQUEUE("queues_max"),
	{.id = "namespace.ipc.shared_memories",
		.read = read_ipc_objects,
		.argument = "/proc/sysvipc/shm",
		.place = IN_IPC},
	{.id = "namespace.ipc.semaphores",
		.read = read_ipc_objects,
		.argument = "/proc/sysvipc/sem",
		.place = IN_IPC},
	{.id = "namespace.ipc.message_queues",
		.read = read_ipc_objects,
		.argument = "/proc/sysvipc/msg",
		.place = IN_IPC},
};

const struct group observe_namespace = {"namespace", rows, sizeof(rows) / sizeof(rows[0])};
