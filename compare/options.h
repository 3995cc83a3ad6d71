/* options.h: the command line of compare, and what its commands share. */
#ifndef TWINBOX_COMPARE_OPTIONS_H
#define TWINBOX_COMPARE_OPTIONS_H

#include "plan.h"

#include <stdbool.h>

/* Exit status, fixed: all match, a mismatch, could not run. */
enum { SAME = 0, DIFFERENT = 1, COULD_NOT = 2 };

struct options {
	const char *spec, *rootfs, *columns, *format, *only, *stage, *field, *language, *save;
	bool quick, matrix;
	const char *const *operands; /* the words after the options; of argv */
	int operands_n;
};

extern const char compare_usage[];

/* -1: getopt(3) has said what is wrong. argv[0] is the command's name. */
int read_options(int argc, char **argv, struct options *o);

/* Tells e on standard error; returns COULD_NOT. */
int compare_fail(const struct error *e);

/* Tells what is wrong and how it should be; returns COULD_NOT. */
int say_usage(const char *why, const char *what);

/* "ja" or "en", as the locale says. */
const char *language(void);
bool colour_wanted(void);
void print_json(json_t *json);

/* Everything that is needed before the first container can be started. */
int prepare(const struct options *o, struct plan *p, struct error *e);

/* run.c: `compare run`. */
int command_run(const struct options *o);

#endif
