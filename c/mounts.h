/*
 * mounts.h: stage "mounts" (child): what the container sees as its files.
 *
 * Prepare outside, attach inside: before pivot_root(2) nothing is mounted by a string path below
 * the rootfs, which is untrusted. Sources become detached mounts (fsopen(2), fsmount(2),
 * open_tree(2)); after pivot_root they are attached with move_mount(2) to targets opened with
 * openat2(2) and RESOLVE_IN_ROOT.
 */
#ifndef TWINBOX_MOUNTS_H
#define TWINBOX_MOUNTS_H

#include "container.h"

/*
 * Private propagation, rootfs, spec mounts, /dev nodes, masked and read-only paths, working
 * directory. With c->new_terminal it also opens the container's terminal (console_open()).
 * New mount namespace: pivot_root, or move and chroot with c->no_pivot. Without a mount namespace:
 * chroot only. Joined mount namespace (path): that namespace's own root.
 */
int mounts_setup(struct container *c, struct error *e);

#endif
