/* namespaces.h: stage "namespaces" (parent): the container's first process in its namespaces. */
#ifndef TWINBOX_NAMESPACES_H
#define TWINBOX_NAMESPACES_H

#include "container.h"

/*
 * Starts the container's first process with clone3(2): new namespaces, born in its cgroup
 * (CLONE_INTO_CGROUP), with a pidfd. Namespaces with a path are joined first (setns(2)).
 * In the parent it returns 0 with c->pid, c->pidfd, c->sync_fd and c->error_fd set.
 * The child never returns from it: it runs container_child().
 */
int namespaces_create(struct container *c, struct error *e);

/* exec, child: the one namespace that is joined from inside the cgroup; closes c->target_fd. */
int namespaces_join_cgroup(struct container *c, struct error *e);

/* CLONE_NEW* of the namespaces that clone3(2) makes. In a user namespace the child makes its ipc
 * namespace itself: identity_assume(). */
uint64_t namespaces_flags(const struct spec *s);

/* "CLONE_NEWPID|CLONE_NEWUTS|" for -v: fills the size bytes at text and gives it. */
const char *namespaces_flag_names(uint64_t flags, char *text, size_t size);

/* A user namespace is joined first: it gives the capabilities to join those it owns. */
extern const enum namespace_id namespaces_join_order[NS_COUNT];

#endif
