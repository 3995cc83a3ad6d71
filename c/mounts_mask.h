/*
 * mounts_mask.h: last part of the stage "mounts": linux.maskedPaths and linux.readonlyPaths.
 * A path that is missing in the container is no error: kernels differ in what /proc has.
 */
#ifndef TWINBOX_MOUNTS_MASK_H
#define TWINBOX_MOUNTS_MASK_H

#include "mounts_prepare.h"

/* Before the root changes: m->null_fd (the host's /dev/null) and m->empty_fd (an empty tmpfs). */
int mask_prepare(struct container *c, struct mounts *m, struct error *e);

/* Inside: each of readonlyPaths is bound over itself, read-only with all that is below it. */
int mask_readonly_paths(struct container *c, struct mounts *m, struct error *e);

/* Inside: each of maskedPaths shows an empty file or an empty directory instead. */
int mask_paths(struct container *c, struct mounts *m, struct error *e);

#endif
