/*
 * events.h: what the runtime tells while it works: --events (JSON Lines) and -v (for people).
 *
 * One line is one write(2), so that parent and child can share the file (O_APPEND), and so that a
 * trace can take its stage marks from these writes:
 *   {"time":NS,"who":"parent","stage":"cgroup","event":"begin"}
 *   {"time":NS,"who":"parent","stage":"cgroup","event":"ok","facts":{"path":"/twinbox/full"}}
 *   {"time":NS,"who":"child","stage":"mounts","event":"error","errno":"ENOENT","message":"..."}
 * time is CLOCK_MONOTONIC in nanoseconds (clock_gettime(2)).
 */
#ifndef TWINBOX_EVENTS_H
#define TWINBOX_EVENTS_H

#include "container.h"

void events_begin(struct container *c, const char *stage);
void events_ok(struct container *c, const char *stage);
void events_error(struct container *c, const char *stage, const struct error *e);

/* Adds "key": "value" to the facts of the stage under way; they go out with events_ok(). */
void events_fact(struct container *c, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * -v: tells one system call that matters, in the words of its man page, before it is made:
 * events_call(c, "pivot_root(\".\", \".\")"). Costs one branch without -v.
 */
void events_call(struct container *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the file of --events: created if missing, appended to, never through a symbolic link. */
int events_open(struct container *c, const char *path, struct error *e);

#endif
