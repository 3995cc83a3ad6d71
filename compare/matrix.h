/*
 * matrix.h: every combination of the seven stages by Go and by C (gobox-bridge run --via), from one
 * spec, each compared with cbox.
 */
#ifndef TWINBOX_COMPARE_MATRIX_H
#define TWINBOX_COMPARE_MATRIX_H

#include "plan.h"

/*
 * Runs cbox once and gobox-bridge in all combinations, without what has to be tried (p->quick), and
 * prints what came out: for people, or with as_json one object. Returns the number of combinations
 * that do not match, or -1 and e where a container could not be run or looked at.
 */
int matrix_run(const struct plan *p, bool as_json, struct error *e);

#endif
