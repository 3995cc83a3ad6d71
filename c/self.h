/* self.h: the runtime's own program file, kept out of a container's reach. */
#ifndef TWINBOX_SELF_H
#define TWINBOX_SELF_H

#include "error.h"

#include <limits.h>
#include <stdbool.h>

/*
 * Goes on as a sealed copy of this program, in memory (memfd_create(2)): the same arguments and
 * environment from the beginning. Returns 0 in the copy, -1 where there can be none.
 *
 * A process that joins a running container can be told by it to execute /proc/self/exe, or a script
 * with that after "#!": then the container holds the file that the runtime was started from, and
 * could write to it once it is not executed any more (CVE-2019-5736). Nobody writes to a sealed
 * one.
 */
int self_seal(const char *program, char **argv, struct error *e);

/*
 * Finds what belongs to the program by where the program is: share/twinbox/NAME beside the
 * directory that it is installed in, so that a tree can be moved; else shared/NAME of the checkout
 * that it was built in. Fills out; false where there is neither.
 */
bool self_data(const char *name, char out[PATH_MAX]);

#endif
