/* table.c: the report for people: at most 100 columns wide, what does not match comes first. */
#include "facts.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define WIDTH	    100
#define TITLE_WIDTH 46

/* What a terminal shows, by language; facts bring their own titles. */
struct words {
	const char *groups[9]; /* as group_names */
	const char *mismatches, *declared, *skipped, *absent, *empty, *none, *missing, *facts;
};

static const struct words english = {
	{"Namespaces", "Cgroup", "Network (veth)", "Mounts", "Identity", "Privileges", "Process",
		"Exec", "Lifecycle"},
	"Does not match",
	"Differs for a declared reason (in brackets: the first column)",
	"Not tried here",
	"not installed, so not compared",
	"(empty)",
	"(does not apply)",
	"(not there)",
	"facts",
};
static const struct words japanese = {
	{"名前空間", "cgroup", "ネットワーク (veth)", "マウント", "ID", "権限", "プロセス", "exec",
		"ライフサイクル"},
	"一致しない項目",
	"理由が宣言されている違い (括弧の中は最初の列)",
	"ここでは試していない項目",
	"インストールされていないため比較していません",
	"(空)",
	"(対象外)",
	"(なし)",
	"項目",
};

struct table {
	const struct comparison *c;
	const struct words *words;
	const char *language;
	bool colour;
	FILE *out;
};

static void print_cut(const struct table *t, const char *text, int width, bool pad)
{
	text_put(t->out, text, width, pad);
}

static void paint(const struct table *t, const char *code)
{
	if (t->colour)
		fprintf(t->out, "\033[%sm", code);
}

static const char *shown(const struct table *t, const struct value *v, char **text)
{
	*text = NULL;
	switch (v->kind) {
	case VALUE_TEXT:
		return v->text[0] ? v->text : t->words->empty;
	case VALUE_ABSENT:
		return t->words->missing;
	case VALUE_SKIPPED:
		return t->words->none;
	case VALUE_FAILED:
		break;
	}
	*text = text_format("error: %s", v->text);
	return *text;
}

static char *title_of(const struct table *t, const char *id)
{
	char *star, *title;
	json_t *fact = fact_find(id, &star);

	title = fact_text(json_object_get(fact, "title"), t->language, star, id);
	free(star);
	return title;
}

/* True when a column of f differs for the reason entry; NULL: for any declared reason. */
static bool declared_by(const struct fact_verdict *f, size_t n, const json_t *entry)
{
	for (size_t i = 0; i < n; i++)
		if (f->declared[i] && (!entry || f->declared[i] == entry))
			return true;
	return false;
}

/* A fact with a line for each column, for those that are not simply the same. */
static void print_columns(const struct table *t, const struct fact_verdict *f, const char *mark)
{
	char *title = title_of(t, f->id), *text;

	fprintf(t->out, "  %s ", mark);
	print_cut(t, title, WIDTH - 4, false);
	fprintf(t->out, "\n      %s\n", f->id);
	for (size_t i = 0; i < t->c->columns_n; i++) {
		fprintf(t->out, "      %-8s", t->c->columns[i]->name);
		print_cut(t, shown(t, &f->values[i], &text), WIDTH - 14, false);
		fputc('\n', t->out);
		free(text);
	}
	free(title);
}

static void print_mismatches(const struct table *t)
{
	if (!t->c->mismatches)
		return;
	paint(t, "1;31");
	fprintf(t->out, "%s: %zu\n", t->words->mismatches, t->c->mismatches);
	paint(t, "0");
	for (size_t i = 0; i < t->c->facts_n; i++)
		if (!t->c->facts[i].match)
			print_columns(t, &t->c->facts[i], "✗");
	fputc('\n', t->out);
}

static const struct value *common_value(const struct table *t, const struct fact_verdict *f)
{
	for (size_t i = 0; i < t->c->columns_n; i++)
		if (f->values[i].kind != VALUE_SKIPPED)
			return &f->values[i];
	return &f->values[0];
}

static void print_group(const struct table *t, size_t g)
{
	size_t n = 0;

	for (size_t i = 0; i < t->c->facts_n; i++)
		n += fact_in_group(t->c->facts[i].id, group_names[g]) && !t->c->facts[i].skipped;
	if (!n)
		return;
	paint(t, "1");
	fprintf(t->out, "%s (%zu)\n", t->words->groups[g], n);
	paint(t, "0");
	for (size_t i = 0; i < t->c->facts_n; i++) {
		const struct fact_verdict *f = &t->c->facts[i];
		char *title, *text;

		if (!fact_in_group(f->id, group_names[g]) || f->skipped)
			continue;
		fprintf(t->out, "  %s ",
			!f->match				? "✗"
			: declared_by(f, t->c->columns_n, NULL) ? "~"
								: " ");
		title = title_of(t, f->id);
		print_cut(t, title, TITLE_WIDTH, true);
		fputs("  ", t->out);
		print_cut(t, shown(t, common_value(t, f), &text), WIDTH - TITLE_WIDTH - 6, false);
		fputc('\n', t->out);
		free(text);
		free(title);
	}
	fputc('\n', t->out);
}

