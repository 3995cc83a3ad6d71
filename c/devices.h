/*
 * devices.h: the default devices and links of /dev (OCI runtime specification, config-linux.md,
 * "Default Devices"; and "Dev symbolic links" in runtime-linux.md).
 */
#ifndef TWINBOX_DEVICES_H
#define TWINBOX_DEVICES_H

#include "container.h"

enum { DEVICES_N = 6, DEVICE_NULL = 0 };

/*
 * Makes devices and links in the tmpfs dev, which is detached still: nobody else sees it yet.
 * Where the kernel refuses mknod(2) (a user namespace), the host's devices are cloned into
 * clones[] and empty files stand for them until devices_attach().
 */
int devices_create(struct container *c, int dev, int clones[DEVICES_N], struct error *e);

/* Mounts the clones over their files, once dev is attached; nothing where there are none. */
int devices_attach(struct container *c, int dev, const int clones[DEVICES_N], struct error *e);

/*
 * Mounts the container's terminal (c->console_fd, of its own devpts, which is attached already) on
 * dev's "console", as runc and crun have it.
 */
int devices_console(struct container *c, int dev, struct error *e);

/*
 * A detached mount of one of the host's devices: DEVICE_NULL or another index of devices.c's table.
 * Only what really is that device (type and number) is taken. Call it before the root changes.
 */
int devices_clone(struct container *c, int index, struct error *e);

#endif
