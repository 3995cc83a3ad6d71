/*
 * mounts_prepare.h: first half of the stage "mounts": every mount is made, and none is attached.
 *
 * A detached mount (fsmount(2), open_tree(2) with OPEN_TREE_CLONE) is seen by nobody but who holds
 * its descriptor. It is made while the host's tree is still there, for three reasons: sources of
 * bind mounts are host paths; the kernel lets a user namespace mount proc and sysfs only while a
 * full one is visible to it (mount_too_revealing() in fs/namespace.c); and nothing in the rootfs
 * can redirect it.
 */
#ifndef TWINBOX_MOUNTS_PREPARE_H
#define TWINBOX_MOUNTS_PREPARE_H

#include "container.h"
#include "devices.h"

/* One mount of the spec on its way. */
struct mount_entry {
	const struct spec_mount *spec;
	int fd;	     /* the mount */
	bool is_dir; /* what its target must be */
	bool seal;   /* read-only at the end: what is mounted below it may need a directory made */
};

/* Everything the stage holds; mounts_setup() closes it. Descriptors are -1 while not open. */
struct mounts {
	int root; /* the rootfs: detached first, then the container's "/" */
	struct mount_entry *entries;
	size_t n;		    /* as many as the spec has, in its order */
	struct mount_entry *dev;    /* the tmpfs on /dev that gets the default devices; or NULL */
	int devpts;		    /* the last devpts of the entries, for the terminal; or -1 */
	int device_fds[DEVICES_N];  /* the host's, where this process may not make its own */
	int null_fd, empty_fd;	    /* what covers a masked file, and a masked directory */
	bool null_used, empty_used; /* attached once already */
};

/* m->root: the rootfs with what is mounted below it (AT_RECURSIVE), as a mount of its own. */
int mounts_prepare_root(struct container *c, struct mounts *m, struct error *e);

/* m->entries: one detached mount for each of the spec. */
int mounts_prepare(struct container *c, struct mounts *m, struct error *e);

/* A new file system of this type with nothing set but its source; options may be NULL. */
int mounts_filesystem(struct container *c, const char *type, const char *source,
	const struct strings *options, const char *mode, uint64_t attr, struct error *e);

#endif
