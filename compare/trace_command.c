/* trace_command.c: `compare trace`: run, align, keep, show. */
#include "report.h"
#include "result.h"
#include "trace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define FULL_SPEC "shared/specs/full.json"

/*
 * Of the twins the two that stand alone, or what was asked for: the bridge is both at once, and the
 * C library in it does more than either. A reference runtime tells no stages.
 */
static int choose(const char *list, const struct plan *p, const struct column *chosen[], size_t *n,
	struct error *e)
{
	if (columns_choose(list ? list : "cbox,gobox", p, chosen, n, NULL, e))
		return -1;
	for (size_t i = 0; i < *n; i++)
		if (!chosen[i]->twin)
			return error_say(e,
				"column %s: it writes no --events, which a trace is cut by",
				chosen[i]->name);
	if (*n > 0)
		return 0;
	error_say(e, "there is no runtime to trace");
	return error_hint(e, "`make` builds them");
}

static int check_stage(const char *stage, struct error *e)
{
	char known[300] = "";

	for (size_t i = 0; i < trace_sections_n; i++) {
		if (trace_stage_chosen(&trace_sections[i], stage))
			return 0;
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			i ? ", " : "", trace_sections[i].id);
	}
	error_say(e, "no stage is called \"%s\"", stage);
	return error_hint(e, "stages are %s", known);
}

/* In the full spec every reason is needed; what explains nothing there is out of date. */
static void tell_stale(const struct traces *all)
{
	if (strcmp(report_spec(all->plan), FULL_SPEC) != 0)
		return;
	for (size_t i = 0; i < all->reasons.n; i++) {
		char *text;

		if (!reason_stale(&all->reasons.v[i]))
			continue;
		text = json_dumps(all->reasons.v[i].entry, JSON_COMPACT);
		fprintf(stderr, "compare: shared/syscalls.json: explains nothing: %s\n", text);
		free(text);
	}
}

static int show(const struct traces *all, const char *stage, const char *format,
	const char *language, bool colour, struct error *e)
{
	json_t *whole = trace_json(all, NULL), *part = trace_json(all, stage);
	int result = result_write(all->plan->results, "trace.json", result_put_json, whole, e);

	if (!result && format && !strcmp(format, "json"))
		json_dumpf(part, stdout, JSON_INDENT(2)), putchar('\n');
	else if (!result)
		trace_print(all, stage, language, colour, stdout);
	json_decref(whole);
	json_decref(part);
	return result;
}

/* The reasons that are built in; TWINBOX_SYSCALLS names another file, for the tests. */
static int load_reasons(struct reasons *r, struct error *e)
{
	const char *other = getenv("TWINBOX_SYSCALLS");
	char *text = other ? read_whole(AT_FDCWD, other, NULL) : NULL;
	int result;

	if (other && !text)
		return error_sys(e, "reading %s", other);
	result = reasons_load(r, text ? text : syscalls_json, e);
	free(text);
	return result;
}

int trace_command(const struct plan *p, const char *columns_list, const char *stage,
	const char *format, const char *language, bool colour, struct error *e)
{
	const struct column *chosen[COLUMNS_MAX];
	struct traces all = {.plan = p};
	int result = 2;
	size_t n;

	if (check_stage(stage, e) || load_reasons(&all.reasons, e) ||
		choose(columns_list, p, chosen, &n, e) || trace_run(&all, chosen, n, e))
		goto out;
	traces_align(&all);
	if (show(&all, stage, format, language, colour, e))
		goto out;
	if (traces_partial(&all)) {
		error_say(e, "the trace is partial: not every runtime came to its end");
		error_hint(e, "what strace wrote is in %s/trace", p->results);
		goto out;
	}
	tell_stale(&all);
	result = traces_unexplained(&all) ? 1 : 0;
out:
	traces_free(&all);
	return result;
}
