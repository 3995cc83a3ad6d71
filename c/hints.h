/* hints.h: the hints below errors in Japanese; the errors themselves are always English. */
#ifndef TWINBOX_HINTS_H
#define TWINBOX_HINTS_H

#include <stddef.h>

struct hint {
	const char *en, *ja; /* what each takes stands in the same order in both */
};

/* A program's own hints beside the runtime's: rows, which stay the caller's for as long as it runs.
 */
void hints_add(const struct hint *rows, size_t n);

/* The format of error_hint() in the reader's language (language.h); a format without a row as it
 * is. */
const char *hints_format(const char *en) __attribute__((format_arg(1)));

#endif
