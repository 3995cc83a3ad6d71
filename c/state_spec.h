/*
 * state_spec.h: the spec of a running container, kept for `exec` at the end of its state file.
 *
 * It is the file that --spec named, byte for byte, for that one may be changed or gone by then.
 * That it is there also says that the container can be entered: it comes when the command runs.
 */
#ifndef TWINBOX_STATE_SPEC_H
#define TWINBOX_STATE_SPEC_H

#include "state.h"

/*
 * Adds c->spec to the state file. A reader sees the whole spec or none; an empty one where it could
 * not be written, which ends no container: its command runs already.
 */
void state_publish(struct container *c);

/*
 * Finds the container of that name that runs: its state, and its spec, which the caller frees
 * (state_free, spec_free). One that is just starting is waited for. program is for the hints.
 */
int state_find(
	const char *program, const char *name, struct state *s, struct spec *spec, struct error *e);

#endif
