/* console.h: a terminal of the container's own (pty(7)), and the caller's terminal put to raw. */
#ifndef TWINBOX_CONSOLE_H
#define TWINBOX_CONSOLE_H

#include "container.h"

/*
 * Child, from mounts_setup(): opens a new pty through devpts_fd (root of the container's devpts)
 * or, where that is -1, the host's /dev/ptmx, which `exec` has opened already as c->console_fd
 * before it joined (console_prepare()); keeps the slave as c->console_fd and sends master
 * and slave to the parent over c->sync_fd (SCM_RIGHTS, unix(7)).
 */
int console_open(struct container *c, int devpts_fd, struct error *e);

/*
 * exec, parent: c->console_fd is the host's ptmx where the container has no devpts at /dev/pts.
 * root is a descriptor of its root directory.
 */
int console_prepare(struct container *c, int root, struct error *e);

/* The devpts at /dev/pts below root (O_PATH), or -1 where what is there is none. */
int console_find_devpts(int root);

/* Child, from exec_command(): its session's controlling terminal and the three streams. */
int console_attach(struct container *c, struct error *e);

/*
 * Parent: receives the master from the child as c->console_fd, non-blocking, and the slave as
 * c->console_peer_fd: while somebody holds it, the terminal outlives moments in which nobody in
 * the container has it open (a login program between two users).
 */
int console_receive(struct container *c, struct error *e);

/* Parent: the caller's terminal is gone, so the container's is: SIGHUP and end of file there. */
void console_hang_up(struct container *c);

/* Parent: caller's terminal to raw mode and back (termios(3)); window size handed on. */
int console_raw(struct container *c, struct error *e);
void console_restore(void);
void console_resize(struct container *c);

#endif
