/* cgroup_files.c: see cgroup_files.h. */
#include "cgroup_files.h"

#include "container.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

bool cgroup_is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV;
}

/* statfs(2) tells cgroup v2 from the tmpfs that holds the hierarchies of v1. */
int cgroup_open_root(struct error *e)
{
	int fd = open(CGROUP_ROOT, CGROUP_DIR_FLAGS);
	struct statfs fs = {0};

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		error_sys(e, "opening %s", CGROUP_ROOT);
	else if (fs.f_type != CGROUP2_SUPER_MAGIC)
		error_say(e, "%s is not a cgroup v2 file system", CGROUP_ROOT);
	else
		return fd;
	/* Any other error says nothing about what is mounted there. */
	if (fs.f_type == TMPFS_MAGIC)
		error_hint(e, "this machine mounts cgroup v1 controllers; the lab (make lab) has "
			      "cgroup v2");
	else if (fs.f_type || errno == ENOENT)
		error_hint(e, "mount it with `mount -t cgroup2 none " CGROUP_ROOT
			      "`, or use the lab (make lab)");
	if (fd >= 0)
		close(fd);
	return -1;
}

void cgroup_close_below(int root, int dir)
{
	int saved = errno;

	if (dir >= 0 && dir != root)
		close(dir);
	errno = saved;
}

int cgroup_check_path(const char *path, struct error *e)
{
	const char *p = path;

	while (*p == '/') {
		size_t n = strcspn(++p, "/");

		if (n == 0 || n > NAME_MAX || strspn(p, ".") == n)
			return error_say(
				e, "cgroup path %s: every part must be a plain name", path);
		p += n;
	}
	if (path[0] != '/')
		return error_say(e, "cgroup path %s: must begin with a slash", path);
	if (strlen(path) >= PATH_MAX)
		return error_say(e, "cgroup path is too long");
	return 0;
}

bool cgroup_next_name(const char **path, char name[NAME_MAX + 1])
{
	size_t n;

	if (**path != '/')
		return false;
	n = strcspn(++*path, "/");
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n;
	return true;
}
