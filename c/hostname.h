/* hostname.h: stage "hostname" (child): sethostname(2) in the new UTS namespace. */
#ifndef TWINBOX_HOSTNAME_H
#define TWINBOX_HOSTNAME_H

#include "container.h"

/* Sets spec hostname; does nothing where the spec has none. */
int hostname_set(struct container *c, struct error *e);

#endif
