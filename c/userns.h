/* userns.h: which switch of the system takes user namespaces away from whoever runs this. */
#ifndef TWINBOX_USERNS_H
#define TWINBOX_USERNS_H

#include "error.h"

#include <stdbool.h>

struct userns_switch {
	const char *name, *file; /* as sysctl(8) calls it, and below /proc/sys */
	const char *refuses, *allows;
	bool root; /* it concerns root as well */
};

/* The switch that refuses one now; NULL: none does. */
const struct userns_switch *userns_refused(void);

/*
 * Makes that the hint of a failure that it explains (EPERM, EACCES, ENOSPC), and that id 0 is not
 * mapped the hint of another (EOVERFLOW); else changes nothing.
 */
void userns_explain(struct error *e);

#endif
