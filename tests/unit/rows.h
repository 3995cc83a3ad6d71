/*
 * rows.h: tables that the tests of both languages read, tests/unit/rows/NAME.txt: a row a line,
 * fields parted by '|' with the spaces around them taken off, \xNN for any byte, # for a comment.
 * go/rows_test.go reads them for Go.
 */
#ifndef TWINBOX_ROWS_H
#define TWINBOX_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_FIELDS = 6, ROW_BYTES = 2048 };

struct rows {
	FILE *file;
	char line[ROW_BYTES];
	char *fields[ROW_FIELDS]; /* "" where the row has fewer */
};

/* The tests run at the top of the project. */
static inline void rows_open(struct rows *r, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "tests/unit/rows/%s.txt", name);
	r->file = fopen(path, "re");
	if (!r->file) {
		perror(path);
		abort();
	}
}

/* Takes the spaces around text off and puts bytes in place of their \xNN. */
static inline char *rows_field(char *text)
{
	char *end = text + strlen(text), *out = text, *in;

	while (end > text && (end[-1] == ' ' || end[-1] == '\n'))
		*--end = '\0';
	text += strspn(text, " ");
	for (in = out = text; *in; out++) {
		char digits[3] = "";

		*out = *in++;
		if (*out != '\\' || *in != 'x')
			continue;
		memcpy(digits, in + 1, 2);
		*out = (char)strtoul(digits, NULL, 16);
		in += 3;
	}
	*out = '\0';
	return text;
}

/* The next row; 0 at the end, which closes the file. */
static inline int rows_next(struct rows *r)
{
	char *rest = r->line, *field;

	do {
		if (!fgets(r->line, sizeof(r->line), r->file)) {
			fclose(r->file);
			return 0;
		}
	} while (r->line[0] == '#' || r->line[0] == '\n');
	for (int i = 0; i < ROW_FIELDS; i++) {
		field = strsep(&rest, "|");
		r->fields[i] = rows_field(field ? field : r->line + strlen(r->line));
	}
	return 1;
}

#endif
