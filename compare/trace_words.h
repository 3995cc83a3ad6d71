/*
 * trace_words.h: inside of trace_normal.c: a piece of what strace wrote, with words for numbers,
 * descriptors and places.
 */
#ifndef TWINBOX_COMPARE_TRACE_WORDS_H
#define TWINBOX_COMPARE_TRACE_WORDS_H

#include "trace.h"

#define LABELS_MAX 1024

/* What is known while one trace is walked. */
struct normal {
	const struct trace *t;
	const struct trace_names *names;
	char *labels[WHO_COUNT][LABELS_MAX]; /* what a descriptor is where strace cannot say */
	bool numbers_are_processes;
	enum trace_who who;
};

/* One argument, or the result, as words. malloc'd. */
char *words_of(struct normal *n, const char *raw);

/* A path as words. malloc'd. */
char *words_of_path(struct normal *n, const char *path);

/* The end of the string in quotes at p. */
const char *string_end(const char *p);

#endif
