/*
 * mounts.c: stage "mounts", the story; go/mounts.go tells it line for line. The order is in
 * new_steps[] at the end:
 *
 *   outside  mounts_prepare.c   everything is made, nothing is attached
 *            mounts_enter()     the rootfs becomes "/", the host's tree is gone
 *   inside   mounts_attach()    each mount goes to its target, which rootfs.c finds
 *            mounts_seal()      the root and tmpfs become read-only
 *            mounts_mask.c      read-only and masked paths
 */
#include "mounts.h"

#include "console.h"
#include "events.h"
#include "mounts_mask.h"
#include "mounts_prepare.h"
#include "mounts_syscalls.h"
#include "rootfs.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

typedef int mounts_step(struct container *c, struct mounts *m, struct error *e);

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The newest call that is needed stands for all: with bad arguments it fails, but not so. */
static int mounts_check_kernel(struct container *c, struct mounts *m, struct error *e)
{
	struct mount_attr none = {0};

	(void)c;
	(void)m;
	if (sys_setattr(-1, 0, &none) < 0 && errno == ENOSYS) {
		error_sys(e, "the kernel has no mount_setattr");
		return error_hint(e, "Linux 5.12 or newer is needed");
	}
	return 0;
}

/*
 * A new mount namespace is a copy whose mounts still propagate to their originals: what is mounted
 * here would appear on the host (mount_namespaces(7)). Private and not slave: nothing that happens
 * on the host shall appear in the container either.
 */
static int mounts_private(struct container *c, struct mounts *m, struct error *e)
{
	(void)m;
	events_call(c, "mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	error_sys(e, "making the mount namespace private");
	/* mount(2): EINVAL, a change of propagation asked for what is not a mount point. */
	if (e->errnum == EINVAL)
		error_hint(e, "/ is not a mount here, as in a chroot; before the chroot: "
			      "mount --bind DIR DIR");
	return -1;
}

/* The container's terminal: from its own devpts, or else the host's while that can be reached. */
static int mounts_console(struct container *c, struct mounts *m, struct error *e)
{
	return c->new_terminal ? console_open(c, m->devpts, e) : 0;
}

/*
 * exec: the devpts of a mount namespace that is at work already, found anew: what was seen from
 * outside may have been replaced meanwhile (CVE-2025-52565).
 */
static int mounts_devpts(struct container *c, struct mounts *m, struct error *e)
{
	int root;

	if (!c->new_terminal || !c->enters || c->console_fd >= 0)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->root = m->devpts = root < 0 ? -1 : console_find_devpts(root);
	close_if_open(root);
	return m->devpts < 0 ? error_say(e, "the container's /dev/pts is no devpts") : 0;
}

/* No pivot_root(2): where "/" is the kernel's first rootfs, it refuses (EINVAL). */
static int mounts_enter_chroot(struct container *c, struct error *e)
{
	events_call(c, "chroot(\".\")");
	if (chroot(".") < 0)
		return error_sys(e, "changing the root to %s", c->rootfs);
	return 0;
}

/*
 * pivot_root(2), "pivot_root(".", ".")": old and new root stand on the same place for a moment and
 * no directory for the old one is needed in the rootfs. Then "." is the old one, which goes.
 */
static int mounts_enter_pivot(struct container *c, struct error *e)
{
	events_call(c, "pivot_root(\".\", \".\")");
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		error_sys(e, "changing the root to %s", c->rootfs);
		return errno == EINVAL ? error_hint(e, "try --no-pivot") : -1;
	}
	events_call(c, "umount2(\".\", MNT_DETACH)");
	if (umount2(".", MNT_DETACH) < 0)
		return error_sys(e, "detaching the host's root");
	return 0;
}

/*
 * The rootfs goes on top of "/", so that nothing ever is attached to a path below it, and becomes
 * the root. With --no-pivot the host's tree stays mounted underneath, out of reach only as long as
 * the container cannot leave a chroot(2): that is why it is not the default.
 */
