/* trace_print.c: the trace for people: one section a stage, the columns side by side. */
#include "report.h"
#include "text.h"
#include "trace.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#define WIDTH_DEFAULT 160
#define WIDTH_LEAST   80

struct words {
	const char *legend, *calls, *changes, *same, *not_same, *unexplained, *partial, *parts[2];
};

static const struct words english = {
	"* changes the kernel's state   = the same   ~ differs for a reason   | on one side only",
	"calls", "change state", "the same changes in the same order", "the changes differ",
	"no reason in shared/syscalls.json", "PARTIAL", {"parent", "child"}};
static const struct words japanese = {
	"* カーネルの状態を変える   = 同じ   ~ 理由のある違い   | 片側だけ", "呼び出し",
	"状態を変える", "状態を変える呼び出しは順序まで同じ", "状態を変える呼び出しが違う",
	"shared/syscalls.json に理由がありません", "不完全", {"親", "子"}};

struct printer {
	const struct traces *all;
	const struct words *words;
	const char *language;
	bool colour;
	int cell; /* columns of the terminal for one column of calls */
	FILE *out;
};

static void paint(const struct printer *p, const char *code)
{
	if (p->colour)
		fprintf(p->out, "\033[%sm", code);
}

static int width_of(FILE *out)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	int width = columns ? atoi(columns) : 0;

	if (width <= 0 && !ioctl(fileno(out), TIOCGWINSZ, &size))
		width = size.ws_col;
	if (width <= 0)
		width = WIDTH_DEFAULT;
	return width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

static void print_head(const struct printer *p)
{
	struct utsname u = {0};

	uname(&u);
	fprintf(p->out, "%s · %s · Linux %s · strace %s\n", report_spec(p->all->plan),
		report_place(), u.release, p->all->strace);
	for (size_t i = 0; i < p->all->n; i++)
		fprintf(p->out, "%s%s", i ? " | " : "", p->all->t[i].column->name);
	fprintf(p->out, "\n%s\n", p->words->legend);
	for (size_t i = 0; i < p->all->n; i++) {
		if (!p->all->t[i].partial)
			continue;
		paint(p, "1;31");
		fprintf(p->out, "%s: %s: %s", p->words->partial, p->all->t[i].column->name,
			p->all->t[i].partial);
		paint(p, "0");
		fputc('\n', p->out);
	}
}

static void print_stage_head(const struct printer *p, const struct trace_stage *s)
{
	const struct trace_section *part = s->section;

	fputc('\n', p->out);
	paint(p, "1");
	fprintf(p->out, "%s (%s, %s)", strcmp(p->language, "ja") ? part->en : part->ja, part->id,
		p->words->parts[part->who]);
	paint(p, "0");
	for (size_t k = 0; k < p->all->n; k++)
		fprintf(p->out, "   %s: %zu %s, %zu %s", p->all->t[k].column->name, s->calls[k],
			p->words->calls, s->changes[k], p->words->changes);
	if (part->compared && !traces_partial(p->all))
		fprintf(p->out, "   %s", s->same_changes ? p->words->same : p->words->not_same);
	fputc('\n', p->out);
}

static const char *row_mark(const struct trace_row *row)
{
	return row->kind == ROW_SAME ? "=" : row->kind == ROW_PAIR ? "~" : "|";
}

static void print_row(const struct printer *p, const struct trace_row *row)
{
	fprintf(p->out, "%c ", row->changes ? '*' : ' ');
	for (size_t k = 0; k < p->all->n; k++) {
		const struct trace_call *c = row->cells[k];
		char *times = NULL;

		if (c && row->times > 1)
			times = text_format("%s × %zu", c->name, row->times);
		if (k)
			fprintf(p->out, " %s ", row_mark(row));
		text_put(p->out, times ? times : c ? c->text : "", p->cell, k + 1 < p->all->n);
		free(times);
	}
	fputc('\n', p->out);
}

/* Behind the rows that it is about: a reason that several rows in turn share is told once. */
static void print_reason(
	const struct printer *p, const struct trace_row *row, const struct trace_row *next)
{
	if (row->kind == ROW_SAME ||
		(next && next->kind == row->kind && next->reason == row->reason))
		return;
	if (!row->reason) {
		if (traces_partial(p->all))
			return;
		paint(p, "1;31");
		fprintf(p->out, "      ✗ %s\n", p->words->unexplained);
	} else {
		paint(p, "2");
		text_wrap(p->out,
			json_string_value(json_object_get(
				json_object_get(row->reason->entry, "reason"), p->language)),
			6, 92);
	}
	paint(p, "0");
}

static void print_stage(const struct printer *p, const struct trace_stage *s)
{
	print_stage_head(p, s);
	for (size_t i = 0; s->section->compared && i < s->n; i++) {
		print_row(p, &s->rows[i]);
		print_reason(p, &s->rows[i], i + 1 < s->n ? &s->rows[i + 1] : NULL);
	}
}

bool trace_stage_chosen(const struct trace_section *s, const char *stage)
{
	const char *dot = strrchr(s->id, '.');

	return !stage || !strcmp(s->id, stage) || (dot && !strcmp(dot + 1, stage));
}

static bool any_calls(const struct trace_stage *s, size_t columns)
{
	for (size_t k = 0; k < columns; k++)
		if (s->calls[k])
			return true;
	return false;
}

static void print_sum(const struct printer *p)
{
	size_t unexplained = traces_unexplained(p->all);

	fputc('\n', p->out);
	for (size_t k = 0; k < p->all->n; k++) {
		size_t calls = 0, changes = 0;

		for (size_t i = 0; i < trace_sections_n; i++) {
			if (!p->all->stages[i].section->compared)
				continue;
			calls += p->all->stages[i].calls[k];
			changes += p->all->stages[i].changes[k];
		}
		fprintf(p->out, "%s: %zu calls, %zu change the kernel's state\n",
			p->all->t[k].column->name, calls, changes);
	}
	if (traces_partial(p->all)) {
		fprintf(p->out, "partial: not judged\n");
		return;
	}
	fprintf(p->out,
		"calls that change it: %zu the same in the same order, %zu differ for a reason\n",
		traces_changes(p->all, true), traces_changes(p->all, false));
	paint(p, unexplained ? "1;31" : "1;32");
	fprintf(p->out, "%zu calls without a reason", unexplained);
	paint(p, "0");
	fputc('\n', p->out);
}

void trace_print(
	const struct traces *all, const char *stage, const char *language, bool colour, FILE *out)
{
	int columns = (int)all->n;
	struct printer p = {.all = all,
		.words = strcmp(language, "ja") ? &english : &japanese,
		.language = language,
		.colour = colour,
		.cell = (width_of(out) - 2 - 3 * (columns - 1)) / columns,
		.out = out};

	print_head(&p);
	for (size_t i = 0; i < trace_sections_n; i++)
		if (trace_stage_chosen(&trace_sections[i], stage) &&
			any_calls(&all->stages[i], all->n))
			print_stage(&p, &all->stages[i]);
	print_sum(&p);
}
