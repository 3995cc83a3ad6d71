/* exec.h: stage "exec" (child): the container's command takes over the process. */
#ifndef TWINBOX_EXEC_H
#define TWINBOX_EXEC_H

#include "container.h"

/*
 * Terminal attached where one was asked for, signal dispositions and mask back to default, then
 * execve(2) of c->command, searched in PATH of process.env as execvp(3) does. Returns only on
 * failure: -1 with status EXIT_NOT_FOUND (ENOENT) or EXIT_CANNOT_RUN.
 */
int exec_command(struct container *c, struct error *e);

#endif
