/* map_print.c: the table: one block an entry, at most 100 columns wide. */
#include "map.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH	   100
#define CALL_WIDTH 46

struct words {
	const char *since, *place, *none, *effect, *trap, *newer, *order, *nothing, *only, *go_only;
};

static const struct words english = {"since", "place", "no call of its own in the child", "changes",
	"trap", "newer than the Go in use: not run", "The order of Go's child", "Go itself",
	"C alone", "Go alone"};
static const struct words japanese = {"導入", "順番", "子プロセス独自の呼び出しなし", "変わる事実",
	"落とし穴", "使用中の Go より新しいため実行していません", "Go の子プロセスの順番",
	"Go 自身", "C だけ", "Go だけ"};

struct table {
	const struct words *words;
	const char *language;
	bool colour;
	FILE *out;
};

static void paint(const struct table *t, const char *code)
{
	if (t->colour)
		fprintf(t->out, "\033[%sm", code);
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void print_rows(const struct table *t, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		bool only = !strcmp(map_text(row, "kind"), "only");
		json_t *reason = json_object_get(row, "reason");

		fprintf(t->out, "  %c %-6s ", only ? '~' : ' ', map_text(row, "who"));
		text_put(t->out, or_dash(map_text(row, "go")), CALL_WIDTH, true);
		fputs("  ", t->out);
		text_put(t->out, or_dash(map_text(row, "c")), WIDTH - CALL_WIDTH - 13, false);
		fputc('\n', t->out);
		if (only)
			text_wrap(t->out,
				json_is_object(reason) ? map_said(reason, t->language) : "?", 11,
				WIDTH);
	}
}

static void print_facts(const struct table *t, json_t *list, const char *mark)
{
	json_t *fact;
	size_t i;

	json_array_foreach(list, i, fact)
	{
		char *before = map_value(map_text(fact, "before"), t->language);
		char *go = map_value(map_text(fact, "go"), t->language);
		char *c = map_value(map_text(fact, "c"), t->language);

		fprintf(t->out, "  %s ", mark);
		text_put(t->out, map_said(json_object_get(fact, "title"), t->language), 36, true);
		fputs("  ", t->out);
		if (*before && !strcmp(before, go))
			fprintf(t->out, "%s\n", before);
		else if (*before)
			fprintf(t->out, "%s -> %s\n", before, go);
		else
			fprintf(t->out, "Go: %s  C: %s\n", go, c);
		free(before);
		free(go);
		free(c);
	}
}

static void print_entry(const struct table *t, json_t *entry)
{
	json_t *place = json_object_get(entry, "place"), *trap = json_object_get(entry, "trap");
	bool newer = json_is_true(json_object_get(entry, "newer"));
	bool match = newer || json_is_true(json_object_get(entry, "match"));

	paint(t, match ? "1" : "1;31");
	fprintf(t->out, "%s%s", map_text(entry, "id"), match ? "" : " ✗");
	paint(t, "0");
	fprintf(t->out, "  (%s %s", t->words->since, map_text(entry, "since"));
	if (json_is_integer(place))
		fprintf(t->out, ", %s %d", t->words->place, (int)json_integer_value(place) + 1);
	fputs(")\n", t->out);
	text_wrap(t->out, map_said(json_object_get(entry, "title"), t->language), 4, WIDTH);
	if (newer)
		fprintf(t->out, "    %s\n", t->words->newer);
	print_rows(t, json_object_get(entry, "rows"));
	print_facts(t, json_object_get(entry, "effect"), ">");
	print_facts(t, json_object_get(entry, "unchanged"), "=");
	print_facts(t, json_object_get(json_object_get(entry, "facts"), "different"), "✗");
	if (json_is_object(trap)) {
		fprintf(t->out, "  ! %s:\n", t->words->trap);
		text_wrap(t->out, map_said(trap, t->language), 4, WIDTH);
	}
	fputc('\n', t->out);
}

/* all: every entry was run, so that a step without a field is Go's own. */
static void print_order(const struct table *t, json_t *order, bool all)
{
	json_t *step, *field;
	size_t i, k;

	paint(t, "1");
	fprintf(t->out, "%s\n", t->words->order);
	paint(t, "0");
	json_array_foreach(order, i, step)
	{
		json_t *fields = json_object_get(step, "fields");

		fprintf(t->out, "  %2zu  ", i + 1);
		text_put(t->out, map_text(step, "text"), 50, true);
		fputs("  ", t->out);
		if (!json_array_size(fields) && all)
			fputs(t->words->nothing, t->out);
		json_array_foreach(fields, k, field)
			fprintf(t->out, "%s%s", k ? ", " : "", json_string_value(field));
		fputc('\n', t->out);
	}
	fputc('\n', t->out);
}

void map_print(json_t *map, const char *language, bool colour, FILE *out)
{
	struct table t = {.words = strcmp(language, "ja") ? &english : &japanese,
		.language = language,
		.colour = colour,
		.out = out};
	json_t *entry, *summary = json_object_get(map, "summary");
	size_t i;

	fprintf(out, "%s · Linux %s\nGo | C\n\n", map_text(map, "go"), map_text(map, "kernel"));
	json_array_foreach(json_object_get(map, "entries"), i, entry) print_entry(&t, entry);
	print_order(&t, json_object_get(map, "order"),
		json_array_size(json_object_get(map, "entries")) == json_array_size(map_entries()));
	fprintf(out, "%d entries, %d mismatches\n",
		(int)json_integer_value(json_object_get(summary, "entries")),
		(int)json_integer_value(json_object_get(summary, "mismatches")));
}
