/*
 * hold.h: one container of one column: started, held still while it is looked at, ended, and what
 * it left looked for. Columns run one after another, so names, addresses and cgroup are the same.
 */
#ifndef TWINBOX_COMPARE_HOLD_H
#define TWINBOX_COMPARE_HOLD_H

#include "columns.h"
#include "plan.h"
#include "process.h"
#include "values.h"

struct held {
	const struct plan *plan;
	const struct column *column;
	char program[PATH_MAX];
	char dir[PATH_MAX]; /* below plan->scratch: config.json, pid, events, state/ */
	struct child child; /* the runtime */
	pid_t pid;	    /* the container's first process; 0: not known yet */
	int pidfd;	    /* of it; -1: none */
	int parents;	    /* directories above the cgroup that were there before */
};

/* Starts the runtime with command in the container. Whatever comes, call held_discard() then. */
int held_start(struct held *h, const struct plan *p, const struct column *c,
	const char *const command[], struct error *e);

/* The same behind another program: wrapper's words are filled in as a column's are (columns.c). */
int held_start_under(struct held *h, const struct plan *p, const struct column *c,
	const char *const wrapper[], const char *const command[], struct error *e);

/*
 * Waits until the command really runs and h->pid is known. say: a line that the command is given
 * and sends back (cat does); NULL: the command says "ready" by itself.
 */
int held_ready(struct held *h, const char *say, struct error *e);

/* Waits only for h->pid: for a command that neither reads nor prints (a server). */
int held_pid(struct held *h, struct error *e);

/*
 * Waits (at most two seconds) until the command sleeps in its next read(2): what is seen, or sent
 * to it, must not depend on how fast compare is.
 */
int held_still(const struct held *h, struct error *e);

/* Starts the column's exec with command in the container; child is another runtime's, the caller's.
 */
int held_exec(struct held *h, struct child *child, const char *const command[], struct error *e);

/* Waits for the runtime's end; h->child has status and output. Closes its input first. */
int held_end(struct held *h, struct error *e);

/* Milliseconds until the container's first process is gone (at most limit), or -1: it lives on. */
int held_gone(const struct held *h, int limit);

/* One kind of thing that can be left behind: its name and how it is looked for. */
struct leftover {
	const char *name; /* last word of its fact: lifecycle.left.cgroup */
	bool common;	  /* also looked for after each lifecycle case */
	/* True when something is left; what names it. */
	bool (*look)(const struct held *h, char *what, size_t size);
};
extern const struct leftover leftovers[];
extern const size_t leftovers_n;

/* The common ones that are left, by name: "cgroup, state" or "nothing". */
void held_left(const struct held *h, char *text, size_t size);

/* Runs the column's undo command (gc, delete --force). */
int held_undo(struct held *h, struct error *e);

/* Kills, collects and removes what is still there, whatever the runtime did. */
void held_discard(struct held *h);

/* The path of a file of this run in path: "pid", "events". */
const char *held_file(const struct held *h, const char *name, char path[PATH_MAX]);

#endif
