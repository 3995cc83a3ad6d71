/* gc.h: undo what a killed runtime left, whichever of the two it was. */
#ifndef TWINBOX_GC_H
#define TWINBOX_GC_H

#include "state.h"

/*
 * Ends the process, removes cgroup, link, pid file and, once all of that is gone, the state file
 * of a container that nobody holds. The caller has the lock. Touches nothing that the state does
 * not name, and nothing that a container alive names too. Goes on after a failure and reports the
 * first.
 */
int gc_container(const struct state *s, struct error *e);

/*
 * Command `gc [--dry-run]`: each stale container, told on out; returns how many could not be
 * undone, with the first failure in e.
 */
int gc_all(bool dry_run, FILE *out, struct error *e);

/*
 * 1 where a living container other than the one called name has cgroup, or one below it; 0 where
 * none has; -1 with e where that could not be learned.
 */
int gc_alive_uses(const char *name, const char *cgroup, struct error *e);

/*
 * Removes the pid file where it still holds pid or nothing: the name alone could be what somebody
 * made after the container's was gone.
 */
int gc_remove_pid_file(const char *path, pid_t pid, struct error *e);

/*
 * Kills the process behind pidfd (SIGKILL) and waits until it has ended, 10 seconds at most. No
 * error where it has ended already.
 */
int gc_kill(int pidfd, struct error *e);

/*
 * 1 where there is something of that name, 0 where there is not, -1 with e where that could not be
 * learned: taken for "nothing" it would be forgotten, or taken over.
 */
int gc_path_exists(const char *path, struct error *e);

#endif
