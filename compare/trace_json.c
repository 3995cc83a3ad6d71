/* trace_json.c: the trace as JSON; its shape is in trace.h. */
#include "report.h"
#include "trace.h"

#include <string.h>
#include <sys/utsname.h>

static const char *const kinds[] = {[ROW_SAME] = "same", [ROW_PAIR] = "pair", [ROW_ONLY] = "only"};

static json_t *row_json(const struct traces *all, const struct trace_row *row)
{
	json_t *o = json_object(), *calls = json_object();

	for (size_t k = 0; k < all->n; k++)
		if (row->cells[k])
			json_object_set_new(calls, all->t[k].column->name,
				json_string(row->times > 1 ? row->cells[k]->name
							   : row->cells[k]->text));
	json_object_set_new(o, "kind", json_string(kinds[row->kind]));
	json_object_set_new(o, "changes", json_boolean(row->changes));
	json_object_set_new(o, "calls", calls);
	if (row->times > 1)
		json_object_set_new(o, "times", json_integer((json_int_t)row->times));
	if (row->reason)
		json_object_set(o, "reason", json_object_get(row->reason->entry, "reason"));
	return o;
}

static json_t *stage_json(const struct traces *all, const struct trace_stage *s)
{
	json_t *totals = json_object(), *rows = json_array();
	const struct trace_section *part = s->section;
	const char *dot = strrchr(part->id, '.');

	for (size_t k = 0; k < all->n; k++)
		json_object_set_new(totals, all->t[k].column->name,
			json_pack("{s:I, s:I, s:I}", "calls", (json_int_t)s->calls[k], "changes",
				(json_int_t)s->changes[k], "only", (json_int_t)s->only[k]));
	for (size_t i = 0; part->compared && i < s->n; i++)
		json_array_append_new(rows, row_json(all, &s->rows[i]));
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:b, s:o}", "id", part->id, "who",
		part->who == WHO_PARENT ? "parent" : "child", "stage", dot ? dot + 1 : part->id,
		"title", "ja", part->ja, "en", part->en, "totals", totals, "same_changes",
		s->same_changes, "rows", rows);
}

static json_t *sum(const struct traces *all, bool changes)
{
	json_t *o = json_object();

	for (size_t k = 0; k < all->n; k++) {
		size_t n = 0;

		for (size_t i = 0; i < trace_sections_n; i++)
			if (trace_sections[i].compared)
				n += changes ? all->stages[i].changes[k] : all->stages[i].calls[k];
		json_object_set_new(o, all->t[k].column->name, json_integer((json_int_t)n));
	}
	return o;
}

static json_t *summary_json(const struct traces *all)
{
	size_t rows[3] = {0}, different = 0;
	json_t *stale = json_array();

	for (size_t i = 0; i < trace_sections_n; i++) {
		const struct trace_stage *s = &all->stages[i];

		different += !s->same_changes;
		for (size_t r = 0; s->section->compared && r < s->n; r++)
			rows[s->rows[r].kind]++;
	}
	for (size_t i = 0; i < all->reasons.n; i++)
		if (reason_stale(&all->reasons.v[i]))
			json_array_append(stale, all->reasons.v[i].entry);
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:o}", "calls",
		sum(all, false), "changes", sum(all, true), "rows", "same",
		(json_int_t)rows[ROW_SAME], "pair", (json_int_t)rows[ROW_PAIR], "only",
		(json_int_t)rows[ROW_ONLY], "same_changes", (json_int_t)traces_changes(all, true),
		"declared_changes", (json_int_t)traces_changes(all, false), "unexplained",
		(json_int_t)traces_unexplained(all), "different_stages", (json_int_t)different,
		"stale", stale);
}

json_t *trace_json(const struct traces *all, const char *stage)
{
	json_t *columns = json_array(), *partial = json_object(), *stages = json_array();
	struct utsname u = {0};

	uname(&u);
	for (size_t k = 0; k < all->n; k++) {
		json_array_append_new(columns, json_string(all->t[k].column->name));
		if (all->t[k].partial)
			json_object_set_new(
				partial, all->t[k].column->name, json_string(all->t[k].partial));
	}
	for (size_t i = 0; i < trace_sections_n; i++)
		if (trace_stage_chosen(&trace_sections[i], stage))
			json_array_append_new(stages, stage_json(all, &all->stages[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "spec", report_spec(all->plan),
		"place", report_place(), "kernel", u.release, "strace", all->strace, "columns",
		columns, "partial", partial, "stages", stages, "summary", summary_json(all));
}
