/*
 * state.h: the file that names every resource of a running container.
 *
 * /run/twinbox/NAME.json ($XDG_RUNTIME_DIR/twinbox for an ordinary user) is written and locked
 * (flock(2)) before the first resource is made and removed last. A state file that can be locked
 * belongs to nobody alive: `gc`, and the next `run` of that name, undo what it names. It is only
 * ever added to (state_file.h), at last the spec for `exec`: state_spec.h.
 * Both runtimes write the same fields, so each can undo what the other left.
 */
#ifndef TWINBOX_STATE_H
#define TWINBOX_STATE_H

#include "container.h"
#include "network.h"

/* What a state file says. */
struct state {
	char name[CONTAINER_NAME_MAX + 1];
	char runtime[32];    /* "cbox", "gobox" */
	pid_t pid;	     /* first process, 0 before it exists */
	uint64_t start_time; /* its start in clock ticks after boot (/proc/PID/stat field 22) */
	int64_t created;     /* seconds since 1970, UTC */
	char link[16];	     /* "" or the host end of the veth */
	char link_address[NETWORK_ADDRESS_TEXT]; /* its hardware address: which link is meant */
	const char *cgroup;			 /* "" or "/twinbox/NAME" */
	const char *rootfs;
	const char *pid_file;  /* "" or the file of --pid-file, absolute */
	bool alive;	       /* somebody holds the lock; not in the file */
	struct json_t *record; /* what the last three point into, where the state was read */
};

/* Frees what was read; s itself is the caller's. */
void state_free(struct state *s);

/* A name: 1 to 64 of A-Z a-z 0-9 _ . - and not beginning with . or - */
int state_check_name(const char *name, struct error *e);

/*
 * Makes and locks the state file of c (O_EXCL|O_NOFOLLOW), naming what c is about to make.
 * A stale file of that name is collected first (gc_container()); a live one is an error (EEXIST).
 * So is a cgroup, link or pid file that is there already: once named here it would be taken for
 * the container's own by gc. The words and the stage are those of the stage that would make it.
 */
int state_create(struct container *c, struct error *e);

/*
 * Leaves the file with the lock that no child gets a copy of: a child that is frozen before its
 * first step could not let go of it.
 */
int state_before_birth(struct container *c, struct error *e);

/* Adds pid and start_time, once c->pid exists. */
int state_update(struct container *c, struct error *e);

/*
 * Removes the file and closes c->state_fd and c->state_dir. No error where it is gone or another
 * has its name.
 */
int state_remove(struct container *c, struct error *e);

/*
 * Reads every state file, sorted by name. *out is the caller's (state_list_free). A file that
 * cannot be read makes it return -1 with the first failure; *out holds the others even then.
 */
int state_list(struct state **out, size_t *n, struct error *e);
void state_list_free(struct state *list, size_t n);

/*
 * Locks the state file of name and reads it. Returns the descriptor that holds the lock, owned by
 * the caller as s is (state_free), or -1: ENOENT where there is none, EWOULDBLOCK where its owner
 * is alive.
 */
int state_claim(const char *name, struct state *s, struct error *e);

/* Unlinks NAME.json for whoever holds its lock; no error where it is gone. */
int state_unlink(const char *name, struct error *e);

/* Removes the half-written files of killed runtimes (only counts them with dry_run); how many. */
int state_sweep(bool dry_run, struct error *e);

/* Its path, for messages; it may not be there. */
int state_directory_path(char path[PATH_MAX], struct error *e);

/*
 * Opens the state directory, which must be the caller's own; its path goes to path for messages.
 * make: makes it where it is missing. Returns the descriptor, owned by the caller, or -1.
 */
int state_directory(bool make, char path[PATH_MAX], struct error *e);

/* Start of a process in clock ticks after boot: with the pid it names one process for ever. */
int state_start_time(pid_t pid, uint64_t *ticks, struct error *e);

#endif
