/* wait.h: stage "wait" (parent): hand signals on, carry the terminal, reap the command. */
#ifndef TWINBOX_WAIT_H
#define TWINBOX_WAIT_H

#include "container.h"

/* Until the command has ended: signals to it (pidfd_send_signal(2)), pty both ways, exit status. */
int wait_command(struct container *c, struct error *e);

/*
 * Until there is something to read at fd, or its other end is closed. An error, with the status
 * 128+N, where SIGHUP, SIGINT or SIGTERM comes first: there is no command yet that it could go to,
 * and a child that is frozen would keep us waiting.
 */
int wait_for_child(struct container *c, int fd, struct error *e);

/* The same until nobody has the other end of the pipe any more, whatever is in it. */
int wait_for_end(struct container *c, int fd, struct error *e);

/*
 * Blocks the signals that wait_command() hands on, from before the first resource is made, so that
 * none of them ends the runtime half-way; keeps the caller's mask in c->caller_mask.
 */
void wait_block_signals(struct container *c);
void wait_unblock_signals(struct container *c);

#endif
