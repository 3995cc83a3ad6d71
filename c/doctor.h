/* doctor.h: command `doctor`: what this machine lacks for running containers, and what cures it. */
#ifndef TWINBOX_DOCTOR_H
#define TWINBOX_DOCTOR_H

#include "error.h"

/*
 * Prints a line a check, "ok" or "fail", and below a failing one its cure; then where containers
 * with limits run: native (here), lab or nowhere. Changes nothing. Returns 0, or 1 for nowhere.
 */
int doctor_print(FILE *out, struct error *e);

#endif
