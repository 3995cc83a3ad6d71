/*
 * observe_mounts.c: group "mounts": what the container sees as its files. mountinfo in proc(5),
 * and the files themselves through /proc/PID/root, never by a path that the container could bend
 * (openat2(2) with RESOLVE_IN_ROOT).
 */
#include "mountinfo.h"
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int open_in_root(const struct subject *s, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, s->root, path, &how, sizeof(how));
}

static int read_table(const struct subject *s, struct mount_table *t)
{
	char *text = read_whole(s->proc, "mountinfo", NULL);

	*t = (struct mount_table){0};
	if (text && !mountinfo_parse(text, t))
		return 0;
	return text ? EINVAL : errno;
}

/* Destination of the mount that i sits on, or "outside" where the container cannot see it. */
static const char *parent_of(const struct mount_table *t, size_t i)
{
	for (size_t k = 0; k < t->n; k++)
		if (t->v[k].id == t->v[i].parent && k != i)
			return t->v[k].destination;
	return "outside the container";
}

/* A second mount on one destination is called "DESTINATION#2". */
static char *mount_name(const struct mount_table *t, size_t i)
{
	int nth = 1;

	for (size_t k = 0; k < i; k++)
		nth += !strcmp(t->v[k].destination, t->v[i].destination);
	return nth > 1 ? text_format("%s#%d", t->v[i].destination, nth)
		       : text_format("%s", t->v[i].destination);
}

static const char *mount_field(const struct mount_table *t, size_t i, const char *field)
{
	const struct mount_line *m = &t->v[i];

	return !strcmp(field, "type")	       ? m->type
	       : !strcmp(field, "options")     ? m->options
	       : !strcmp(field, "super")       ? m->super
	       : !strcmp(field, "propagation") ? m->propagation
	       : !strcmp(field, "source")      ? m->source
	       : !strcmp(field, "root")	       ? m->root
					       : parent_of(t, i);
}

/* One field of every mount: mounts.DESTINATION.FIELD. */
static void read_mounts(const struct subject *s, const struct row *row, struct values *out)
{
	struct mount_table t;
	int failed = read_table(s, &t);

	if (failed) {
		values_failed(out, row->id, failed, "reading /proc/PID/mountinfo");
		return;
	}
	for (size_t i = 0; i < t.n; i++) {
		char *name = mount_name(&t, i), *id = row_id(row, name);

		values_set(out, id, "%s", mount_field(&t, i, row->argument));
		free(id);
		free(name);
	}
	mountinfo_free(&t);
}

static void read_order(const struct subject *s, const struct row *row, struct values *out)
{
	struct mount_table t;
	int failed = read_table(s, &t);
	char *list = NULL;
	size_t size;
	FILE *f;

	if (failed) {
		values_failed(out, row->id, failed, "reading /proc/PID/mountinfo");
		return;
	}
	f = text_stream(&list, &size);
	for (size_t i = 0; i < t.n; i++)
		fprintf(f, "%s%s", i ? " " : "", t.v[i].destination);
	fclose(f);
	if (!strcmp(row->argument, "count"))
		values_set(out, row->id, "%zu", t.n);
	else
		values_set(out, row->id, "%s", list);
	free(list);
	mountinfo_free(&t);
}

/* Read-only or writable, as the mount says to whoever asks (statvfs(3)). */
static const char *writability(int fd)
{
	struct statvfs st;

	if (fstatvfs(fd, &st))
		return "cannot be told";
	return st.f_flag & ST_RDONLY ? "read-only" : "writable";
}

static void read_root_readonly(const struct subject *s, const struct row *row, struct values *out)
{
	values_set(out, row->id, "%s", writability(s->root));
}

static void read_root_other(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat own, host;

	if (fstat(s->root, &own) || stat("/", &host))
		row_failed(row, out, errno, "the root directories");
	else
		values_set(out, row->id, "%s",
			own.st_dev == host.st_dev && own.st_ino == host.st_ino ? "host's"
									       : "its own");
}

/* The root is the directory that was asked for: same file system, same inode. */
static void read_root_rootfs(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat own, rootfs;

	if (fstat(s->root, &own) || stat(s->plan->rootfs, &rootfs))
		row_failed(row, out, errno, "the root directories");
	else
		values_set(out, row->id, "%s",
			own.st_dev == rootfs.st_dev && own.st_ino == rootfs.st_ino
				? "the rootfs"
				: "another directory");
}

static int count_entries(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	if (dir)
		closedir(dir);
	return n;
}

