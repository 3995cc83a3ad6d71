/*
 * mounts_syscalls.h: the calls of the stage "mounts" in the shape it needs them, all on open files
 * and never on a path below the rootfs. go/mounts_syscalls.go has the same functions.
 *
 * fsopen(2), fsmount(2), open_tree(2), move_mount(2): Linux 5.2; openat2(2): 5.6;
 * mount_setattr(2): 5.12. glibc 2.36 has wrappers for all but openat2.
 */
#ifndef TWINBOX_MOUNTS_SYSCALLS_H
#define TWINBOX_MOUNTS_SYSCALLS_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Resolves path as if root were "/", and never through /proc/PID/fd and its like (magic links). */
#define RESOLVE_BELOW (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static inline int sys_open_below(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* A copy of the mount that fd stands on, from there down, attached nowhere. */
static inline int sys_clone_mount(int fd, unsigned int recursive)
{
	return open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive);
}

/* Attaches the mount to the target; both are open files. */
static inline int sys_attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_setattr(int mount, unsigned int recursive, struct mount_attr *attr)
{
	return mount_setattr(mount, "", AT_EMPTY_PATH | recursive, attr, sizeof(*attr));
}

#endif
