/*
 * map.h: `compare map`: each field of Go's syscall.SysProcAttr and each CLONE_NEW* flag, what the
 * kernel is asked for it, and that a C program which asks for the same gets the same child.
 *
 * shared/sysprocattr.json lists the entries; shared/sysprocattr/ID.go and ID.c are the two programs
 * of one. The way of an entry through the files:
 *   map_entries.c  the list, read and checked
 *   map_place.c    where the programs run: terminal, root directory, cgroup, shared mounts
 *   map_run.c      one program with its child, plain for the facts or under strace for the calls
 *   map_facts.c    the facts of the child, read from outside
 *   map_calls.c    what strace wrote: from the fork to the exec, names for what varies
 *   map_compare.c  what the entry adds to the program that sets nothing; Go beside C
 *   map_order.c    the place of each field among the calls of Go's child
 *   map_json.c, map_print.c, map_page.c  the JSON, the table, the page infra/sysprocattr_*.md
 *
 * The JSON (--format json, and build/compare/map.json):
 *
 *   { "go": "go1.26.8", "kernel": "6.12.95+deb12-amd64",
 *     "entries": [
 *       { "id": "Setsid",             the stem of its files
 *         "kind": "field",            "nothing", "field", "variant" (of a field), "flag"
 *         "field": "Setsid",          of SysProcAttr; null for "nothing"
 *         "flag": "CLONE_NEWNS",      of kind "flag" only
 *         "since": "go1",             the first Go version that has it
 *         "newer": false,             true: the Go in use lacks it; all below but trap is missing
 *         "title": { "ja": "...", "en": "..." },
 *         "source": { "go": "...", "c": "..." },        the two programs, whole
 *         "calls": { "go": [ { "who": "child", "text": "setsid()" } ], "c": [ ... ] },
 *                                     made for it: what the program that sets nothing has not;
 *                                     of "nothing": all, from fork to exec
 *         "rows": [ { "who": "child", "kind": "same", "go": "setsid()", "c": "setsid()" },
 *                   { "who": "child", "kind": "only", "go": "getpid()", "c": null,
 *                     "reason": { "ja": "...", "en": "..." } } ],   null: unexplained
 *         "effect": [ { "id": "session", "title": { ... }, "before": "the parent's",
 *                       "go": "its own", "c": "its own" } ],        facts that it changed
 *         "unchanged": [ { "id": "mounts.propagation", ... } ],   and that one may expect to
 *         "facts": { "equal": 41, "different": [ { "id", "title", "go", "c" } ] },
 *         "place": 5,                 row of "order"; null where Go's child makes no call for it
 *         "fails_under_strace": { "ja", "en" },   only where the traced run cannot succeed
 *         "trap": { "ja": "...", "en": "...",
 *                   "sources": [ { "title": "golang/go#27505", "url": "https://..." } ] },   or
 * null "match": true } ], "order": [ { "text": "setsid()", "fields": ["Setsid"] } ],    no fields:
 * Go's own "summary": { "entries": 39, "newer": 0, "mismatches": 0, "unexplained": 0, "stale": [] }
 * }    stale: declared reasons that explained nothing
 */
#ifndef TWINBOX_COMPARE_MAP_H
#define TWINBOX_COMPARE_MAP_H

#include "error.h"
#include "trace.h"
#include "values.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum map_side { MAP_GO, MAP_C, MAP_SIDES };
extern const char *const map_side_names[MAP_SIDES]; /* "go", "c" */

/* --- map_entries.c --- */

extern const char sysprocattr_json[]; /* embed.c */

/* The list, checked as far as the program relies on it. Kept until map_entries_free(). */
int map_entries_load(struct error *e);
void map_entries_free(void);
json_t *map_entries(void);
json_t *map_list(const char *key); /* "facts", "words", "only", "runtime", "order" */
json_t *map_entry_find(const char *id);
const char *map_text(json_t *o, const char *key);	   /* "" where there is none */
const char *map_said(json_t *texts, const char *language); /* {"ja","en"} */
char *map_value(const char *value, const char *language);  /* of a fact, in words; malloc'd */

