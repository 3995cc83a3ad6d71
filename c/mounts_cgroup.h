/*
 * mounts_cgroup.h: what a new mount of cgroup2 could take from the whole machine.
 *
 * There is one hierarchy, and options such as nsdelegate are the hierarchy's. A mount made from the
 * initial cgroup namespace sets them anew, so that one without them takes them from everybody
 * (Documentation/admin-guide/cgroup-v2.rst, "Mounting"). In any other namespace the kernel
 * ignores them.
 */
#ifndef TWINBOX_MOUNTS_CGROUP_H
#define TWINBOX_MOUNTS_CGROUP_H

#include "container.h"

/*
 * Gives the new cgroup2 file system fs the options that the hierarchy has now. Does nothing where
 * the container gets a cgroup namespace of its own.
 */
int mounts_cgroup_options(struct container *c, int fs, struct error *e);

#endif
