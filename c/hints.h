/* hints.h: the hints below errors in Japanese; the errors themselves are always English. */
#ifndef TWINBOX_HINTS_H
#define TWINBOX_HINTS_H

/* The format of error_hint() in the reader's language (language.h); a format without a row as it
 * is. */
const char *hints_format(const char *en) __attribute__((format_arg(1)));

#endif
