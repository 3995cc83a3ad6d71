/*
 * state_file.h: what the three files of the state share: state.c writes, state_read.c finds, locks
 * and reads, state_file.c knows the text.
 */
#ifndef TWINBOX_STATE_FILE_H
#define TWINBOX_STATE_FILE_H

#include "state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#define STATE_VERSION  3
#define STATE_FILE_MAX (CONTAINER_NAME_MAX + 40) /* bytes of a file's name, temporary or not */
#define STATE_MAX_BYTES                                                                            \
	((1 << 17) + SPEC_MAX_BYTES)   /* three paths, each byte at most \u00xx, more, and a spec */
#define STATE_CREATED_MAX 253402300799 /* the last second of the year 9999 */

/* What the file says of s, as one object; owned by the caller (json_decref). NULL where a path is
 * not UTF-8, which JSON asks for (RFC 8259 section 8.1). */
json_t *state_json(const struct state *s);

/*
 * The file grows by records, each added when it has become true. A record is an object as
 * json_write() prints it, so that its last line is a brace alone:
 *
 *   what the container is about to make	state_print()
 *   its first process: pid, startTime		STATE_PROCESS, once it exists
 *   how many bytes of spec follow, and they	STATE_SPEC, once the command runs; 0: not kept
 *
 * A record or spec whose end is not there yet counts as not there. Both runtimes write the same
 * bytes.
 */
#define STATE_PROCESS "{\n  \"pid\": %d,\n  \"startTime\": %" PRIu64 "\n}\n"
#define STATE_SPEC    "{\n  \"spec\": %zu\n}\n"

/* Prints the first record. */
int state_print(const struct state *s, FILE *out, struct error *e);

/* Bytes in memory. */
struct state_text {
	char *data;
	size_t size;
};

/*
 * Reads the text of the state file of container name; path is for messages. s is the caller's
 * (state_free) unless -1 is returned. The spec, where it is there, lies in text; data is NULL where
 * it is not.
 */
int state_parse(const char *path, const char *name, const struct state_text *text, struct state *s,
	struct state_text *spec, struct error *e);

/*
 * Reads the state file of container name through its descriptor; directory is for messages. The
 * file may have lost its name meanwhile. spec->data is the caller's (free), NULL where there is
 * none; spec may be NULL.
 */
int state_read(int fd, const char *directory, const char *name, struct state *s,
	struct state_text *spec, struct error *e);

/* Adds text to the file of c; -1 and errno, and the file is as it was. */
int state_append(struct container *c, const struct state_text *text);

/* error_sys(): "writing state file /run/twinbox/NAME.json". Only then its path is looked for. */
int state_refused(struct error *e, const char *doing, const char *file);

/* state_claim() and state_sweep() for who has the directory open. */
int state_claim_in(
	int dir, const char *directory, const char *name, struct state *s, struct error *e);
int state_sweep_in(int dir, const char *directory, bool dry_run);

/*
 * Reads one state file, spec as state_read() does, and learns whether its owner lives (s->alive); 1
 * where there is none (any more).
 */
int state_look(int dir, const char *directory, const char *file, struct state *s,
	struct state_text *spec, struct error *e);

/* True while the descriptor's file still has this name: it was neither unlinked nor replaced. */
int state_still_named(int dir, const char *file, int fd);

#endif
