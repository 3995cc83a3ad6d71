/*
 * cgroup_remove.c: the way back of cgroup.c, for the cleanup stage and for gc.
 *
 * The container may have filled its cgroup with processes and nested cgroups, and may still be
 * doing so; the parents are shared with containers that begin at this moment.
 */
#include "cgroup.h"
#include "cgroup_files.h"
#include "small_file.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define REMOVE_TIMEOUT 10000 /* milliseconds until the processes have to be gone */
#define EVENTS_AGAIN   100   /* milliseconds: nothing tells that a cgroup was removed meanwhile */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Opens the cgroup that holds the last name of path, which may be root itself:
 * cgroup_close_below(). *name is that name.
 */
static int open_parent(int root, const char *path, const char **name)
{
	int dir = root, next;
	char part[NAME_MAX + 1];

	*name = strrchr(path, '/') + 1;
	while (dir >= 0 && cgroup_next_name(&path, part) && path[0]) {
		next = openat(dir, part, CGROUP_DIR_FLAGS);
		cgroup_close_below(root, dir);
		dir = next;
	}
	return dir;
}

/* 1 when the cgroup at dir is one that a runtime of ours has made, -1 and errno if unknown. */
static int is_ours(int dir, const char *path)
{
	if (strcmp(path, CGROUP_PARENT) == 0 || fgetxattr(dir, CGROUP_MARK, NULL, 0) >= 0)
		return 1;
	return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
}

/* Removes one parent: 1. 0 when it stays: it is in use, or it was there before us. -1 and errno. */
static int remove_parent(int dir, const char *name, const char *path)
{
	int fd = openat(dir, name, CGROUP_DIR_FLAGS), ours, failure;

	if (fd < 0)
		return errno == ENOENT ? 1 : -1;
	ours = is_ours(fd, path);
	failure = errno;
	close(fd);
	errno = failure;
	if (ours <= 0 || unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return ours;
	return errno == EBUSY || errno == ENOTEMPTY ? 0 : -1;
}

int cgroup_remove_parents(int root, const char *path)
{
	char parent[PATH_MAX];
	const char *name;
	int removed = 1;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	while (removed > 0 && (slash = strrchr(parent, '/')) && slash != parent) {
		int dir;

		*slash = '\0';
		dir = open_parent(root, parent, &name);
		removed = dir < 0 ? -1 : remove_parent(dir, name, parent);
		cgroup_close_below(root, dir);
		/* Another container of the same parents was faster. */
		if (removed < 0 && cgroup_is_gone(errno))
			removed = 1;
	}
	return removed < 0 ? -1 : 0;
}

/*
 * Waits until no process is left in the cgroup at dir and below it. The kernel tells by POLLPRI
 * that cgroup.events has changed since it was read.
 */
static int wait_until_empty(int dir, const char *path, int64_t deadline, struct error *e)
{
	struct pollfd events = {
		.fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC), .events = POLLPRI};
	int result = 0;

	if (events.fd < 0)
		return cgroup_is_gone(errno) ? 0
					     : error_sys(e, "opening cgroup.events of %s", path);
	for (;;) {
		char text[256];
		ssize_t n = pread(events.fd, text, sizeof(text) - 1, 0);
		int64_t left = deadline - now();

		if (n < 0 && !cgroup_is_gone(errno))
			result = error_sys(e, "reading cgroup.events of %s", path);
		text[n < 0 ? 0 : n] = '\0';
		if (!strstr(text, "populated 1"))
			break;
		if (left <= 0) {
			error_say(e, "cgroup %s still has processes after %d seconds", path,
				REMOVE_TIMEOUT / 1000);
			result = error_hint(e, "a process that the kernel cannot end now (state D "
					       "in ps) keeps it; try again later");
			break;
		}
		poll(&events, 1, left < EVENTS_AGAIN ? (int)left : EVENTS_AGAIN);
	}
	close(events.fd);
	return result;
}

/* The first directory in dir: the name of a child cgroup. False where there is none. */
static bool first_child(int dir, char name[NAME_MAX + 1])
{
	int fd = openat(dir, ".", CGROUP_DIR_FLAGS);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(list))) {
		found = entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0;
		if (found)
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
	}
	closedir(list);
	return found;
}

/*
 * Removes every cgroup below top, the deepest first. A container that may write to its cgroup can
 * nest them deeper than there are descriptors or stack, so this goes up by ".." and not by
 * recursion.
 */
