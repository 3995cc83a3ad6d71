/* list.h: command `list [--json]`: which containers there are, and which nobody holds any more. */
#ifndef TWINBOX_LIST_H
#define TWINBOX_LIST_H

#include "error.h"

#include <stdbool.h>

/*
 * Prints a table, or with json an array of objects: the members of the state file and "status",
 * "running" or "stale". State files that cannot be read make it return -1 after the others.
 */
int list_print(bool json, FILE *out, struct error *e);

#endif
