/* trace_align_scene.h: calls of columns, aligned, for the tests of compare trace. */
#ifndef TWINBOX_TEST_TRACE_ALIGN_SCENE_H
#define TWINBOX_TEST_TRACE_ALIGN_SCENE_H

#include "trace.h"

#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column names[] = {{.name = "cbox"}, {.name = "gobox"}, {.name = "bridge"}};

#define REASON "\"reason\": {\"ja\": \"理由\", \"en\": \"why\"}"

static const char reasons[] =
	"[{\"call\": [\"futex\", \"nanosleep\"], \"columns\": [\"gobox\"], \"fold\": true, " REASON
	"},"
	" {\"call\": \"getpid\", \"columns\": [\"gobox\", \"bridge\"], \"fold\": true, "
	"\"sometimes\": true, " REASON "},"
	" {\"call\": \"newfstatat\", \"columns\": [\"cbox\"], \"instead\": {\"newfstatat(*\": "
	"\"fstat(*\"}, " REASON "},"
	" {\"call\": \"clone3\", \"columns\": [\"gobox\"], \"instead\": "
	"{\"clone3(*|VFORK)\": \"clone3(*)\"}, " REASON "},"
	" {\"call\": \"mmap\", \"stages\": [\"start\"], \"columns\": [\"cbox\"], " REASON "},"
	" {\"call\": \"rseq\", \"columns\": [\"bridge\"], " REASON "},"
	" {\"call\": \"tick\", \"columns\": [\"gobox\", \"bridge\"], \"fold\": true, " REASON "}]";

/* Calls by their keys, all in one stage; what begins with "*" changes state. */
static inline struct trace column_of(size_t k, const char *section, const char *const keys[])
{
	struct trace t = {.column = &names[k]};

	while (keys[t.n])
		t.n++;
	t.calls = calloc(t.n + 1, sizeof(*t.calls));
	for (size_t i = 0; i < t.n; i++) {
		const char *key = keys[i] + (keys[i][0] == '*');

		t.calls[i] = (struct trace_call){.name = strndup(key, strcspn(key, "(")),
			.key = strdup(key),
			.text = strdup(key),
			.changes = keys[i][0] == '*',
			.section = (int)(trace_section_find(section) - trace_sections)};
	}
	return t;
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline struct traces align_by(
	const char *json, size_t n, const char *section, const char *const *const keys[])
{
	struct traces all = {.n = n};
	struct error e;

	error_clear(&e);
	assert_int_equal(reasons_load(&all.reasons, json, &e), 0);
	for (size_t k = 0; k < n; k++)
		all.t[k] = column_of(k, section, keys[k]);
	traces_align(&all);
	return all;
}

static inline struct traces align(size_t n, const char *section, const char *const *const keys[])
{
	return align_by(reasons, n, section, keys);
}

static inline const struct trace_stage *stage(const struct traces *all, const char *id)
{
	return &all->stages[trace_section_find(id) - trace_sections];
}

/* Rows as "=a(1)", "~a(1)|b(2)", "<a(1)", ">b(1)×2", a "!" behind those without a reason. */
static inline void check_rows(const struct traces *all, const char *id, const char *want)
{
	const struct trace_stage *s = stage(all, id);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < s->n; i++) {
		const struct trace_row *r = &s->rows[i];

		fprintf(out, "%s%s", i ? " " : "",
			r->kind == ROW_SAME   ? "="
			: r->kind == ROW_PAIR ? "~"
			: r->cells[0]	      ? "<"
					      : ">");
		for (size_t k = 0; k < all->n; k++)
			if (r->cells[k] && (r->kind != ROW_SAME || k == 0))
				fprintf(out, "%s", r->cells[k]->key);
		if (r->times > 1)
			fprintf(out, "×%zu", r->times);
		if (r->kind != ROW_SAME && !r->reason)
			fputc('!', out);
	}
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

#endif
