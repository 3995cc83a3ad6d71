/*
 * values.h: what was read in one column: an id and a value a fact.
 *
 * "not there", "empty" and "could not be read" are three different things, so a value carries its
 * kind. In JSON a text is a string, VALUE_ABSENT is "absent", VALUE_FAILED is "error: ..." and
 * VALUE_SKIPPED is null.
 */
#ifndef TWINBOX_COMPARE_VALUES_H
#define TWINBOX_COMPARE_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum value_kind {
	VALUE_TEXT,    /* what the kernel said, or a relation made of it */
	VALUE_ABSENT,  /* the kernel or the container has no such thing, and that is a value */
	VALUE_FAILED,  /* it should be there and could not be read: never a match */
	VALUE_SKIPPED, /* does not apply to this column, or cannot be tried on this machine */
};

struct value {
	char *id;
	enum value_kind kind;
	char *text; /* VALUE_TEXT: the value; VALUE_FAILED, VALUE_SKIPPED: why; never NULL */
};

/* Grows as needed; a program that is out of memory ends (there is nothing to undo in compare
 * that the kernel does not undo by parent-death signal). */
struct values {
	struct value *v;
	size_t n, space;
};

/* open_memstream(3), but never NULL: see struct values. */
FILE *text_stream(char **text, size_t *size) __attribute__((returns_nonnull));

/* Bytes that are no printable UTF-8 become \xNN, so that every value can stand in JSON. */
char *text_printable(const char *bytes, size_t n);

/* malloc'd text of a format; the caller frees it. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Sets id to a value; a second value for the same id replaces the first. */
void values_put(struct values *s, const char *id, enum value_kind kind, const char *text);
void values_set(struct values *s, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void values_absent(struct values *s, const char *id);
void values_skip(struct values *s, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The reader failed with errno: "error: ENOENT (WHAT)". */
void values_failed(struct values *s, const char *id, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* NULL where s has no such id. */
const struct value *values_get(const struct values *s, const char *id);

void values_free(struct values *s);

/* One value to JSON and back (borrowed text is copied). */
json_t *value_to_json(const struct value *v);
void values_put_json(struct values *s, const char *id, const json_t *json);

/* Two values are the same: same kind, same text, and both were really read. */
bool value_equal(const struct value *a, const struct value *b);

#endif
