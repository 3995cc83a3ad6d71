/*
 * spec_read.h: how the spec's reader goes over one JSON object: by a table of its fields.
 *
 * Inside c/spec*.c only. A field that is in no table is refused by name. When several things are
 * wrong, the first of this order is told: an object's unknown fields, sorted; then its fields in
 * the table's order, each with all it holds; after the whole file, the rules of spec_check.c.
 */
#ifndef TWINBOX_SPEC_READ_H
#define TWINBOX_SPEC_READ_H

#include "json.h"
#include "spec.h"

#include <stdlib.h>

/* Where in the file a value stands: "linux.namespaces[2].type" as a chain of steps. */
struct where {
	const struct where *parent; /* NULL: this is the file, and key is its label */
	const char *key;	    /* NULL: an element of an array */
	size_t index;
};

struct field {
	const char *name;
	/* Checks value and stores it into f->into. */
	int (*read)(const struct where *at, json_t *value, const struct field *f, struct error *e);
	void *into;
	int64_t min, max; /* of a number; of a string's or list's length */
	bool required;
};

/* "LABEL: WHERE: MESSAGE". Always returns -1. */
int spec_refuse(const struct where *at, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with "must be a string, not a number". */
int spec_refuse_type(const struct where *at, json_t *value, const char *wanted, struct error *e);

/*
 * Refuses "/" where something will be mounted: it would lie over the container's root, and the
 * processes stay below it. 0 for any other path.
 */
int spec_refuse_root(const struct where *at, const char *path, struct error *e);

/* Tells that there is no memory. Always returns -1. */
int spec_no_memory(const struct where *at, struct error *e);

/* Frees the strings and empties the list. */
void strings_free(struct strings *list);

/* Reads an object by its table of n fields. */
int read_object(const struct where *at, json_t *value, const struct field *fields, size_t n,
	struct error *e);

/*
 * Reads an array of f->min to f->max elements; element() reads one into place, which is a zeroed
 * piece of size bytes in *list. *list and *n are the caller's even after an error.
 */
int read_list(const struct where *at, json_t *value, const struct field *f, void **list, size_t *n,
	size_t size,
	int (*element)(const struct where *at, json_t *value, void *place, struct error *e),
	struct error *e);

/* Readers for a field: what f->into points to stands in the comment. */
int read_bool(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_int(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_u32(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_u64(const struct where *at, json_t *value, const struct field *f, struct error *e);
/* struct spec_number; read_limit takes -1 as well */
int read_number(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_limit(const struct where *at, json_t *value, const struct field *f, struct error *e);
/* char *: of f->min to f->max bytes (max 0: any); an absolute path without "." and ".." */
int read_string(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_path(const struct where *at, json_t *value, const struct field *f, struct error *e);
/* struct strings: any strings; paths */
int read_strings(const struct where *at, json_t *value, const struct field *f, struct error *e);
int read_paths(const struct where *at, json_t *value, const struct field *f, struct error *e);
/* struct spec_key_values: an object of strings */
int read_key_values(const struct where *at, json_t *value, const struct field *f, struct error *e);

/* The objects of the spec, each in its own file; f->into is the struct spec. */
int spec_read_process(
	const struct where *at, json_t *value, const struct field *f, struct error *e);
int spec_read_mounts(const struct where *at, json_t *value, const struct field *f, struct error *e);
int spec_read_linux(const struct where *at, json_t *value, const struct field *f, struct error *e);
int spec_read_resources(
	const struct where *at, json_t *value, const struct field *f, struct error *e);
int spec_read_veth(const struct where *at, json_t *value, const struct field *f, struct error *e);

/* What no single object can say: rules between them. at is the file. */
int spec_check(const struct where *at, const struct spec *s, struct error *e);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
