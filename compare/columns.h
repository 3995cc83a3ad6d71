/*
 * columns.h: the runtimes that are compared, one row each: how it is started from the spec, and
 * how what it leaves is collected.
 */
#ifndef TWINBOX_COMPARE_COLUMNS_H
#define TWINBOX_COMPARE_COLUMNS_H

#include "plan.h"

#include <stdbool.h>
#include <stddef.h>

#define COLUMNS_MAX 8

struct column {
	const char *name;
	const char *program; /* file of its program */
	bool twin;	     /* twinbox's own: reads the spec as it is, has veth, events and gc */
	const char *const *run;	 /* command line; words beginning with % are filled in, see run.c */
	const char *const *exec; /* a second process in the container */
	const char *const *undo; /* collects what a killed runtime left */
	const char *const *drops; /* namespace types it does not know: taken out of its bundle */
};

extern const struct column columns[];
extern const size_t columns_n;

/* NULL where no column has that name. */
const struct column *column_find(const char *name);

/* Path of its program: beside compare for a twin, else by PATH. False where there is none. */
bool column_program(const struct column *c, const struct plan *p, char path[PATH_MAX]);

/*
 * Why this column must not run this spec, or NULL. Without a mount namespace and a /dev of its own
 * crun and runc would mount on the host and make device nodes in the rootfs itself.
 */
const char *column_refuses(const struct column *c, const struct plan *p);

/* 0 when every name in the list "cbox,gobox" is a column; NULL: nothing to check. */
int columns_check(const char *list, struct error *e);

/*
 * Chooses columns from a list "cbox,gobox", or, where list is NULL, the twins and every reference
 * that is installed; those that are not go to absent as {"NAME": ""}.
 */
int columns_choose(const char *list, const struct plan *p, const struct column *chosen[], size_t *n,
	json_t *absent, struct error *e);

#endif