static int mounts_enter(struct container *c, struct mounts *m, struct error *e)
{
	events_call(c, "move_mount(\"%s\", \"/\")", c->rootfs);
	if (move_mount(m->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_sys(e, "mounting the rootfs %s", c->rootfs);
	if (fchdir(m->root) < 0)
		return error_sys(e, "entering the rootfs %s", c->rootfs);
	events_fact(c, "enter", "%s", c->no_pivot ? "chroot" : "pivot_root");
	return c->no_pivot ? mounts_enter_chroot(c, e) : mounts_enter_pivot(c, e);
}

/*
 * Opens, and makes where it is missing, what a mount goes on. proc and sysfs only go on a directory
 * that is really there: a rootfs whose /proc is a link would have everything that trusts /proc look
 * at a file of its choice (CVE-2019-19921, CVE-2019-16884). For the same reason no other mount
 * follows a link into proc (CVE-2025-52881): only a destination that says so may be there.
 */
static int mounts_target(struct mounts *m, const struct mount_entry *entry, struct error *e)
{
	const char *destination = entry->spec->destination;
	bool strict =
		strcmp(entry->spec->type, "proc") == 0 || strcmp(entry->spec->type, "sysfs") == 0;
	int target = rootfs_make(m->root, destination, entry->is_dir,
		RESOLVE_BELOW | (strict ? RESOLVE_NO_SYMLINKS : 0), e);
	struct statfs fs;
	struct stat st;

	if (target < 0)
		return -1;
	/* A directory was opened as one; for a file anything may be there. */
	if (fstatfs(target, &fs) < 0 || (!entry->is_dir && fstat(target, &st) < 0)) {
		error_sys(e, "reading the file system of %s", destination);
	} else if (!entry->is_dir && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		error_sys(e, "mounting a file on %s", destination);
	} else if (fs.f_type == PROC_SUPER_MAGIC && strncmp(destination, "/proc/", 6) != 0) {
		error_say(e, "mounting on %s: a symbolic link in the rootfs leads into /proc",
			destination);
	} else {
		return target;
	}
	close(target);
	return -1;
}

static int mounts_attach_one(
	struct container *c, struct mounts *m, const struct mount_entry *entry, struct error *e)
{
	const char *destination = entry->spec->destination;
	int target = mounts_target(m, entry, e), rc;

	if (target < 0)
		return -1;
	events_call(c, "move_mount(\"%s\")", destination);
	rc = sys_attach(entry->fd, target);
	if (rc < 0)
		error_sys(e, "mounting %s on %s", entry->spec->type, destination);
	close(target);
	if (rc == 0 && entry == m->dev)
		rc = devices_attach(c, entry->fd, m->device_fds, e);
	return rc;
}

static int mounts_attach(struct container *c, struct mounts *m, struct error *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (mounts_attach_one(c, m, &m->entries[i], e) < 0)
			return -1;
	events_fact(c, "mounts", "%zu", m->n);
	return c->new_terminal && m->dev && m->devpts >= 0 ? devices_console(c, m->dev->fd, e) : 0;
}

/* runc and crun make a working directory that is missing; so do we, while the root can be written.
 */
static int mounts_make_cwd(struct container *c, struct mounts *m, struct error *e)
{
	const char *cwd = c->spec->process.cwd;
	int fd;

	if (strcmp(cwd, "/") == 0)
		return 0;
	fd = rootfs_make(m->root, cwd, true, RESOLVE_BELOW, e);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Read-only comes last: until here a directory for a mount may have had to be made. */
static int mounts_seal(struct container *c, struct mounts *m, struct error *e)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

	for (size_t i = 0; i < m->n; i++) {
		const char *destination = m->entries[i].spec->destination;

		if (!m->entries[i].seal)
			continue;
		events_call(c, "mount_setattr(\"%s\", MOUNT_ATTR_RDONLY)", destination);
		if (sys_setattr(m->entries[i].fd, 0, &readonly) < 0)
			return error_sys(e, "making %s read-only", destination);
	}
	if (!c->spec->root.readonly)
		return 0;
	events_call(c, "mount_setattr(\"/\", MOUNT_ATTR_RDONLY)");
	if (sys_setattr(m->root, 0, &readonly) < 0)
		return error_sys(e, "making / read-only");
	return 0;
}

/* Without a mount namespace of its own the container shares the host's mounts below the rootfs. */
static int mounts_chroot(struct container *c, struct mounts *m, struct error *e)
{
	m->root = open(c->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (m->root < 0)
		return error_sys(e, "opening rootfs %s", c->rootfs);
	if (fchdir(m->root) < 0)
		return error_sys(e, "entering the rootfs %s", c->rootfs);
	events_fact(c, "root", "%s", c->rootfs);
	events_fact(c, "enter", "chroot");
	return mounts_enter_chroot(c, e);
}

/*
 * The kernel marks a directory outside the root with "(unreachable)" in front, getcwd(2); a
 * container that begins there walks out to the host by ".." (CVE-2024-21626).
 */
static int mounts_cwd(struct container *c, struct mounts *m, struct error *e)
{
	const char *cwd = c->spec->process.cwd;
	char actual[PATH_MAX];

	(void)m;
	events_call(c, "chdir(\"%s\")", cwd);
	if (chdir(cwd) < 0)
		return error_sys(e, "entering the working directory %s", cwd);
	if (syscall(SYS_getcwd, actual, sizeof(actual)) < 0)
		return error_sys(e, "checking the working directory %s", cwd);
	if (actual[0] != '/')
		return error_say(e, "the working directory %s is outside the rootfs", cwd);
	return 0;
}

/* A mount namespace of its own. */
static mounts_step *const new_steps[] = {
	mounts_check_kernel,
	mounts_private,
	mounts_prepare_root,
	mounts_prepare,
	mask_prepare,
	mounts_console,
	mounts_enter, /* from here on the host's files are gone */
	mounts_attach,
	mounts_make_cwd,
	mounts_seal,
	mask_readonly_paths,
	mask_paths,
	mounts_cwd,
	NULL,
};

/* The caller's mount namespace: nothing is mounted, the host would see it. */
static mounts_step *const same_steps[] = {
	mounts_check_kernel,
	mounts_console,
	mounts_chroot,
	mounts_make_cwd,
	mounts_cwd,
	NULL,
};

/* Somebody's mount namespace, joined by path: it came with its root. */
static mounts_step *const joined_steps[] = {mounts_devpts, mounts_console, mounts_cwd, NULL};

/* exec, where the container has none: its root is as the first process found it. */
static mounts_step *const same_again_steps[] = {mounts_console, mounts_chroot, mounts_cwd, NULL};

static mounts_step *const *mounts_steps(const struct container *c)
{
	if (spec_makes(c->spec, NS_MOUNT))
		return new_steps;
	if (c->spec->namespaces[NS_MOUNT].wanted)
		return joined_steps;
	return c->enters ? same_again_steps : same_steps;
}

static void mounts_close(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		close_if_open(m->entries[i].fd);
	for (size_t i = 0; i < DEVICES_N; i++)
		close_if_open(m->device_fds[i]);
	close_if_open(m->root);
	close_if_open(m->null_fd);
	close_if_open(m->empty_fd);
	free(m->entries);
}

int mounts_setup(struct container *c, struct error *e)
{
	struct mounts m = {.root = -1, .devpts = -1, .null_fd = -1, .empty_fd = -1};
	int rc = 0;

	for (size_t i = 0; i < DEVICES_N; i++)
		m.device_fds[i] = -1;
	for (mounts_step *const *step = mounts_steps(c); *step && rc == 0; step++)
		rc = (*step)(c, &m, e);
	mounts_close(&m);
	return rc;
}
