/* run.c: `compare run`: every column measured, judged, kept and shown. */
#include "facts.h"
#include "machine.h"
#include "matrix.h"
#include "measure.h"
#include "options.h"
#include "page.h"
#include "report.h"
#include "result.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As the result of this project, or in the caller's file alone. */
static int keep(json_t *report, const struct plan *p, const char *file, struct error *e)
{
	if (file && json_dump_file(report, file, JSON_INDENT(2)))
		return error_sys(e, "writing %s", file);
	if (!file && result_write(p->results, "report.json", result_put_json, report, e))
		return -1;
	return file ? 0 : page_write(p->results, report, e);
}

static int show(json_t *report, const struct comparison *c, const struct report_head *head,
	const char *format, struct error *e)
{
	json_t *data;
	int result = 0;

	if (!strcmp(format, "json")) {
		print_json(report);
	} else if (!strcmp(format, "html")) {
		data = page_data(head->plan->results, report, e);
		result = data ? page_put(data, stdout, e) : -1;
		json_decref(data);
	} else {
		table_print(c, head, language(), colour_wanted(), stdout);
	}
	return result;
}

/*
 * Measures each column in turn. A reference that was not asked for by name and cannot run this
 * spec loses its column, and the report says why.
 */
static int measure_all(const struct options *o, const struct plan *p, const struct column *chosen[],
	size_t *n, struct values values[], struct report_head *head, struct error *e)
{
	for (size_t i = 0; i < *n;) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "compare: %s ...\n", chosen[i]->name);
		json_t *timeline = NULL;
		int failed = measure_column(p, chosen[i], &values[i], &timeline, e);

		if (timeline)
			json_object_set_new(head->timeline, chosen[i]->name, timeline);
		if (!failed) {
			i++;
			continue;
		}
		if (o->columns || chosen[i]->twin || process_stop_signal())
			return -1;
		char *why = text_printable(e->message, strlen(e->message));

		json_object_set_new(head->absent, chosen[i]->name, json_string(why));
		free(why);
		values_free(&values[i]);
		(*n)--;
		for (size_t k = i; k < *n && k + 1 < COLUMNS_MAX; k++)
			chosen[k] = chosen[k + 1];
	}
	return 0;
}

static int run_columns(const struct options *o, const struct plan *p, struct error *e)
{
	const struct column *chosen[COLUMNS_MAX];
	struct values values[COLUMNS_MAX] = {0};
	struct report_head head = {.plan = p, .absent = json_object(), .timeline = json_object()};
	struct comparison c = {0};
	json_t *report = NULL;
	int result = COULD_NOT;
	size_t n = 0;

	if (columns_choose(o->columns, p, chosen, &n, head.absent, e) ||
		measure_all(o, p, chosen, &n, values, &head, e))
		goto out;
	comparison_make(&c, chosen, values, n);
	head.machine = machine_json(p, chosen, n);
	report = report_json(&c, &head);
	if (keep(report, p, o->save, e) ||
		show(report, &c, &head, o->format ? o->format : "table", e))
		goto out;
	comparison_stale(&c, stderr);
	result = c.mismatches ? DIFFERENT : SAME;
out:
	json_decref(report);
	json_decref(head.absent);
	json_decref(head.timeline);
	json_decref(head.machine);
	comparison_free(&c);
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		values_free(&values[i]);
	return result;
}

/* All combinations of the stages; what has to be tried is left out. */
static int run_matrix(const struct options *o, const struct plan *p, struct error *e)
{
	int different = matrix_run(p, o->format && !strcmp(o->format, "json"), e);

	return different < 0 ? COULD_NOT : different ? DIFFERENT : SAME;
}

int command_run(const struct options *o)
{
	struct plan p = {.lock = -1};
	struct error e;
	int result = COULD_NOT;

	if (o->matrix && o->save)
		return say_usage("--matrix saves nothing", "");
	if (o->matrix && o->columns)
		return say_usage("--matrix has its own columns: cbox and bridge", "");
	if (o->format && strcmp(o->format, "table") != 0 && strcmp(o->format, "json") != 0 &&
		(o->matrix || strcmp(o->format, "html") != 0))
		return say_usage("no such format: ", o->format);
	if (!prepare(o, &p, &e))
		result = (o->matrix ? run_matrix : run_columns)(o, &p, &e);
	if (result == COULD_NOT)
		compare_fail(&e);
	plan_free(&p);
	return result;
}
