/* run.h: command `run`: from the command line and a spec to a container. */
#ifndef TWINBOX_RUN_H
#define TWINBOX_RUN_H

#include "error.h"
#include "spec.h"

#include <limits.h>

#define DEFAULT_ROOTFS "build/rootfs"

#define RUN_USAGE                                                                                  \
	"[--spec FILE] [--rootfs DIR] [--name NAME] [--pid-file FILE] [--events FILE] "            \
	"[--no-pivot] [-v] [-- CMD [ARG...]]"

/* Runs one container; returns the command's exit status, or -1 and e where the runtime failed. */
int run_command(const char *program, char **argv, int argc, struct error *e);

/*
 * The spec where --spec names none: config.json, else shared/specs/full.json, else the one that
 * belongs to the program (self_data()). Returns out or static memory; opens nothing.
 */
const char *run_find_spec(char out[PATH_MAX]);

/*
 * The rootfs, made absolute: the option --rootfs (NULL: not given), else the spec's root.path
 * (relative to the directory of spec_file, as in an OCI bundle), else build/rootfs.
 */
int run_find_rootfs(const char *option, const char *spec_file, const struct spec *s,
	char out[PATH_MAX], struct error *e);

/* The options of `run` for --help. */
void run_help(FILE *out);

#endif
