/* privileges.h: stage "privileges" (child): what the container's processes may do. */
#ifndef TWINBOX_PRIVILEGES_H
#define TWINBOX_PRIVILEGES_H

#include "container.h"

/*
 * In this order: oom_score_adj, rlimits (setrlimit(2)), bounding set (prctl(2)), supplementary
 * groups, gid, uid (setgroups(2), setresgid(2), setresuid(2)) with the capabilities kept
 * (PR_SET_KEEPCAPS), the other four sets (capset(2), PR_CAP_AMBIENT), no_new_privs, parent-death
 * signal again (a change of uid clears it), and every descriptor over 2 closed on exec
 * (close_range(2)).
 */
int privileges_drop(struct container *c, struct error *e);

#endif
