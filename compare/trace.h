/*
 * trace.h: `compare trace`: the system calls that each runtime made for one spec, side by side.
 *
 * The way of a call through the files:
 *   trace_run.c     the runtime under strace(1); what it wrote is kept in build/compare/trace/
 *   trace_read.c    lines of strace become calls: unfinished and resumed halves are joined
 *   trace_cut.c     whose call it is (parent, child) and in which stage: the writes to --events
 *   trace_normal.c  its two forms: `key`, to compare, and `text`, to read
 *   trace_words.c   numbers, descriptors and places as words
 *   trace_netlink.c netlink messages, from the bytes that were sent
 *   trace_calls.c   does it change the kernel's state?
 *   trace_align.c   the columns' calls of one stage become rows
 *   trace_reasons.c what stands on one side only: why (shared/syscalls.json)
 *   trace_print.c   the table, trace_json.c the JSON
 *
 * The JSON (build/compare/trace.json and --format json):
 *
 *   { "spec": "shared/specs/full.json", "place": "lab", "kernel": "6.12.95+deb12-amd64",
 *     "strace": "6.1", "columns": ["cbox", "gobox"],
 *     "partial": { "gobox": "ended with 125 in stage child.mounts: ..." },   empty: all complete
 *     "stages": [
 *       { "id": "child.mounts", "who": "child", "stage": "mounts",
 *         "title": { "ja": "...", "en": "..." },
 *         "totals": { "cbox": { "calls": 210, "changes": 120, "only": 3 }, "gobox": { ... } },
 *         "same_changes": true,           the calls that change state are the same in the same
 *                                         order, but for those with a reason
 *         "rows": [
 *           { "kind": "same", "changes": true,
 *             "calls": { "cbox": "sethostname(\"full\", 4)", "gobox": "sethostname(\"full\", 4)" }
 * }, { "kind": "pair", ... "reason": { "ja": "...", "en": "..." } },      two that differ { "kind":
 * "only", "calls": { "gobox": "futex" }, "times": 53, "reason": { ... } } ] } ],  no "reason":
 * unexplained "summary": { "calls": { "cbox": 500, "gobox": 4000 }, "changes": { "cbox": 230, ...
 * }, "rows": { "same": 400, "pair": 20, "only": 90 }, "same_changes": 186, "declared_changes": 6,
 * rows of calls that change state "unexplained": 0, "different_stages": 0, "stale": [ entries of
 * shared/syscalls.json that explained nothing ] } }
 *
 * "times" stands only where equal one-sided calls were folded into one row.
 */
#ifndef TWINBOX_COMPARE_TRACE_H
#define TWINBOX_COMPARE_TRACE_H

#include "columns.h"
#include "error.h"
#include "plan.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum trace_kind { TRACE_CALL, TRACE_SIGNAL, TRACE_EXIT };

/* Of a runtime: what a short-lived helper of the parent does (setns) counts as the parent's. */
enum trace_who { WHO_PARENT, WHO_CHILD, WHO_COUNT };

struct reason;

/* One line of strace, or two that belong together. Texts are owned; NULL where there is none. */
struct trace_call {
	enum trace_kind kind;
	int tid;      /* thread, as strace numbers it */
	size_t line;  /* where it begins in the file, from 1 */
	char *name;   /* "openat"; of a signal or an end: the whole text */
	char *args;   /* between the parentheses, as strace wrote it */
	char *result; /* behind the "="; NULL: it never returned */
	char *data;   /* the bytes that it wrote: strace -e write=all */
	size_t data_n;
	enum trace_who who;
	int section;	     /* index into trace_sections; -1: none (a mark, a signal) */
	char *key;	     /* what is compared; trace_normal() */
	char *text;	     /* what is shown */
	bool changes;	     /* changes the kernel's state */
	struct reason *pair; /* may stand beside another call for this reason; NULL: none */
	struct reason *only; /* may stand on one side only */
};

struct trace {
	const struct column *column;
	struct trace_call *calls;
	size_t n, space;
	struct trace_thread {
		int tid;
		enum trace_who who;
	} * threads;
	size_t threads_n;
	int pids[WHO_COUNT]; /* first thread of each; 0: none */
	char *partial;	     /* why the trace is not the whole story; NULL: it is */
};

/* The parts of a run, in the order of the story; go/container.go and c/container.c tell it. */
struct trace_section {
	const char *id, *stage; /* stage: as --events names it; NULL: none */
	enum trace_who who;
	bool compared; /* false: counted only (the container's own command) */
	const char *ja, *en;
};
extern const struct trace_section trace_sections[];
extern const size_t trace_sections_n;

