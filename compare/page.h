/*
 * page.h: the report as one page for a browser: build/compare/report.html. It is the template
 * report.html with its style and scripts (report/), which are part of the program (embed.c), and
 * what was found as JSON. It asks for nothing else, and its policy forbids the browser to.
 */
#ifndef TWINBOX_COMPARE_PAGE_H
#define TWINBOX_COMPARE_PAGE_H

#include "error.h"

#include <jansson.h>
#include <stdio.h>

/* The files' bytes; each ends in NUL. */
extern const char page_template[], page_style[], page_script[];

/*
 * Everything the page shows: { "version", "report", "trace", "map", "bench", "made" }; made has the
 * time of each of the files, as they may be older than the report. What is not given
 * (report) comes from DIR/report.json; the others are there where `make trace` (of the same spec),
 * `make map` and `make bench` left them, else null. NULL: e says why.
 */
json_t *page_data(const char *dir, json_t *report, struct error *e);

/* The whole page; 0, or -1 and e says why. */
int page_put(const json_t *data, FILE *out, struct error *e);

/* Writes DIR/report.html (result.h). */
int page_write(const char *dir, json_t *report, struct error *e);

/*
 * JSON that can stand in <script>: no "<", ">" or "&", which could end it or begin a comment, and
 * no U+2028 or U+2029. Such characters are only within strings, where \uXXXX means the same.
 */
void page_put_json(const json_t *data, FILE *out);

#endif