/* The columns of one fact that differ for the reason entry, against the value of the first. */
static void print_difference(const struct table *t, const struct fact_verdict *f, json_t *entry)
{
	char *line = NULL, *text;
	size_t size;
	FILE *f_line = text_stream(&line, &size);

	for (size_t i = 0; i < t->c->columns_n; i++) {
		if (f->declared[i] != entry)
			continue;
		fprintf(f_line, "%s: %s  ", t->c->columns[i]->name, shown(t, &f->values[i], &text));
		free(text);
	}
	fprintf(f_line, "(%s)", shown(t, common_value(t, f), &text));
	fclose(f_line);
	fputs("  ~   ", t->out);
	print_cut(t, f->id, TITLE_WIDTH - 2, true);
	fputs("  ", t->out);
	print_cut(t, line, WIDTH - TITLE_WIDTH - 6, false);
	fputc('\n', t->out);
	free(line);
	free(text);
}

/* Each reason once, and below it the facts that it explains. */
static void print_declared(const struct table *t)
{
	json_t *entry;
	bool any = false;
	size_t i;

	json_array_foreach(facts_differences(), i, entry)
	{
		bool told = false;

		for (size_t k = 0; k < t->c->facts_n; k++) {
			const struct fact_verdict *f = &t->c->facts[k];
			char *reason;

			if (!declared_by(f, t->c->columns_n, entry))
				continue;
			if (!any) {
				paint(t, "1");
				fprintf(t->out, "%s\n", t->words->declared);
				paint(t, "0");
			}
			if (!told) {
				reason = fact_text(
					json_object_get(entry, "reason"), t->language, "", "");
				fputs("    ", t->out);
				print_cut(t, reason, WIDTH - 4, false);
				fputc('\n', t->out);
				free(reason);
			}
			any = told = true;
			print_difference(t, f, entry);
		}
	}
	if (any)
		fputc('\n', t->out);
}

static void print_skipped(const struct table *t)
{
	bool head = false;

	for (size_t i = 0; i < t->c->facts_n; i++) {
		const struct fact_verdict *f = &t->c->facts[i];

		/* What is not there in any column has no place in a table. */
		if (!f->skipped || f->values[0].kind != VALUE_SKIPPED)
			continue;
		if (!head)
			fprintf(t->out, "%s\n", t->words->skipped);
		head = true;
		fprintf(t->out, "    %-40s ", f->id);
		print_cut(t, why_skipped(f), WIDTH - 45, false);
		fputc('\n', t->out);
	}
	if (head)
		fputc('\n', t->out);
}

static void print_head(const struct table *t, const struct report_head *head)
{
	struct utsname u = {0};
	const char *name;
	json_t *why;

	uname(&u);
	fprintf(t->out, "%s · %s · Linux %s\n", report_spec(head->plan), report_place(), u.release);
	for (size_t i = 0; i < t->c->columns_n; i++)
		fprintf(t->out, "%s%s", i ? " | " : "", t->c->columns[i]->name);
	fputc('\n', t->out);
	json_object_foreach(head->absent, name, why)
	{
		fprintf(t->out, "%s: ", name);
		print_cut(t, json_string_value(why)[0] ? json_string_value(why) : t->words->absent,
			WIDTH - 10, false);
		fputc('\n', t->out);
	}
	fputc('\n', t->out);
}

void table_print(const struct comparison *c, const struct report_head *head, const char *language,
	bool colour, FILE *out)
{
	struct table t = {.c = c,
		.words = strcmp(language, "ja") ? &english : &japanese,
		.language = language,
		.colour = colour,
		.out = out};

	print_head(&t, head);
	print_mismatches(&t);
	for (size_t g = 0; group_names[g]; g++)
		print_group(&t, g);
	print_declared(&t);
	print_skipped(&t);
	paint(&t, c->mismatches ? "1;31" : "1;32");
	fprintf(out, "%zu facts, %zu mismatches", c->compared, c->mismatches);
	paint(&t, "0");
	fputc('\n', out);
}
