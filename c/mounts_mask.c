/* mounts_mask.c: masked and read-only paths, see mounts_mask.h. go/mounts_mask.go does the same. */
#include "mounts_mask.h"

#include "events.h"
#include "mounts_syscalls.h"
#include "rootfs.h"

#include <errno.h>
#include <sys/stat.h>

int mask_prepare(struct container *c, struct mounts *m, struct error *e)
{
	static const struct strings options = {.n = 0};
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

	if (c->spec->masked_paths.n == 0)
		return 0;
	/* From the host and not from the rootfs, which could hold any file there (CVE-2025-31133).
	 */
	m->null_fd = devices_clone(c, DEVICE_NULL, e);
	if (m->null_fd < 0)
		return -1;
	if (sys_setattr(m->null_fd, 0, &readonly) < 0)
		return error_sys(e, "making /dev/null read-only for masked paths");
	m->empty_fd = mounts_filesystem(c, "tmpfs", "tmpfs", &options, "", MOUNT_ATTR_RDONLY, e);
	return m->empty_fd < 0 ? -1 : 0;
}

/* 1 and *fd where path exists, 0 where it does not. */
static int mask_find(struct mounts *m, const char *path, int *fd, struct error *e)
{
	*fd = rootfs_open(m->root, path, 0, RESOLVE_BELOW);
	if (*fd >= 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_sys(e, "opening %s", path);
}

static int mask_readonly_one(struct container *c, const char *path, int target, struct error *e)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
	int rc = -1, copy;

	events_call(c, "open_tree(\"%s\", OPEN_TREE_CLONE|AT_RECURSIVE)", path);
	copy = sys_clone_mount(target, AT_RECURSIVE);
	if (copy < 0)
		return error_sys(e, "copying %s", path);
	events_call(c, "mount_setattr(\"%s\", MOUNT_ATTR_RDONLY)", path);
	if (sys_setattr(copy, AT_RECURSIVE, &readonly) < 0) {
		error_sys(e, "making %s read-only", path);
		goto out;
	}
	events_call(c, "move_mount(\"%s\")", path);
	rc = sys_attach(copy, target);
	if (rc < 0)
		error_sys(e, "mounting %s read-only", path);
out:
	close(copy);
	return rc;
}

/*
 * The first path gets the prepared mount itself, each further one a copy of it: before Linux 6.15
 * only a mount that is attached somewhere can be copied.
 */
static int mask_cover(
	struct container *c, const char *path, int target, int fd, bool *used, struct error *e)
{
	int mount = *used ? sys_clone_mount(fd, 0) : fd;
	int rc;

	if (mount < 0)
		return error_sys(e, "copying the mask for %s", path);
	events_call(c, "move_mount(\"%s\")", path);
	rc = sys_attach(mount, target);
	if (rc < 0)
		error_sys(e, "masking %s", path);
	if (mount != fd)
		close(mount);
	*used = true;
	return rc;
}

static int mask_one(
	struct container *c, struct mounts *m, const char *path, int target, struct error *e)
{
	struct stat st;

	if (fstat(target, &st) < 0)
		return error_sys(e, "reading the type of %s", path);
	if (S_ISDIR(st.st_mode))
		return mask_cover(c, path, target, m->empty_fd, &m->empty_used, e);
	return mask_cover(c, path, target, m->null_fd, &m->null_used, e);
}

int mask_readonly_paths(struct container *c, struct mounts *m, struct error *e)
{
	const struct strings *paths = &c->spec->readonly_paths;
	int count = 0;

	for (size_t i = 0; i < paths->n; i++) {
		int target, rc = mask_find(m, paths->v[i], &target, e);

		if (rc > 0) {
			count++;
			rc = mask_readonly_one(c, paths->v[i], target, e);
			close(target);
		}
		if (rc < 0)
			return -1;
	}
	events_fact(c, "readonly", "%d", count);
	return 0;
}

int mask_paths(struct container *c, struct mounts *m, struct error *e)
{
	const struct strings *paths = &c->spec->masked_paths;
	int count = 0;

	for (size_t i = 0; i < paths->n; i++) {
		int target, rc = mask_find(m, paths->v[i], &target, e);

		if (rc > 0) {
			count++;
			rc = mask_one(c, m, paths->v[i], target, e);
			close(target);
		}
		if (rc < 0)
			return -1;
	}
	events_fact(c, "masked", "%d", count);
	return 0;
}