/* What differs between columns though it means the same: taken out of keys and texts. */
struct trace_names {
	const char *project, *rootfs, *run, *program; /* absolute paths; NULL: none */
};

/* trace_read.c: all lines of the file; a torn last line sets partial. */
int trace_read(struct trace *t, const char *path, struct error *e);
void trace_read_text(struct trace *t, const char *text, size_t n);
void trace_free(struct trace *t);

/* trace_cut.c: sets process and section of every call; spec: the path given to --spec. */
int trace_cut(struct trace *t, const char *spec, struct error *e);
/* Text of the mark {"who","stage","event"} that a call wrote, or false where it is none. */
bool trace_mark(const struct trace_call *c, char who[16], char stage[16], char event[16]);
const struct trace_section *trace_section_find(const char *id);

/*
 * trace_words.c, of what strace wrote.
 *
 * How many bytes at text are this path; 0: text does not begin with it. In text what is not
 * printable ASCII stands as "\303\251", and in "<...>" so do the brackets.
 */
size_t trace_spells(const char *text, const char *path);
/*
 * Behind the string in quotes or the "<...>" of a descriptor that begins at p; p where none does.
 * What is inside is a name, whatever it holds. start: where the text begins.
 */
const char *trace_skip(const char *start, const char *p);

/* trace_normal.c */
void trace_normal(struct trace *t, const struct trace_names *names);
/* Splits args at commas outside of names and brackets; returns how many; fields are copies. */
size_t trace_fields(const char *args, char *fields[], size_t max);

/* trace_netlink.c: "RTM_NEWLINK create excl {IFLA_MTU 1500, ...}"; NULL where n bytes are none. */
char *netlink_text(const char *data, size_t n, int child);
const char *netlink_type(unsigned int type);

/* trace_calls.c: of a call that has its key. */
bool trace_changes(const struct trace_call *c);

/* trace_reasons.c */
struct reason {
	const char *args;
	json_t *instead; /* NULL: it is why a call stands alone */
	json_t *entry;
	bool fold, sometimes, used;
	bool asked; /* one of its columns is here */
};
struct reasons {
	json_t *json;
	struct reason *v;
	size_t n;
};
extern const char syscalls_json[];
int reasons_load(struct reasons *r, const char *text, struct error *e);
void reasons_free(struct reasons *r);
/* Sets pair and only of each call: the first entries that match it. */
void reasons_find(const struct reasons *r, struct trace *t);
/* True where nothing but what r declares differs; other: NULL: where own has a shape of r's. */
bool reason_pairs(const struct reason *r, const char *own, const char *other);
/* Explained nothing of its columns, though it says that it always does (in the full spec). */
bool reason_stale(const struct reason *r);

/* trace_align.c */
enum row_kind { ROW_SAME, ROW_PAIR, ROW_ONLY };
struct trace_row {
	enum row_kind kind;
	const struct trace_call *cells[COLUMNS_MAX];
	size_t times; /* equal rows folded into this one */
	bool changes;
	const struct reason *reason; /* of ROW_PAIR and ROW_ONLY; NULL: unexplained */
};
struct trace_stage {
	const struct trace_section *section;
	struct trace_row *rows;
	size_t n;
	size_t calls[COLUMNS_MAX], changes[COLUMNS_MAX], only[COLUMNS_MAX];
	size_t unexplained;
	bool same_changes;
};
struct traces {
	const struct plan *plan;
	struct trace t[COLUMNS_MAX];
	size_t n; /* columns */
	struct reasons reasons;
	struct trace_stage *stages; /* one for each section */
	char strace[32];	    /* its version */
};
void traces_align(struct traces *all);
void traces_free(struct traces *all);
size_t traces_unexplained(const struct traces *all);
/* Rows of calls that change state: the same in all columns, or not and with a reason. */
size_t traces_changes(const struct traces *all, bool same);

bool traces_partial(const struct traces *all);

/* trace_run.c: runs each column under strace; the files stay in build/compare/trace/. */
int trace_run(struct traces *all, const struct column *const chosen[], size_t n, struct error *e);

/* The path of strace, once it is known to be there and to be allowed to trace; NULL: e says why. */
const char *trace_strace(char version[32], struct error *e);

/* trace_command.c: `compare trace`; stage and format may be NULL. Returns the exit status. */
int trace_command(const struct plan *p, const char *columns, const char *stage, const char *format,
	const char *language, bool colour, struct error *e);

/* trace_print.c, trace_json.c; stage: NULL or which part alone. */
void trace_print(
	const struct traces *all, const char *stage, const char *language, bool colour, FILE *out);
json_t *trace_json(const struct traces *all, const char *stage);
bool trace_stage_chosen(const struct trace_section *s, const char *stage);

#endif
