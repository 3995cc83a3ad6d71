/* wait.h: stage "wait" (parent): hand signals on, carry the terminal, reap the command. */
#ifndef TWINBOX_WAIT_H
#define TWINBOX_WAIT_H

#include "container.h"

/* Until the command has ended: signals to it (pidfd_send_signal(2)), pty both ways, exit status. */
int wait_command(struct container *c, struct error *e);

#endif
