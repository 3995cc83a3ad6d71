/* measure.h: everything that is found out about one column, one container after another. */
#ifndef TWINBOX_COMPARE_MEASURE_H
#define TWINBOX_COMPARE_MEASURE_H

#include "hold.h"

/*
 * Fills out with the facts of column c. -1: its container could not be run or looked at. timeline,
 * unless NULL, becomes the stages of the container that was looked at (timeline.h), or stays NULL
 * where the runtime tells none.
 */
int measure_column(const struct plan *p, const struct column *c, struct values *out,
	json_t **timeline, struct error *e);

/* 0 when name is one of those below ("network", "limits", "exec", "lifecycle") or NULL. */
int behaviour_check(const char *name, struct error *e);

/*
 * The behaviours that have to be tried, each in containers of its own; -1 only when stopped.
 * eased: the plan without a CPU quota, see plan_ease().
 */
int behave_lifecycle(
	const struct plan *p, const struct column *c, struct values *out, struct error *e);
int behave_exec(const struct plan *p, const struct column *c, struct values *out, struct error *e);
int behave_network(
	const struct plan *p, const struct column *c, struct values *out, struct error *e);
int behave_limits(const struct plan *p, const struct plan *eased, const struct column *c,
	struct values *out, struct error *e);

#endif
