/* gc.h: undo what a killed runtime left, whichever of the two it was. */
#ifndef TWINBOX_GC_H
#define TWINBOX_GC_H

#include "state.h"

/*
 * Ends the process, removes cgroup, link, pid file and state file of a container that nobody
 * holds. The caller has the lock. Touches nothing that the state does not name.
 */
int gc_container(const struct state *s, struct error *e);

/* Command `gc [--dry-run]`: each stale container, told on out; returns how many could not be undone. */
int gc_all(bool dry_run, FILE *out, struct error *e);

#endif
