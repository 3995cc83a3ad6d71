/*
 * state_spec.h: the spec of a running container, kept for `exec` as NAME.spec beside its state
 * file.
 *
 * It is the file that --spec named, byte for byte, for that one may be changed or gone by then.
 * That it is there also says that the container can be entered: it comes when the command runs, and
 * goes before the state file does.
 */
#ifndef TWINBOX_STATE_SPEC_H
#define TWINBOX_STATE_SPEC_H

#include "state.h"

/*
 * Writes NAME.spec from c->spec. A reader sees the whole file or none; an empty one where it could
 * not be written, which ends no container: its command runs already.
 */
void state_publish(struct container *c);

/*
 * Removes NAME.spec from the open state directory dir; no error where there is none. -1 and errno:
 * it is there still, and then so must the state file be, which leads to it.
 */
int state_unpublish(int dir, const char *name);

/*
 * Finds the container of that name that runs: its state, and its spec, which the caller frees
 * (spec_free). One that is just starting is waited for. program is for the hints.
 */
int state_find(
	const char *program, const char *name, struct state *s, struct spec *spec, struct error *e);

#endif
