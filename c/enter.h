/* enter.h: command `exec`: from a container's name to a second process in it. */
#ifndef TWINBOX_ENTER_H
#define TWINBOX_ENTER_H

#include "error.h"

#define ENTER_USAGE "NAME [-- CMD [ARG...]]"

/*
 * Runs one command in a running container, whichever runtime made it; returns the command's exit
 * status, or -1 and e where the runtime failed. argv is what follows the command's name.
 */
int enter_command(const char *program, char **argv, int argc, struct error *e);

#endif
