/* merge.c: see merge.h. */
#include "merge.h"

#include "diff.h"
#include "text.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

/* What two runs are compared by: the first column's value. NULL: the run did not try this fact. */
static const json_t *value_in(const json_t *fact, const char *run)
{
	json_t *values = json_object_get(json_object_get(fact, "values"), run);

	return json_object_iter_value(json_object_iter(values));
}

static json_t *load(const char *path, struct error *e)
{
	json_error_t json;
	json_t *report = json_load_file(path, JSON_REJECT_DUPLICATES, &json);
	const char *spec, *place, *kernel;
	json_t *facts, *columns;
	json_int_t compared, mismatches;

	if (!report) {
		error_say(e, "%s:%d:%d: %s", path, json.line, json.column, json.text);
	} else if (json_unpack(report, "{s:s, s:s, s:s, s:o, s:o, s:{s:I, s:I}}", "spec", &spec,
			   "place", &place, "kernel", &kernel, "facts", &facts, "columns", &columns,
			   "summary", "facts", &compared, "mismatches", &mismatches) ||
		   !json_array_size(facts) || !json_array_size(columns)) {
		error_say(e, "%s: not a saved result", path);
		error_hint(e, "`compare run --save FILE` writes one");
		json_decref(report);
		report = NULL;
	}
	return report;
}

static char *run_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	if (n > 5 && !strcmp(name + n - 5, ".json"))
		n -= 5;
	return text_printable(name, n);
}

/* The facts of one run into all, which is {"ID": fact}. */
static void add_facts(json_t *all, const json_t *report, const char *run)
{
	json_t *fact;
	size_t i;

	json_array_foreach(json_object_get(report, "facts"), i, fact)
	{
		static const char *const kept[] = {"id", "group", "title", "why", "source"};
		const char *id = json_string_value(json_object_get(fact, "id"));
		json_t *one = id ? json_object_get(all, id) : NULL;

		if (!id)
			continue;
		if (!one) {
			one = json_pack("{s:{}, s:[]}", "values", "mismatch");
			for (size_t k = 0; k < sizeof(kept) / sizeof(kept[0]); k++)
				if (json_object_get(fact, kept[k]))
					json_object_set(
						one, kept[k], json_object_get(fact, kept[k]));
			json_object_set_new(all, id, one);
		}
		json_object_set(
			json_object_get(one, "values"), run, json_object_get(fact, "values"));
		if (!json_is_true(json_object_get(fact, "match")))
			json_array_append_new(json_object_get(one, "mismatch"), json_string(run));
	}
}

static int add_run(json_t *runs, json_t *all, const char *path, json_t **spec, struct error *e)
{
	json_t *report = load(path, e), *other;
	char *name = run_name(path);
	int result = -1;
	size_t i;

	if (!report)
		goto out;
	if (*spec && !json_equal(*spec, json_object_get(report, "spec"))) {
		error_say(e, "%s: of another spec (%s) than the first", path,
			json_string_value(json_object_get(report, "spec")));
		goto out;
	}
	json_array_foreach(runs, i, other)
	{
		if (strcmp(json_string_value(json_object_get(other, "name")), name) != 0)
			continue;
		error_say(e, "%s: two files are called %s", path, name);
		goto out;
	}
	*spec = *spec ? *spec : json_incref(json_object_get(report, "spec"));
	other = json_object_get(report, "summary");
	json_array_append_new(runs, json_pack("{s:s, s:O, s:O, s:O?, s:O, s:O, s:O}", "name", name,
					    "place", json_object_get(report, "place"), "kernel",
					    json_object_get(report, "kernel"), "machine",
					    json_object_get(report, "machine"), "columns",
					    json_object_get(report, "columns"), "facts",
					    json_object_get(other, "facts"), "mismatches",
					    json_object_get(other, "mismatches")));
	add_facts(all, report, name);
	result = 0;
out:
	free(name);
	json_decref(report);
	return result;
}

/* All runs tried it and the kernel said the same in each. */
static bool same_everywhere(const json_t *fact, const json_t *runs)
{
	const json_t *first = NULL;
	json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		const json_t *value =
			value_in(fact, json_string_value(json_object_get(run, "name")));

		if (!value || (i && !json_equal(value, first)))
			return false;
		first = value;
	}
	return true;
}

/* Group by group, in the order of every report. */
static json_t *merged(json_t *spec, json_t *runs, json_t *all)
{
	json_int_t same = 0, different = 0, mismatches = 0;
	json_t *facts = json_array(), *fact, *run;
	const char *id;
	size_t i;

	for (const char *const *group = group_names; *group; group++) {
		json_object_foreach(all, id, fact)
		{
			bool equal = same_everywhere(fact, runs);

			if (!fact_in_group(id, *group))
				continue;
			same += equal;
			different += !equal;
			if (!equal || json_array_size(json_object_get(fact, "mismatch")))
				json_array_append(facts, fact);
		}
	}
	json_array_foreach(runs, i, run) mismatches +=
		json_integer_value(json_object_get(run, "mismatches"));
	return json_pack("{s:O, s:O, s:o, s:{s:I, s:I, s:I, s:I, s:I}}", "spec", spec, "runs", runs,
		"facts", facts, "summary", "runs", (json_int_t)json_array_size(runs), "facts",
		same + different, "same", same, "different", different, "mismatches", mismatches);
}

