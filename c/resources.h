/*
 * resources.h: linux.resources as files of a cgroup v2. One row a file: what it is called and how
 * its value is printed. cgroup.c writes what this table says; go/resources.go has the same rows.
 */
#ifndef TWINBOX_RESOURCES_H
#define TWINBOX_RESOURCES_H

#include "spec.h"

/* One file of the cgroup and the text that goes into it. */
struct limit {
	const char *file;  /* "memory.max"; static or borrowed from the spec */
	const char *value; /* in text, or borrowed from the spec */
	char text[64];	   /* room for a value made of numbers */
};

/* How many rows the spec may ask for: those of the table, then linux.resources.unified. */
size_t resources_count(const struct spec *s);

/*
 * Row i of s as *out (valid as long as s and *out stay where they are); false where the spec does
 * not ask for it. The rows of unified come last, so that they win.
 */
bool resources_limit(const struct spec *s, size_t i, struct limit *out);

/*
 * The controllers that these files belong to, once each, as cgroup.controllers has them:
 * "cpu memory pids". size bytes at out; too long a list is an error.
 */
int resources_controllers(const struct spec *s, char *out, size_t size, struct error *e);

/* True when the words of list, set apart by spaces or line feeds, include word (len bytes). */
bool resources_has_word(const char *list, const char *word, size_t len);

#endif