static int remove_children(int top, const char *path, int64_t deadline, struct error *e)
{
	int dir = fcntl(top, F_DUPFD_CLOEXEC, 0), next, depth = 0;
	char name[NAME_MAX + 1];

	while (dir >= 0 && now() < deadline) {
		bool down = first_child(dir, name);

		if (!down && depth == 0) {
			close(dir);
			return 0;
		}
		if (down && (unlinkat(dir, name, AT_REMOVEDIR) == 0 || cgroup_is_gone(errno)))
			continue;
		next = openat(dir, down ? name : "..", CGROUP_DIR_FLAGS);
		close(dir);
		dir = next;
		depth += down ? 1 : -1;
	}
	if (dir < 0)
		return error_sys(e, "removing the cgroups below %s", path);
	close(dir);
	errno = ETIMEDOUT;
	return error_sys(e, "removing the cgroups below %s", path);
}

/* True where both are one cgroup; who is removed has no attributes any more (ENODEV). */
static bool is_same(int held, int dir)
{
	struct stat one, two;

	return fstat(held, &one) == 0 && fstat(dir, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

static int claimed(const struct cgroup_claim *claim, int dir, struct error *e)
{
	if (claim && claim->fd >= 0 && !is_same(claim->fd, dir))
		return 0;
	return claim && claim->may_end ? claim->may_end(claim->who, e) : 1;
}

/* Ends all processes, frozen ones too, and removes all descendants of the cgroup at dir. */
static int make_empty(int dir, const char *path, int64_t deadline, struct error *e)
{
	int result;

	/* A container that made its cgroup threaded cannot be killed so: it dies with its init. */
	if (small_file_write(dir, "cgroup.kill", "1") < 0 && !cgroup_is_gone(errno) &&
		errno != EOPNOTSUPP)
		result = error_sys(e, "writing 1 to cgroup.kill of %s", path);
	else
		result = wait_until_empty(dir, path, deadline, e);
	return result == 0 ? remove_children(dir, path, deadline, e) : result;
}

/* 1 once it is empty; 0 where it is not the caller's, or gone. */
static int empty_leaf(int parent, const char *name, const char *path,
	const struct cgroup_claim *claim, int64_t deadline, struct error *e)
{
	int dir = openat(parent, name, CGROUP_DIR_FLAGS), result;

	if (dir < 0)
		return cgroup_is_gone(errno) ? 0 : error_sys(e, "opening cgroup %s", path);
	result = claimed(claim, dir, e);
	if (result > 0 && make_empty(dir, path, deadline, e) < 0)
		result = -1;
	close(dir);
	return result;
}

/*
 * Most often the cgroup is empty by now and goes at the first try. ENOTDIR: a file of the cgroup
 * file system has that name, so there never was such a cgroup.
 */
static int remove_leaf(int parent, const char *name, const char *path,
	const struct cgroup_claim *claim, struct error *e)
{
	int64_t deadline = now() + REMOVE_TIMEOUT;
	int mine = 1;

	while (mine > 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && !cgroup_is_gone(errno) &&
		errno != ENOTDIR) {
		if (errno != EBUSY || now() >= deadline)
			return error_sys(e, "removing cgroup %s", path);
		mine = empty_leaf(parent, name, path, claim, deadline, e);
	}
	return mine < 0 ? -1 : 0;
}

int cgroup_remove_in(int root, const char *path, const struct cgroup_claim *claim, struct error *e)
{
	const char *name;
	int parent, result = 0;

	if (cgroup_check_path(path, e) < 0)
		return -1;
	parent = open_parent(root, path, &name);
	if (parent >= 0) {
		result = remove_leaf(parent, name, path, claim, e);
		cgroup_close_below(root, parent);
	} else if (!cgroup_is_gone(errno)) {
		result = error_sys(e, "opening the parent of cgroup %s", path);
	}
	if (result == 0 && cgroup_remove_parents(root, path) < 0)
		result = error_sys(e, "removing the parents of cgroup %s", path);
	return result;
}

int cgroup_remove(const char *path, const struct cgroup_claim *claim, struct error *e)
{
	int root, result;

	if (cgroup_check_path(path, e) < 0)
		return -1;
	root = cgroup_open_root(e);
	if (root < 0)
		return -1;
	result = cgroup_remove_in(root, path, claim, e);
	close(root);
	return result;
}
