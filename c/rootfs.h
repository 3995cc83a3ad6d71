/*
 * rootfs.h: finds and makes files in the rootfs, which is untrusted: any name in it may be a
 * symbolic link to anywhere. Every lookup is an openat2(2) that takes root as "/".
 */
#ifndef TWINBOX_ROOTFS_H
#define TWINBOX_ROOTFS_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens path below root (O_PATH plus flags); resolve is RESOLVE_BELOW or more of openat2(2).
 * Returns a descriptor, the caller's to close, or -1 with errno and no message.
 */
int rootfs_open(int root, const char *path, uint64_t flags, uint64_t resolve);

/*
 * The same, and makes what is missing: directories (0755), and a file (0644, empty) at the end
 * where is_dir is false. This writes into the rootfs itself, as runc and crun do; it stays there.
 */
int rootfs_make(int root, const char *path, bool is_dir, uint64_t resolve, struct error *e);

#endif