/* 1.22 against "go1.22.12": negative, 0 or positive as strcmp(3), patch level left out. */
int map_version_compare(const char *a, const char *b);
/* Whether package syscall of that version forgets the limit of open files that it raises
 * (go/early). */
bool map_forgets_limit(const char *go);

/* --- map_place.c --- */

struct map_place {
	char programs[PATH_MAX]; /* build/sysprocattr */
	char dir[PATH_MAX];	 /* scratch */
	char root[PATH_MAX];	 /* a directory with the child in it, to chroot into */
	char cgroup[PATH_MAX];	 /* empty, for the child */
	const char *strace;	 /* its path */
	char go[32];		 /* version that built the programs: "go1.26.8" */
};

/* Own mount namespace with shared mounts as systemd leaves them, a directory and a cgroup. */
int map_place_make(struct map_place *p, const char *programs, struct error *e);
void map_place_free(struct map_place *p);

/* --- map_calls.c --- */

/* The parent's calls up to the fork, those after it, the child's. */
enum map_phase { MAP_BEFORE, MAP_AFTER, MAP_CHILD, MAP_PHASES };

struct map_call {
	enum map_phase phase;
	char *key;  /* compared */
	char *name; /* key without what an argument may be: "ioctl TIOCSCTTY", "setgid" */
	char *text; /* shown */
};

struct map_calls {
	struct map_call *v;
	size_t n;
};

/* What varies from run to run and is shown by name. */
struct map_names {
	const struct map_place *place;
	pid_t child, parent;
};

/*
 * True where Go's scheduler moved the parent to another thread on its way to the fork: a pipe was
 * made in one thread and the child in another, and its calls cannot be told from the scheduler's.
 */
bool map_calls_moved(const struct trace *t);

/* Everything between fork and exec: the parent's calls first, then the child's. */
int map_calls_cut(const struct trace *t, const struct map_place *place, struct map_calls *out,
	struct error *e);
void map_calls_free(struct map_calls *c);

/* --- map_run.c --- */

/* Runs the program of one side of an entry; facts or calls is NULL. */
int map_run(const struct map_place *p, json_t *entry, enum map_side side, struct values *facts,
	struct map_calls *calls, struct error *e);

/* --- map_facts.c --- */

/* Facts of the child of the program parent; tty: the terminal's number of the program. */
int map_facts_read(pid_t child, pid_t parent, const struct map_place *p, struct values *out);

/* --- map_compare.c --- */

struct map_seen { /* one entry, really run */
	json_t *entry;
	struct values facts[MAP_SIDES];
	struct map_calls calls[MAP_SIDES];
	bool *extra[MAP_SIDES]; /* of each call: the program that sets nothing has it not */
	int place;		/* in the order of the child; -1: no call of its own */
};

/* Marks in extra what seen adds to nothing. */
void map_added(struct map_seen *seen, const struct map_seen *nothing);

enum map_row_kind { MAP_SAME, MAP_ONLY };
struct map_row {
	enum map_row_kind kind;
	const struct map_call *cells[MAP_SIDES];
	json_t *reason; /* of MAP_ONLY; NULL: unexplained */
};
/* Go's calls beside C's, all that are extra. Returns how many; *rows is malloc'd. */
size_t map_rows(const struct map_seen *seen, struct map_row **rows);

void map_seen_free(struct map_seen *seen);

/* --- map_order.c --- */

/* The calls of Go's child in order, as JSON, and the place of each seen entry in it. */
int map_order_run(const struct map_place *p, struct map_seen *seen, size_t n, json_t **order,
	struct error *e);

/* --- map_json.c, map_print.c, map_page.c --- */
json_t *map_json(const struct map_place *p, const char *root, const struct map_seen *seen, size_t n,
	json_t *order);
void map_print(json_t *map, const char *language, bool colour, FILE *out);
void map_page(json_t *map, const char *language, FILE *out);

/* --- map_command.c --- */

/* field: an id, a field or a flag, or NULL; format: table, json or page, or NULL. */
int map_command(
	const char *field, const char *format, const char *language, bool colour, struct error *e);

#endif
