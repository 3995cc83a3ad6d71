/* init.h: command `init`: a starter bundle, config.json and a page that explains it. */
#ifndef TWINBOX_INIT_H
#define TWINBOX_INIT_H

#include "error.h"

#include <stdio.h>

#define INIT_USAGE "[DIR]"

/*
 * Writes config.json and README.md into the directory, which is made if it is not there (its parent
 * must be), and tells on out what to do next. A file of these names that exists is an error, and
 * then nothing is written: what was made before a failure is removed again.
 */
int init_bundle(const char *program, const char *directory, FILE *out, struct error *e);

#endif
