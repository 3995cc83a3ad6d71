/* mountinfo.h: the lines of /proc/PID/mountinfo, taken apart (proc(5)). */
#ifndef TWINBOX_COMPARE_MOUNTINFO_H
#define TWINBOX_COMPARE_MOUNTINFO_H

#include <stddef.h>

struct mount_line {
	int id, parent;
	unsigned int major, minor;
	char *root;	   /* directory of the file system that is mounted here */
	char *destination; /* mount point, below the reader's root */
	char *options;	   /* of this mount */
	char *propagation; /* "private", "shared", "slave", ... without the peer groups' numbers */
	char *type;
	char *source;
	char *super; /* options of the file system */
};

struct mount_table {
	struct mount_line *v;
	size_t n;
	char *text; /* the lines' strings point in here, or are empty constants */
};

/* Takes over text (malloc'd) and takes it apart; -1 at a line that cannot be understood. */
int mountinfo_parse(char *text, struct mount_table *t);

void mountinfo_free(struct mount_table *t);

#endif
