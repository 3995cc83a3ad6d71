/* rootfs.c: files in the untrusted rootfs, see rootfs.h. go/rootfs.go does the same. */
#include "rootfs.h"

#include "mounts_syscalls.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int rootfs_open(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	int fd;

	/* EAGAIN: a rename or mount elsewhere made ".." unsafe to judge; openat2(2) says try again.
	 */
	do {
		fd = sys_open_below(root, path, flags | O_PATH, resolve);
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

/* Makes one file or directory in parent and opens what was made, nothing else (O_NOFOLLOW). */
static int rootfs_make_one(int parent, const char *name, bool is_dir)
{
	int fd;

	if (is_dir)
		return mkdirat(parent, name, 0755) < 0
			       ? -1
			       : openat(parent, name,
					 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	close(fd);
	return openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Opens path or, where it is missing, first its parent and then makes it there. EEXIST: a link that
 * leads nowhere, or another container on this rootfs was faster; a second look tells which.
 */
static int rootfs_open_or_make(int root, char *path, bool is_dir, uint64_t resolve)
{
	const uint64_t flags = is_dir ? O_DIRECTORY : 0;
	int fd = rootfs_open(root, path, flags, resolve);
	char *slash = strrchr(path, '/');
	char top[] = "/";
	int parent, saved;

	if (fd >= 0 || errno != ENOENT || !slash || !slash[1])
		return fd;
	*slash = '\0';
	parent = rootfs_open_or_make(root, slash == path ? top : path, true, resolve);
	*slash = '/';
	if (parent < 0)
		return -1;
	fd = rootfs_make_one(parent, slash + 1, is_dir);
	saved = errno;
	close(parent);
	errno = saved;
	if (fd >= 0 || errno != EEXIST)
		return fd;
	fd = rootfs_open(root, path, flags, resolve);
	if (fd < 0 && errno == ENOENT)
		errno = EEXIST;
	return fd;
}

int rootfs_make(int root, const char *path, bool is_dir, uint64_t resolve, struct error *e)
{
	char copy[PATH_MAX];
	int fd;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return error_sys(e, "opening %s in the rootfs", path);
	}
	fd = rootfs_open_or_make(root, copy, is_dir, resolve);
	if (fd >= 0)
		return fd;
	error_sys(e, "opening %s in the rootfs", path);
	if (errno == EROFS || errno == EACCES)
		error_hint(e, "it is missing and cannot be made there; make it in the rootfs");
	if (errno == ELOOP)
		error_hint(
			e, "this must be an ordinary directory of the rootfs, not a symbolic link");
	if (errno == EEXIST)
		error_hint(e, "a symbolic link that leads nowhere is in the way");
	return -1;
}
