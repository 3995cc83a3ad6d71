/*
 * observe.h: reading the facts of one running container from outside.
 *
 * A fact is a row of a table: its id, the function that reads it and an argument. One file a group
 * (observe_cgroup.c, ...) holds the rows and their readers. shared/facts.json says what each means.
 */
#ifndef TWINBOX_COMPARE_OBSERVE_H
#define TWINBOX_COMPARE_OBSERVE_H

#include "hold.h"
#include "values.h"

#include <sys/types.h>

/* What the readers look at. Descriptors are owned by the caller of observe_container(). */
struct subject {
	const struct held *held;
	const struct plan *plan;
	const struct column *column;
	pid_t pid;		   /* the container's first process */
	int proc;		   /* /proc/PID */
	int host;		   /* /proc/self, of compare itself */
	int root;		   /* O_PATH: /proc/PID/root */
	int cgroup;		   /* its cgroup's directory, -1: the spec wants none */
	int host_index, host_peer; /* ifindex and iflink of the veth's host end; 0: no such link */
};

/* Where a row has to be read: some things show only to a process inside a namespace. */
enum place { OUTSIDE, IN_NETWORK, IN_IPC, IN_UTS, IN_CGROUP, PLACES };

enum row_flags {
	ROW_OPTIONAL = 1, /* the kernel may lack it: absent is a value, not a failure */
	ROW_VETH = 2,	  /* belongs to the veth extension: does not apply to the references */
};

/* The id holds one "*" where a row yields several facts ("mounts.*.type"). */
struct row {
	const char *id;
	void (*read)(const struct subject *s, const struct row *row, struct values *out);
	const char *argument;
	enum place place;
	unsigned int flags;
};

struct group {
	const char *name;
	const struct row *rows;
	size_t n;
};

/* Every group that is read from a container that holds still. */
extern const struct group observe_namespace, observe_cgroup, observe_veth, observe_mounts,
	observe_identity, observe_privileges, observe_process;
extern const struct group *const observe_groups[];

/* Reads all rows of all groups. Fails only where the container itself cannot be looked at. */
int observe_container(const struct held *h, struct values *out, struct error *e);

/* Flags of the row that reads the fact id; 0 where no group has one. */
unsigned int row_flags_of(const char *id);

/* id of a row whose "*" stands for name; malloc'd. */
char *row_id(const struct row *row, const char *name);

/* Sets the failure of reading what, or absent where that is no failure for this row. */
void row_failed(const struct row *row, struct values *out, int errnum, const char *what);

/* The file at path below dirfd, without its last LF; its lines joined by "; ". */
void row_file(int dirfd, const char *path, const struct row *row, struct values *out);

/* The id inside the map's namespace of an id outside of it, or -1: not mapped. */
long id_inside(const char *map, unsigned int id);

/* Value of "KEY:" in text such as /proc/PID/status, blanks made single; malloc'd or NULL. */
char *field_of(const char *text, const char *key);

#endif
