/*
 * bridge.h: libcbox behind Go's functions; what is C in go/bridge.
 *
 * A stage gets a struct container of its own for the time of one call: Go fills it with what the
 * stages read (numbers, descriptors, four strings), calls the stage and takes back what the stages
 * write. Only these cross; Go's memory is never seen by C and C's is not kept in Go.
 *
 * The spec does not cross at all. C reads the same bytes of the same file with its own parser, as
 * cbox does. Copying Go's structures over field by field would be 60 lines that hide a mistake of
 * either parser; so a stage of C works by what C understood, and that both understood the same is
 * what the fuzzer holds (differential_test.go).
 */
#ifndef TWINBOX_BRIDGE_H
#define TWINBOX_BRIDGE_H

#include "container.h"
#include "error.h"
#include "spec.h"

/* One call of a stage. */
struct call {
	struct container container;
	struct error error;
};

/* An empty one, from malloc(3); the caller frees it with call_free(). Never NULL: without memory it
 * ends the process, as Go does. */
struct call *call_new(const struct spec *spec);

/* Frees it with its strings. Descriptors are the caller's. */
void call_free(struct call *c);

/* Runs stage on it: 0, or -1 and c->error. */
int call_run(struct call *c, int (*stage)(struct container *c, struct error *e));

/*
 * What becomes of the second self's descriptors from 3 on: the order of go/child.go. CHILD_PROCS,
 * the terminal and what the constructor uses up itself are there for `exec` alone.
 */
enum {
	CHILD_SYNC,
	CHILD_ERROR,
	CHILD_LOG,
	CHILD_EVENTS,
	CHILD_PIDS,
	CHILD_PROCS = CHILD_PIDS, /* its cgroup.procs */
	CHILD_CONSOLE,
	CHILD_TARGET, /* pidfd of the container's first process */
	CHILD_CGROUP, /* directory of its cgroup */
	CHILD_FILES,
};
#define CHILD_FIRST_FD 3

/* argv[0] of a second self that join.c shall have first; joinsName in go/child.go. */
#define CHILD_JOINS "twinbox-joins"

/* What the parent tells join.c over the socket pair ... */
struct join_order {
	int flags;	/* CLONE_NEW* to join */
	bool in_cgroup; /* CHILD_CGROUP is there */
};

/* ... and what it hears: who the new process is, or where it ended and why. */
enum join_step { JOIN_CGROUP, JOIN_NAMESPACES, JOIN_PROCESS };
struct join_report {
	enum join_step step;
	int errnum; /* 0: none */
	pid_t pid;
};

/*
 * Stage "namespaces" for a caller that has threads: as namespaces_create(), but the new process
 * executes this program again, under the name second_self. pids_fd: see go/child.go, -1: none.
 */
int namespaces_create_second_self(
	struct container *c, const char *second_self, int pids_fd, struct error *e);

/*
 * What both of them do: starts the second self with files, after it has put its ends of a socket
 * pair and of the error pipe there; the parent's are c->sync_fd and c->error_fd. Of c->enters it is
 * not in new namespaces or in another cgroup.
 */
int second_self_start(
	struct container *c, const char *second_self, int files[CHILD_FILES], struct error *e);

/*
 * The same for `exec`: the second self joins c->target_fd's namespaces before Go starts in it
 * (join.c). Between the two the joining process is c->pid, and c->sync_fd is readable when it has
 * told: a container that is frozen makes it wait. After them c->pid and c->pidfd are those of the
 * second self.
 */
int namespaces_join_begin(struct container *c, struct error *e);
int namespaces_join_end(struct container *c, struct error *e);

/*
 * exec: namespace id of the spec is one to join now, and path says where: as enter.c makes it of
 * the spec that it read. Without memory it ends the process, as Go does.
 */
void spec_join(struct spec *spec, int id, const char *path);

/* Does nothing and gives 0: the price of a call (make bench-bridge). */
int call_nothing(void);

/*
 * `check` of len bytes at data: 0 and the normalised text in *text (malloc'd, *text_len bytes), or
 * -1 and e.
 */
int spec_check_bytes(const char *label, const char *data, size_t len, char **text, size_t *text_len,
	struct error *e);

#endif
