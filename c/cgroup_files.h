/*
 * cgroup_files.h: what making and removing a cgroup share: the mount point and the names of a path.
 * Used by cgroup.c and cgroup_remove.c only; go/cgroup_files.go is its twin.
 *
 * Every step goes from one directory descriptor to the next by a single name, never by a joined
 * path: parents come and go with the containers of other runtimes, and a name cannot lead out.
 */
#ifndef TWINBOX_CGROUP_FILES_H
#define TWINBOX_CGROUP_FILES_H

#include "error.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>

#define CGROUP_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define CGROUP_PARENT	 "/twinbox"	/* where a cgroup goes that the spec gives no path */
#define CGROUP_MARK	 "user.twinbox" /* xattr of a parent that we made and so may remove */

/* True for the errno of a removed cgroup: its name is unknown, its open files are dead. */
bool cgroup_is_gone(int errnum);

/* A descriptor of CGROUP_ROOT, which must be cgroup v2; the caller closes it. */
int cgroup_open_root(struct error *e);

/* Closes dir, which is root or was opened below it; root stays open. */
void cgroup_close_below(int root, int dir);

/* State files and specs name cgroups; neither may name the root or anything outside it. */
int cgroup_check_path(const char *path, struct error *e);

/* Takes the next name off *path, which is checked; false at its end. */
bool cgroup_next_name(const char **path, char name[NAME_MAX + 1]);

/*
 * Removes the parents of path, the innermost first, as long as they are empty and ours. -1 and
 * errno where that could not be done or learned.
 */
int cgroup_remove_parents(int root, const char *path);

#endif
