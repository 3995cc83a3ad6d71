/* text.h: text in columns of a terminal, where a CJK character takes two. */
#ifndef TWINBOX_COMPARE_TEXT_H
#define TWINBOX_COMPARE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

/* How many columns text takes. */
int text_width(const char *text);

/* Prints text in exactly width columns if pad, else in at most; what is too long ends in "…". */
void text_put(FILE *out, const char *text, int width, bool pad);

/* Prints text in lines of at most width columns, each behind indent blanks. */
void text_wrap(FILE *out, const char *text, int indent, int width);

#endif
