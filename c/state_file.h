/*
 * state_file.h: what the three files of the state share: state.c writes, state_read.c finds, locks
 * and reads, state_file.c knows the text.
 */
#ifndef TWINBOX_STATE_FILE_H
#define TWINBOX_STATE_FILE_H

#include "state.h"

#include <jansson.h>

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

/*
 * A file of the text under a name of its own in dir, locked, for rename(2) or link(2). temporary
 * gets the name. Returns the descriptor, owned by the caller, or -1 and nothing is left.
 */
int state_temporary(int dir, const char *directory, const char *name, const struct state_text *text,
	char temporary[STATE_FILE_MAX], struct error *e);

/*
 * Reads one state file and learns whether its owner lives (s->alive); 1 where there is none (any
 * more).
 */
int state_look(int dir, const char *directory, const char *file, struct state *s, struct error *e);

/* True while the descriptor's file still has this name: it was neither unlinked nor replaced. */
int state_still_named(int dir, const char *file, int fd);

#endif
