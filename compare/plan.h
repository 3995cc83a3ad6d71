/*
 * plan.h: what one comparison is made of: the spec, the rootfs, and where things lie.
 *
 * The spec is read here as plain JSON, not through libcbox: the judge must not share a parser,
 * and so its mistakes, with one of the judged.
 */
#ifndef TWINBOX_COMPARE_PLAN_H
#define TWINBOX_COMPARE_PLAN_H

#include "error.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#define RUN_NAME     "compare" /* --name of every container that compare starts */
#define CGROUP_MOUNT "/sys/fs/cgroup"

struct plan {
	char root[PATH_MAX];	/* the project: where shared/specs lies */
	char bin[PATH_MAX];	/* directory of this program, and of cbox and gobox */
	char results[PATH_MAX]; /* build/compare */
	char rootfs[PATH_MAX];
	char spec_path[PATH_MAX];
	char scratch[PATH_MAX]; /* temporary directory: bundles, pid files, events */
	int lock;		/* held while compare runs: names and addresses are there once */
	json_t *spec;
	char cgroup[PATH_MAX]; /* below CGROUP_MOUNT; empty: the spec wants none */
	const char *host_link; /* veth names; NULL: no veth */
	const char *peer_link;
	bool quick;	   /* leave out what has to be tried: network, limits, exec, lifecycle */
	const char *only;  /* of those, try only this one; NULL: all */
	const char *via;   /* --via of the column bridge; NULL: all=c */
	char *host_mounts; /* /proc/self/mountinfo as it was at the beginning */
};

/* Fills in root, bin and results only: where things lie, for what starts no container. */
int plan_places(struct plan *p, struct error *e);

/*
 * Fills in the paths (spec_path and rootfs may be NULL: defaults), reads the spec, makes the
 * directory of the results and takes its lock: a second compare is refused.
 */
int plan_make(struct plan *p, const char *spec_path, const char *rootfs, struct error *e);

/*
 * The same plan from the same spec without its CPU quota, for what is tried and has nothing to do
 * with CPU: under a fifth of one, every start takes five times as long. Freed by plan_free_eased().
 */
int plan_ease(const struct plan *p, struct plan *eased, struct error *e);
void plan_free_eased(struct plan *eased);

/* Removes the scratch directory. */
void plan_free(struct plan *p);

/* True when linux.namespaces lists type (with or without a path). */
bool plan_namespace(const struct plan *p, const char *type);

/* A whole file of any kind (proc files say no size), malloc'd and ended by NUL; NULL: errno. */
char *read_whole(int dirfd, const char *path, size_t *n);

#endif
