/* bundle.h: the spec as a bundle for the reference runtimes: the same file, with paths filled in.
 */
#ifndef TWINBOX_COMPARE_BUNDLE_H
#define TWINBOX_COMPARE_BUNDLE_H

#include "columns.h"

/* Writes DIR/config.json: root.path absolute, process.args the command, no terminal. */
int bundle_write(const struct plan *p, const struct column *c, const char *const command[],
	const char *dir, struct error *e);

#endif
