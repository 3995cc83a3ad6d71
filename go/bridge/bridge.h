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

/* What becomes of the second self's descriptors 3 to 7: the order of go/child.go. */
enum { CHILD_SYNC, CHILD_ERROR, CHILD_LOG, CHILD_EVENTS, CHILD_PIDS, CHILD_FILES };
#define CHILD_FIRST_FD 3

/*
 * Stage "namespaces" for a caller that has threads: as namespaces_create(), but the new process
 * executes this program again, under the name second_self. pids_fd: see go/child.go, -1: none.
 */
int namespaces_create_second_self(
	struct container *c, const char *second_self, int pids_fd, struct error *e);

/* Does nothing and gives 0: the price of a call (make bench-bridge). */
int call_nothing(void);

/*
 * `check` of len bytes at data: 0 and the normalised text in *text (malloc'd, *text_len bytes), or
 * -1 and e.
 */
int spec_check_bytes(const char *label, const char *data, size_t len, char **text, size_t *text_len,
	struct error *e);

#endif
