/* cgroup.h: stage "cgroup" (parent): the container's own cgroup v2, its controllers and limits. */
#ifndef TWINBOX_CGROUP_H
#define TWINBOX_CGROUP_H

#include "container.h"

/*
 * Makes c->cgroup (mkdirat), enables the controllers it needs on the way, writes the limits of
 * linux.resources and opens the directory as c->cgroup_fd for CLONE_INTO_CGROUP (clone3(2)).
 * Does nothing where c->cgroup is empty. An existing cgroup of that name is an error (EEXIST).
 * After a failure nothing of it is left and c->cgroup_fd is -1: only a container whose cgroup_fd
 * is open owns its cgroup. Undone by cgroup_remove().
 * Source: Documentation/admin-guide/cgroup-v2.rst.
 */
int cgroup_create(struct container *c, struct error *e);

/*
 * Fills c->cgroup from the spec: linux.cgroupsPath without doubled slashes, /twinbox/NAME where
 * only resources are given, or "" where neither is.
 */
int cgroup_path(struct container *c, struct error *e);

/*
 * exec: opens the cgroup of c->target_pid as c->cgroup_fd, for the next one to be born in:
 * c->cgroup, or one that the container has made below it. Does nothing where c->cgroup is empty.
 */
int cgroup_open(struct container *c, struct error *e);

/*
 * Whose a cgroup is that holds processes or descendants: by its path alone it could be one that
 * somebody made after the container's was gone.
 */
struct cgroup_claim {
	int fd; /* the cgroup itself, where the caller has held it; else -1 */
	/* Asked before anything in it is ended: 1 to go on, 0 to leave it, -1 with e. NULL: go on.
	 */
	int (*may_end)(const void *who, struct error *e);
	const void *who; /* may_end's argument */
};

/*
 * Ends every process in the cgroup at path (below CGROUP_ROOT; cgroup.kill), waits until it is
 * empty (cgroup.events, 10 seconds at most), removes it with its descendants, then each parent
 * that is empty and that a runtime of ours has made. A cgroup that is gone already, or that the
 * claim (NULL: none) does not hold for, is no error.
 */
int cgroup_remove(const char *path, const struct cgroup_claim *claim, struct error *e);

/* The same for who has CGROUP_ROOT open. */
int cgroup_remove_in(int root, const char *path, const struct cgroup_claim *claim, struct error *e);

/*
 * 0 when CGROUP_ROOT is a cgroup v2 with the controllers that c needs, opened as c->cgroup_root
 * where it needs any cgroup; else -1, e says what to do.
 */
int cgroup_check(struct container *c, struct error *e);

#endif
