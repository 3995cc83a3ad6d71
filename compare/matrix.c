/* matrix.c: see matrix.h. */
#include "matrix.h"

#include "diff.h"
#include "measure.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The stages that gobox-bridge has in both languages: go/via.go. */
static const char *const stages[] = {
	"cgroup", "namespaces", "identity", "network", "hostname", "mounts", "privileges"};

enum { STAGES = sizeof(stages) / sizeof(stages[0]), COMBINATIONS = 1 << STAGES, VIA_MAX = 128 };

struct matrix {
	const struct plan *p;
	const struct column *columns[2]; /* cbox, bridge */
	struct values values[2];	 /* of cbox; of the combination under way */
	size_t facts;			 /* compared in each: the least of all */
	int matched;
	json_t *mismatches; /* [{"via": "...", "facts": {ID: {"cbox": ..., "bridge": ...}}}] */
};

/* Bit N of combination says that stage N is C's: "cgroup=c,namespaces=go,...". */
static const char *via_of(int combination, char via[VIA_MAX])
{
	size_t used = 0;

	for (int i = 0; i < STAGES; i++)
		used += (size_t)snprintf(via + used, VIA_MAX - used, "%s%s=%s", i ? "," : "",
			stages[i], combination >> i & 1 ? "c" : "go");
	return via;
}

static void judge(struct matrix *m, const char *via)
{
	struct comparison c = {0};
	json_t *facts = json_object();

	comparison_make(&c, m->columns, m->values, 2);
	for (size_t i = 0; i < c.facts_n; i++) {
		const struct fact_verdict *f = &c.facts[i];

		if (!f->skipped && !f->match)
			json_object_set_new(facts, f->id,
				json_pack("{s:o, s:o}", m->columns[0]->name,
					value_to_json(&f->values[0]), m->columns[1]->name,
					value_to_json(&f->values[1])));
	}
	if (!m->facts || c.compared < m->facts)
		m->facts = c.compared;
	if (c.mismatches)
		json_array_append_new(
			m->mismatches, json_pack("{s:s, s:O}", "via", via, "facts", facts));
	else
		m->matched++;
	json_decref(facts);
	comparison_free(&c);
}

static int measure_combination(struct matrix *m, int combination, struct error *e)
{
	struct plan one = *m->p;
	char via[VIA_MAX];

	one.via = via_of(combination, via);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rcompare: %d of %d", combination + 1, COMBINATIONS);
	if (measure_column(&one, m->columns[1], &m->values[1], NULL, e)) {
		char why[sizeof(e->message)];

		snprintf(why, sizeof(why), "%s", e->message);
		return error_say(e, "--via %s: %.500s", via, why);
	}
	judge(m, via);
	values_free(&m->values[1]);
	return 0;
}

static void print_json(const struct matrix *m)
{
	json_t *names = json_array(), *report;

	for (int i = 0; i < STAGES; i++)
		json_array_append_new(names, json_string(stages[i]));
	report = json_pack("{s:s, s:s, s:o, s:i, s:i, s:I, s:O}", "spec", report_spec(m->p),
		"place", report_place(), "stages", names, "combinations", COMBINATIONS, "matched",
		m->matched, "facts", (json_int_t)m->facts, "mismatches", m->mismatches);
	json_dumpf(report, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(report);
}

static void print_mismatch(json_t *mismatch)
{
	const char *id;
	json_t *values;

	printf("\n--via %s\n", json_string_value(json_object_get(mismatch, "via")));
	json_object_foreach(json_object_get(mismatch, "facts"), id, values)
	{
		char *text = json_dumps(values, JSON_ENCODE_ANY);

		printf("    %s  %s\n", id, text);
		free(text);
	}
}

static void print_text(const struct matrix *m)
{
	struct utsname u = {0};
	json_t *mismatch;
	size_t i;

	uname(&u);
	printf("%s · %s · Linux %s\n", report_spec(m->p), report_place(), u.release);
	for (int stage = 0; stage < STAGES; stage++)
		printf("%s%s", stage ? " " : "", stages[stage]);
	printf(": each by Go and by C, all of them beside cbox\n");
	json_array_foreach(m->mismatches, i, mismatch) print_mismatch(mismatch);
	printf("\n%d of %d combinations match, %zu facts each\n", m->matched, COMBINATIONS,
		m->facts);
}

int matrix_run(const struct plan *p, bool as_json, struct error *e)
{
	struct matrix m = {.p = p,
		.columns = {column_find("cbox"), column_find("bridge")},
		.mismatches = json_array()};
	char path[PATH_MAX];
	int result = -1;

	if (!column_program(m.columns[1], p, path)) {
		error_say(e, "column %s: its program is not here", m.columns[1]->name);
		error_hint(e, "`make` builds it");
		goto out;
	}
	if (measure_column(p, m.columns[0], &m.values[0], NULL, e))
		goto out;
	for (int combination = 0; combination < COMBINATIONS; combination++)
		if (measure_combination(&m, combination, e))
			goto out;
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	(as_json ? print_json : print_text)(&m);
	result = COMBINATIONS - m.matched;
out:
	json_decref(m.mismatches);
	values_free(&m.values[0]);
	values_free(&m.values[1]);
	return result;
}
