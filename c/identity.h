/* identity.h: stage "identity": who the container's processes are outside (user namespace maps). */
#ifndef TWINBOX_IDENTITY_H
#define TWINBOX_IDENTITY_H

#include "container.h"

/* Room for the lines of a map: MAPPINGS_MAX of three numbers of 10 digits. */
enum { IDENTITY_TEXT_MAX = MAPPINGS_MAX * 36 };

/*
 * The n maps (MAPPINGS_MAX at most) as uid_map and gid_map take them, a line each; returns
 * their bytes. All of them go in one write(2), of which the kernel takes less than a page.
 */
size_t identity_text(const struct spec_idmap *maps, size_t n, char text[IDENTITY_TEXT_MAX]);

/* Parent: writes uid_map, setgroups and gid_map of the child (user_namespaces(7)). */
int identity_map(struct container *c, struct error *e);

/*
 * Child: becomes root of its user namespace where 0 is mapped, so that its mounts belong to it, and
 * then makes its ipc namespace.
 */
int identity_assume(struct container *c, struct error *e);

#endif