/* What is at path, in words that show whether something can still be seen there. */
static void set_masked(
	const struct subject *s, const char *id, const char *path, struct values *out)
{
	int fd = open_in_root(s, path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		if (errno == ENOENT)
			values_set(out, id, "nothing of that name");
		else
			values_failed(out, id, errno, "opening %s", path);
	} else if (S_ISDIR(st.st_mode)) {
		int dir = open_in_root(s, path, O_RDONLY | O_DIRECTORY);
		int n = dir < 0 ? -1 : count_entries(dir);

		values_set(out, id, "%s directory, %s", n ? "visible" : "empty", writability(fd));
	} else if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
		values_set(out, id, "covered by /dev/null");
	} else {
		values_set(out, id, "visible file");
	}
	if (fd >= 0)
		close(fd);
}

static void set_readonly(
	const struct subject *s, const char *id, const char *path, struct values *out)
{
	int fd = open_in_root(s, path, O_PATH);

	if (fd >= 0)
		values_set(out, id, "%s", writability(fd));
	else if (errno == ENOENT)
		values_set(out, id, "nothing of that name");
	else
		values_failed(out, id, errno, "opening %s", path);
	if (fd >= 0)
		close(fd);
}

/* Each path of a list in the spec, linux.maskedPaths or linux.readonlyPaths. */
static void read_listed_paths(const struct subject *s, const struct row *row, struct values *out)
{
	json_t *list = json_object_get(json_object_get(s->plan->spec, "linux"), row->argument);
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *path = json_string_value(item);
		char *id = row_id(row, path ? path : "");

		if (path && !strcmp(row->argument, "maskedPaths"))
			set_masked(s, id, path, out);
		else if (path)
			set_readonly(s, id, path, out);
		free(id);
	}
}

static void set_device(int dir, const char *name, const char *id, struct values *out)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		values_failed(out, id, errno, "stat of /dev/%s", name);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlinkat(dir, name, target, sizeof(target));
		values_set(out, id, "link to %.*s", n < 0 ? 0 : (int)n, target);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		values_set(out, id, "%s %u:%u mode %04o owner %u:%u",
			S_ISCHR(st.st_mode) ? "character" : "block", major(st.st_rdev),
			minor(st.st_rdev), st.st_mode & 07777, st.st_uid, st.st_gid);
	} else {
		values_set(out, id, "%s mode %04o owner %u:%u",
			S_ISDIR(st.st_mode) ? "directory" : "file", st.st_mode & 07777, st.st_uid,
			st.st_gid);
	}
}

/* Everything in the container's /dev. */
static void read_devices(const struct subject *s, const struct row *row, struct values *out)
{
	int fd = open_in_root(s, "/dev", O_RDONLY | O_DIRECTORY);
	struct dirent **list = NULL;
	int n = fd < 0 ? -1 : scandirat(fd, ".", &list, NULL, alphasort);

	if (n < 0)
		values_failed(out, row->id, errno, "reading /dev");
	for (int i = 0; i < n; i++) {
		char *id = row_id(row, list[i]->d_name);

		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0)
			set_device(fd, list[i]->d_name, id, out);
		free(id);
		free(list[i]);
	}
	free(list);
	if (fd >= 0)
		close(fd);
}

static void read_host_mounts(const struct subject *s, const struct row *row, struct values *out)
{
	char *now = read_whole(AT_FDCWD, "/proc/self/mountinfo", NULL);

	if (now)
		values_set(out, row->id, "%s",
			strcmp(now, s->plan->host_mounts) ? "changed" : "unchanged");
	else
		row_failed(row, out, errno, "/proc/self/mountinfo");
	free(now);
}

static const struct row rows[] = {
	{.id = "mounts.count", .read = read_order, .argument = "count"},
	{.id = "mounts.order", .read = read_order, .argument = "order"},
	{.id = "mounts.at.*.type", .read = read_mounts, .argument = "type"},
	{.id = "mounts.at.*.options", .read = read_mounts, .argument = "options"},
	{.id = "mounts.at.*.super", .read = read_mounts, .argument = "super"},
	{.id = "mounts.at.*.propagation", .read = read_mounts, .argument = "propagation"},
	{.id = "mounts.at.*.source", .read = read_mounts, .argument = "source"},
	{.id = "mounts.at.*.root", .read = read_mounts, .argument = "root"},
	{.id = "mounts.at.*.parent", .read = read_mounts, .argument = "parent"},
	{.id = "mounts.root.writability", .read = read_root_readonly},
	{.id = "mounts.root.is", .read = read_root_other},
	{.id = "mounts.root.directory", .read = read_root_rootfs},
	{.id = "mounts.masked.*", .read = read_listed_paths, .argument = "maskedPaths"},
	{.id = "mounts.readonly.*", .read = read_listed_paths, .argument = "readonlyPaths"},
	{.id = "mounts.dev.*", .read = read_devices},
	{.id = "mounts.host.during", .read = read_host_mounts},
};

const struct group observe_mounts = {"mounts", rows, sizeof(rows) / sizeof(rows[0])};
