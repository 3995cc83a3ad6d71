/* cleanup.h: stage "cleanup" (parent): everything the container had is gone again. */
#ifndef TWINBOX_CLEANUP_H
#define TWINBOX_CLEANUP_H

#include "container.h"

/*
 * Ends what still runs, removes cgroup, link, pid file and, last, the state file; goes on after a
 * failure so that one stuck resource does not keep the others, and reports the first.
 */
int cleanup_container(struct container *c, struct error *e);

#endif
