/* why.h: why there is each stage, in one line, for -v. */
#ifndef TWINBOX_WHY_H
#define TWINBOX_WHY_H

#include "container.h"

/* For the side (parent or child) and in the language of c; "begin" for a stage that has no row. */
const char *why_stage(const struct container *c, const char *stage);

#endif
