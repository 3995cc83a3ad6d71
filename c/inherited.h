/*
 * inherited.h: what a process has from the one that started it and hands on over clone3(2) and
 * execve(2): signals that it ignores, and the capabilities that it may have at all.
 */
#ifndef TWINBOX_INHERITED_H
#define TWINBOX_INHERITED_H

#include <stdint.h>

struct inherited {
	uint64_t ignored;  /* bit N-1: signal N is ignored (signal(7)) */
	uint64_t bounding; /* bit N: capability N is in the bounding set (capabilities(7)) */
};

/* Fills both: one file of /proc says them; where there is no /proc each bit is asked for. */
void inherited_read(struct inherited *o);

/* The bounding set of this moment: in a new user namespace it is another one. */
uint64_t inherited_bounding(void);

#endif