json_t *merge_files(const char *const files[], int n, struct error *e)
{
	json_t *runs = json_array(), *all = json_object(), *spec = NULL, *result = NULL;
	int i = 0;

	while (i < n && !add_run(runs, all, files[i], &spec, e))
		i++;
	if (i == n)
		result = merged(spec, runs, all);
	json_decref(runs);
	json_decref(all);
	json_decref(spec);
	return result;
}

/* --- For people ------------------------------------------------------------------ */

struct words {
	const char *machines, *kernel, *facts, *mismatches, *differ, *not_tried, *empty, *same,
		*missing;
};
static const struct words english = {"machines", "kernel", "facts", "mismatches",
	"Differs between machines, or (✗) between columns", "(not tried)", "(empty)",
	"the same on every machine", "(not there)"};
static const struct words japanese = {"台", "カーネル", "項目", "不一致",
	"マシンによって、または列によって (✗) 異なる項目", "(試していない)", "(空)",
	"すべてのマシンで同じ項目", "(なし)"};

static void put(FILE *out, const char *text, int width)
{
	text_put(out, text ? text : "-", width, true);
	fputs("  ", out);
}

static const char *string_in(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Runs are told by a letter below their table. */
static char letter(size_t i)
{
	return i < 26 ? (char)('A' + i) : i < 52 ? (char)('a' + i - 26) : '?';
}

static void print_runs(const json_t *runs, const struct words *w, FILE *out)
{
	json_t *run;
	size_t i;

	put(out, "", 3);
	put(out, "", 24);
	put(out, w->kernel, 24);
	put(out, "Go", 10);
	put(out, w->facts, 5);
	fprintf(out, "%s\n", w->mismatches);
	json_array_foreach(runs, i, run)
	{
		fprintf(out, "  %c  ", letter(i));
		put(out, string_in(run, "name"), 24);
		put(out, string_in(run, "kernel"), 24);
		put(out, string_in(json_object_get(run, "machine"), "go"), 10);
		fprintf(out, "%5lld  %lld\n",
			(long long)json_integer_value(json_object_get(run, "facts")),
			(long long)json_integer_value(json_object_get(run, "mismatches")));
	}
}

static const char *shown(const json_t *value, const struct words *w)
{
	const char *text = json_string_value(value);

	return !text			 ? w->not_tried
	       : !strcmp(text, "absent") ? w->missing
	       : !*text			 ? w->empty
					 : text;
}

/* A line for each value: the letters of the runs that have it, and the value. */
static void print_values(const json_t *fact, const json_t *runs, const struct words *w, FILE *out)
{
	size_t n = json_array_size(runs);
	bool *told = calloc(n, sizeof(*told));

	for (size_t i = 0; told && i < n; i++) {
		const json_t *value = value_in(fact, string_in(json_array_get(runs, i), "name"));
		int width = 0;

		if (told[i])
			continue;
		fputs("      ", out);
		for (size_t k = i; k < n; k++) {
			const json_t *other =
				value_in(fact, string_in(json_array_get(runs, k), "name"));

			if (value != other && !json_equal(value, other))
				continue;
			told[k] = true;
			fprintf(out, "%c ", letter(k));
			width += 2;
		}
		fprintf(out, "%*s", width < 14 ? 14 - width : 1, "");
		text_put(out, shown(value, w), 78, false);
		fputc('\n', out);
	}
	free(told);
}

static void print_fact(const json_t *fact, const json_t *runs, const char *language,
	const struct words *w, FILE *out)
{
	const char *id = string_in(fact, "id"),
		   *title = string_in(json_object_get(fact, "title"), language);
	json_t *bad = json_object_get(fact, "mismatch"), *name;
	size_t i;

	fprintf(out, "  %s ", json_array_size(bad) ? "✗" : " ");
	text_put(out, title ? title : id, 52, true);
	fputs("  ", out);
	text_put(out, id, 40, false);
	fputc('\n', out);
	print_values(fact, runs, w, out);
	json_array_foreach(bad, i, name)
		fprintf(out, "      ✗ %s: %s\n", w->mismatches, json_string_value(name));
}

void merge_print(const json_t *m, const char *language, FILE *out)
{
	const struct words *w = strcmp(language, "ja") ? &english : &japanese;
	json_t *runs = json_object_get(m, "runs"), *summary = json_object_get(m, "summary"), *fact;
	const char *names[] = {"same", "facts", "mismatches"};
	long long n[3];
	size_t i;

	for (i = 0; i < 3; i++)
		n[i] = (long long)json_integer_value(json_object_get(summary, names[i]));
	fprintf(out, "%s · %zu %s\n\n", string_in(m, "spec"), json_array_size(runs), w->machines);
	print_runs(runs, w, out);
	if (json_array_size(json_object_get(m, "facts")))
		fprintf(out, "\n%s\n", w->differ);
	json_array_foreach(json_object_get(m, "facts"), i, fact)
		print_fact(fact, runs, language, w, out);
	fprintf(out, "\n%s: %lld\n%lld facts, %lld mismatches\n", w->same, n[0], n[1], n[2]);
}
