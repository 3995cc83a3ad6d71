/* privileges.h: stage "privileges": what the container's processes may do. */
#ifndef TWINBOX_PRIVILEGES_H
#define TWINBOX_PRIVILEGES_H

#include "container.h"

/*
 * Parent: oom_score_adj of c->pid, which execve(2) keeps. Here and not in the child, because the
 * child has the container's /proc by then, or none. Does nothing where the spec has none.
 */
int privileges_adjust_oom(struct container *c, struct error *e);

/*
 * Parent, before the child is there: raises its own hard limits to those of the spec, for the child
 * to inherit. In a user namespace nobody may raise one (CAP_SYS_RESOURCE of the initial one,
 * setrlimit(2)); without one this does nothing, as the child then raises them by itself. The soft
 * limits stay. No error: what the runtime may not raise either, privileges_drop tells.
 */
void privileges_raise_limits(struct container *c);

/*
 * Child, in this order: rlimits (setrlimit(2)), umask, bounding set (prctl(2)), the owner of the
 * streams (fchown(2)), supplementary groups, gid, uid (setgroups(2), setresgid(2), setresuid(2))
 * with the capabilities kept (PR_SET_KEEPCAPS), the other four sets (capset(2), PR_CAP_AMBIENT), a
 * session keyring of its own (keyctl(2)), no_new_privs, parent-death signal again (a change of uid
 * clears it), and every descriptor over 2 closed on exec (close_range(2)).
 *
 * A spec without process.capabilities gets none at all, for root too: runc and crun do the same.
 * After a change of uid the caller must make sure that the parent still lives.
 */
int privileges_drop(struct container *c, struct error *e);

#endif
