/*
 * state_file.h: what the three files of the state share: state.c writes, state_read.c finds, locks
 * and reads, state_file.c knows the text.
 */
#ifndef TWINBOX_STATE_FILE_H
#define TWINBOX_STATE_FILE_H

#include "state.h"

#include <jansson.h>
#include <stdio.h>

#define STATE_VERSION  2
#define STATE_FILE_MAX (CONTAINER_NAME_MAX + 40) /* bytes of a file's name, temporary or not */
#define STATE_MAX_BYTES                                                                            \
	(1 << 17) /* three paths of 4096 bytes, each byte at most \u00xx, and more */
#define STATE_CREATED_MAX 253402300799 /* the last second of the year 9999 */

/* What the file says of s, as an object; owned by the caller (json_decref). NULL where a path is
 * not UTF-8, which JSON asks for (RFC 8259 section 8.1). */
json_t *state_json(const struct state *s);

/* Prints the file of s; both runtimes print the same bytes. */
int state_print(const struct state *s, FILE *out, struct error *e);

/* Reads the text of the state file of container name; path is for messages. */
int state_parse(const char *path, const char *name, const char *text, size_t size, struct state *s,
	struct error *e);

/*
 * Reads the state file of container name through its descriptor; directory is for messages. The
 * file may have lost its name meanwhile.
 */
int state_read(int fd, const char *directory, const char *name, struct state *s, struct error *e);

/* What is written into a file: printed into memory first, so that the file is written whole. */
struct state_text {
	char *data;
	size_t size;
};

/* Of state_put(), beside RENAME_NOREPLACE: a file that nobody asks for its owner. */
#define STATE_UNLOCKED (1U << 31)

/*
 * Makes the file of container name in dir, written whole under a name of its own and then renamed,
 * and locked from before it has either. how: RENAME_NOREPLACE, STATE_UNLOCKED. Returns the
 * descriptor, owned by the caller, or -1 and nothing is left.
 */
int state_put(int dir, const char *name, const char *file, const struct state_text *text,
	unsigned int how, struct error *e);

/* error_sys(): "writing state file /run/twinbox/NAME.json". Only then its path is looked for. */
int state_refused(struct error *e, const char *doing, const char *file);

/* state_claim() and state_sweep() for who has the directory open. */
int state_claim_in(
	int dir, const char *directory, const char *name, struct state *s, struct error *e);
int state_sweep_in(int dir, const char *directory, bool dry_run);

/*
 * Reads one state file and learns whether its owner lives (s->alive); 1 where there is none (any
 * more).
 */
int state_look(int dir, const char *directory, const char *file, struct state *s, struct error *e);

/* True while the descriptor's file still has this name: it was neither unlinked nor replaced. */
int state_still_named(int dir, const char *file, int fd);

#endif
