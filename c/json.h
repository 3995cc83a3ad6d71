/*
 * json.h: strict JSON, read and written the same by both sides.
 *
 * json_scan() and Go's scanner (go/json_scan.go) are one algorithm, because jansson's and
 * encoding/json's own parsers differ in what they refuse, in their words and in their limits. Of
 * jansson there is the tree.
 */
#ifndef TWINBOX_JSON_H
#define TWINBOX_JSON_H

#include "error.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#define JSON_MAX_DEPTH	32   /* objects and arrays within each other */
#define JSON_MAX_VALUES 4096 /* values in one file: what bounds the memory of the tree */

/* A text of the file as messages show it: cut to 64 bytes. */
struct shown {
	char text[72];
};
struct shown json_shown(const char *text);

/*
 * Bytes of the character at p (utf-8(7)), of which left are there; 0 where it is none: an overlong
 * form, a surrogate, more than U+10FFFF.
 */
size_t json_character_size(const unsigned char *p, size_t left);

/* What json_read does after it has prepared jansson; *out is undefined after a failure. */
int json_scan(const char *label, const char *data, size_t len, json_t **out, struct error *e);

/*
 * 0 and the tree in *out, the caller's (json_decref), when the len bytes at data are one JSON value
 * (RFC 8259) that fits the limits above, with integers of 64 bits only, UTF-8 without NUL and no
 * key twice in an object. Else -1 and NULL, with "LABEL:LINE:COLUMN: WHAT" in e; the column counts
 * bytes from 1.
 */
int json_read(const char *label, const char *data, size_t len, json_t **out, struct error *e);

/*
 * Prints value: keys sorted by their bytes, two spaces a level, LF at the end, escapes only where
 * JSON wants them. Integers, strings, booleans, arrays and objects. Returns 0, or -1 with errno
 * set (ENOMEM); the caller looks at ferror(out).
 */
int json_write(json_t *value, FILE *out);

#endif
