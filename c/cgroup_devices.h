/* cgroup_devices.h: which device files the container's processes can open. */
#ifndef TWINBOX_CGROUP_DEVICES_H
#define TWINBOX_CGROUP_DEVICES_H

#include "container.h"

/*
 * Attaches to the cgroup at dir a program that the kernel asks whenever one of its processes opens
 * a device file: yes for the devices of /dev, for terminals and for what the spec binds; no for
 * everything else, wherever the file is and whoever made it. mknod(2) itself stays allowed. It
 * goes with the cgroup. Sources: bpf(2), Documentation/admin-guide/cgroup-v2.rst, "Device
 * controller".
 */
int cgroup_devices_restrict(struct container *c, int dir, struct error *e);

#endif
