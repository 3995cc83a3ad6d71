/* result.h: the files of build/compare, from which the page is put together (page.h). */
#ifndef TWINBOX_COMPARE_RESULT_H
#define TWINBOX_COMPARE_RESULT_H

#include "error.h"

#include <jansson.h>
#include <stdio.h>

/* What a file is written by: 0, or -1 and e says why. That out cannot take it is seen later. */
typedef int result_put(const json_t *json, FILE *out, struct error *e);

/* Indented JSON and a newline; NULL, what jansson could not make, is refused. */
result_put result_put_json;

/*
 * Writes DIR/name by put: a new file takes the old one's place, so no reader sees half of it, and
 * the old one stays where the new one cannot be written. 0, or -1 and e says why.
 */
int result_write(
	const char *dir, const char *name, result_put *put, const json_t *json, struct error *e);

#endif
