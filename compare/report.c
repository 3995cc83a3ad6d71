/* report.c: see report.h. The shape of the JSON is fixed: what is added must not change it. */
#include "report.h"

#include "facts.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

const char *report_place(void)
{
	return access("/dev/lab", F_OK) ? "native" : "lab";
}

const char *report_spec(const struct plan *p)
{
	static char shown[4 * PATH_MAX]; /* "\xNN" takes four */
	size_t n = strlen(p->root);
	const char *path = p->spec_path;
	char *text;

	if (!strncmp(path, p->root, n) && path[n] == '/')
		path += n + 1;
	text = text_printable(path, strlen(path));
	snprintf(shown, sizeof(shown), "%s", text);
	free(text);
	return shown;
}

static json_t *both_languages(json_t *texts, const char *star, const char *fallback)
{
	char *ja = fact_text(texts, "ja", star, fallback),
	     *en = fact_text(texts, "en", star, fallback);
	json_t *o = json_pack("{s:s, s:s}", "ja", ja, "en", en);

	free(ja);
	free(en);
	return o;
}

const char *why_skipped(const struct fact_verdict *f)
{
	return f->values[0].kind == VALUE_ABSENT ? "not there in any column" : f->values[0].text;
}

static json_t *fact_json(const struct comparison *c, const struct fact_verdict *f)
{
	json_t *o = json_object(), *values = json_object(), *declared = json_object();
	char *star;
	json_t *fact = fact_find(f->id, &star);

	json_object_set_new(o, "id", json_string(f->id));
	json_object_set_new(o, "group", json_stringn(f->id, strcspn(f->id, ".")));
	json_object_set_new(
		o, "title", both_languages(json_object_get(fact, "title"), star, f->id));
	for (size_t i = 0; i < c->columns_n; i++) {
		const char *name = c->columns[i]->name;

		json_object_set_new(values, name, value_to_json(&f->values[i]));
		if (f->declared[i])
			json_object_set(declared, name, json_object_get(f->declared[i], "reason"));
	}
	json_object_set_new(o, "why", both_languages(json_object_get(fact, "why"), star, ""));
	if (json_object_get(fact, "source"))
		json_object_set(o, "source", json_object_get(fact, "source"));
	json_object_set_new(o, "values", values);
	json_object_set_new(o, "match", json_boolean(f->match));
	if (json_object_size(declared))
		json_object_set(o, "declared", declared);
	json_decref(declared);
	free(star);
	return o;
}

json_t *report_json(const struct comparison *c, const struct report_head *head)
{
	json_t *report = json_object(), *columns = json_array(), *facts = json_array(),
	       *skipped = json_array();
	struct utsname u = {0};

	uname(&u);
	for (size_t i = 0; i < c->columns_n; i++)
		json_array_append_new(columns, json_string(c->columns[i]->name));
	for (size_t i = 0; i < c->facts_n; i++) {
		const struct fact_verdict *f = &c->facts[i];

		if (f->skipped)
			json_array_append_new(skipped,
				json_pack("{s:s, s:s}", "id", f->id, "why", why_skipped(f)));
		else
			json_array_append_new(facts, fact_json(c, f));
	}
	json_object_set_new(report, "spec", json_string(report_spec(head->plan)));
	json_object_set_new(report, "place", json_string(report_place()));
	json_object_set_new(report, "kernel", json_string(u.release));
	json_object_set_new(report, "columns", columns);
	json_object_set(report, "absent_columns", head->absent);
	json_object_set_new(report, "facts", facts);
	json_object_set_new(report, "skipped", skipped);
	if (head->timeline)
		json_object_set(report, "timeline", head->timeline);
	if (head->machine)
		json_object_set(report, "machine", head->machine);
	json_object_set_new(report, "summary",
		json_pack("{s:I, s:I}", "facts", (json_int_t)c->compared, "mismatches",
			(json_int_t)c->mismatches));
	return report;
}

json_t *report_observed(const struct plan *p, const struct column *c, const struct values *v)
{
	json_t *facts = json_array();

	for (const char *const *group = group_names; *group; group++) {
		for (size_t i = 0; i < v->n; i++) {
			const struct value *one = &v->v[i];

			if (fact_in_group(one->id, *group))
				json_array_append_new(
					facts, json_pack("{s:s, s:s, s:o}", "id", one->id, "group",
						       *group, "value", value_to_json(one)));
		}
	}
	return json_pack(
		"{s:s, s:[s], s:o}", "spec", report_spec(p), "columns", c->name, "facts", facts);
}
