/* identity.h: stage "identity": who the container's processes are outside (user namespace maps). */
#ifndef TWINBOX_IDENTITY_H
#define TWINBOX_IDENTITY_H

#include "container.h"

/* Parent: writes uid_map, setgroups and gid_map of the child (user_namespaces(7)). */
int identity_map(struct container *c, struct error *e);

/*
 * Child: becomes root of its user namespace where 0 is mapped, so that its mounts belong to it, and
 * then makes its ipc namespace.
 */
int identity_assume(struct container *c, struct error *e);

#endif
