/*
 * map_page.c: the map as a page, infra/sysprocattr_*.md: first the order of Go's child, then each
 * field with its variants, then each flag. A row of calls says who made it, "=" where Go and C made
 * the same, else which of them; under what stands alone is its reason.
 */
#include "map.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 100

struct page {
	const char *language;
	FILE *out;
};

struct words {
	const char *title, *intro, *run, *order, *order_intro, *own, *fields, *flags, *since,
		*place, *newer, *traced, *effect, *unchanged, *trap, *sources, *colon;
};

static const struct words english = {.title = "From syscall.SysProcAttr to system calls",
	.intro = "Each field of Go's `syscall.SysProcAttr`, and each `CLONE_NEW*` flag in the two "
		 "fields that take"
		 " one. Both programs of an entry were run: Go's, and one in C that asks the "
		 "kernel for the same."
		 " The calls are those between fork and exec that the program which sets nothing "
		 "does not make.",
	.run = "`make map-docs` writes this page from such a run; do not edit it. This one was "
	       "made with",
	.order = "The order of Go's child",
	.order_intro = "The fields take effect in this order, whatever the order in which they are "
		       "written.",
	.own = "Go itself",
	.fields = "Fields",
	.flags = "Flags",
	.since = "since",
	.place = "step",
	.newer = "Newer than the Go that made this page: not run.",
	.traced = "Under strace",
	.effect = "Changes in the child",
	.unchanged = "Stays as it is",
	.trap = "Trap",
	.sources = "Source",
	.colon = ": "};
static const struct words japanese = {.title = "syscall.SysProcAttr とシステムコールの対応",
	.intro = "Go の `syscall.SysProcAttr` の全フィールドと、`CLONE_NEW*` "
		 "の全フラグを並べた対応表です。各項目で"
		 " Go と C のプログラムを実際に動かしました。C "
		 "のプログラムは、カーネルに同じことを頼みます。呼び出しは、"
		 "fork から exec までの間で、何も設定しないプログラムにはないものだけを示します。",
	.run = "このページは `make map-docs` "
	       "が実行結果から書きます。手で直さないでください。実行環境は次のとおりです。",
	.order = "Go の子プロセスの順番",
	.order_intro = "フィールドをどの順に書いても、この順に働きます。",
	.own = "Go 自身",
	.fields = "フィールド",
	.flags = "フラグ",
	.since = "導入",
	.place = "順番",
	.newer = "このページを作った Go より新しいため、実行していません。",
	.traced = "strace の下での動作",
	.effect = "子プロセスで変わること",
	.unchanged = "変わらないこと",
	.trap = "落とし穴",
	.sources = "出典",
	.colon = "："};

static const struct words *words_in(const struct page *p)
{
	return strcmp(p->language, "ja") != 0 ? &english : &japanese;
}

/*
 * Lines of English are as long as fits. Japanese has one a sentence: where a line ends inside one,
 * a browser shows a blank.
 */
static void put_lines(const struct page *p, FILE *out, const char *text, int width)
{
	static const char stop[] = "。";
	const char *end;

	if (strcmp(p->language, "ja") != 0) {
		text_wrap(out, text, 0, width);
		return;
	}
	for (; (end = strstr(text, stop)) && end[strlen(stop)]; text = end + strlen(stop))
		fprintf(out, "%.*s\n", (int)(end + strlen(stop) - text), text);
	fprintf(out, "%s\n", text);
}

static void put_paragraph(const struct page *p, const char *text)
{
	put_lines(p, p->out, text, WIDTH);
	fputc('\n', p->out);
}

/* A list's entry: its later lines stand below its text. */
static void put_item(const struct page *p, const char *head, const char *text)
{
	char *whole = text_format("%s%s%s", head, *head ? words_in(p)->colon : "", text);
	char *lines = NULL, *rest, *line;
	size_t size;
	FILE *out = text_stream(&lines, &size);
	const char *mark = "- ";

	put_lines(p, out, whole, WIDTH - 2);
	fclose(out);
	for (rest = lines; (line = strsep(&rest, "\n")) && *line; mark = "  ")
		fprintf(p->out, "%s%s\n", mark, line);
	free(lines);
	free(whole);
}

/* "&syscall.SysProcAttr{...}" of the program, without the indentation that it has there. */
static void put_literal(const struct page *p, const char *source)
{
	const char *start = strstr(source, "&syscall.SysProcAttr{"), *line = start, *end;
	size_t indent;
	int depth = 0;

	if (!start)
		return;
	while (line > source && line[-1] != '\n')
		line--;
	indent = strspn(line, "\t");
	fputs("```go\n", p->out);
	for (end = start; *end && (depth || end == start || end[-1] != '}'); end++) {
		if (end > start && end[-1] == '\n')
			for (size_t i = 0; i < indent && *end == '\t'; i++)
				end++;
		depth += *end == '{' ? 1 : *end == '}' ? -1 : 0;
		if (*end == '\t')
			fputs("    ", p->out);
		else
			fputc(*end, p->out);
	}
	fputs("\n```\n\n", p->out);
}

static void put_rows(const struct page *p, json_t *rows)
{
	json_t *row, *next;
	size_t i;

	if (!json_array_size(rows))
		return;
	fputs("```text\n", p->out);
	json_array_foreach(rows, i, row)
	{
		const char *go = map_text(row, "go"), *c = map_text(row, "c");
		bool same = !strcmp(map_text(row, "kind"), "same");
		json_t *reason = json_object_get(row, "reason");

		fprintf(p->out, "%-7s%-3s ", map_text(row, "who"), same ? "=" : *go ? "Go" : "C");
		text_put(p->out, *go ? go : c, WIDTH - 11, false);
		fputc('\n', p->out);
		/* Once for rows that have it in common. */
		next = json_object_get(json_array_get(rows, i + 1), "reason");
		if (json_is_object(reason) && !json_equal(reason, next))
			fprintf(p->out, "           # %s\n", map_said(reason, p->language));
	}
	fputs("```\n\n", p->out);
}

static void put_facts(const struct page *p, const char *head, json_t *facts)
{
	json_t *fact;
	size_t i;

	if (!json_array_size(facts))
		return;
	fprintf(p->out, "#### %s\n\n", head);
	json_array_foreach(facts, i, fact)
	{
		char *before = map_value(map_text(fact, "before"), p->language);
		char *after = map_value(map_text(fact, "go"), p->language);
		char *text = strcmp(before, after) ? text_format("`%s` → `%s`", before, after)
						   : text_format("`%s`", before);

		put_item(p, map_said(json_object_get(fact, "title"), p->language), text);
		free(text);
		free(before);
		free(after);
	}
	fputc('\n', p->out);
}

/* Where the trap can be read: an issue, a file of Go's source, a man page. */
static void put_trap(const struct page *p, json_t *trap)
{
	const struct words *w = words_in(p);
	json_t *source;
	size_t i;

	if (!json_is_object(trap))
		return;
	fprintf(p->out, "#### %s\n\n", w->trap);
	put_paragraph(p, map_said(trap, p->language));
	json_array_foreach(json_object_get(trap, "sources"), i, source)
	{
		const char *title = map_text(source, "title"), *url = map_text(source, "url");

		fprintf(p->out, *url ? "- %s%s[%s](%s)\n" : "- %s%s%s\n", w->sources, w->colon,
			title, url);
	}
	fputc('\n', p->out);
}

static void put_entry(const struct page *p, json_t *entry)
{
	const struct words *w = words_in(p);
	const char *id = map_text(entry, "id"), *flag = map_text(entry, "flag");
	json_t *place = json_object_get(entry, "place"),
	       *traced = json_object_get(entry, "fails_under_strace");
	char *text;

	if (*flag)
		fprintf(p->out, "### %s (%s)\n\n", flag, map_text(entry, "field"));
	else
		fprintf(p->out, "### %s\n\n", id);
	put_paragraph(p, map_said(json_object_get(entry, "title"), p->language));
	fprintf(p->out,
		"- [Go](../shared/sysprocattr/%s.go)\n- [C](../shared/sysprocattr/%s.c)\n- %s %s\n",
		id, id, w->since, map_text(entry, "since"));
	if (json_is_integer(place))
		fprintf(p->out, "- %s %d\n", w->place, (int)json_integer_value(place) + 1);
	fputc('\n', p->out);
	put_literal(p, map_text(json_object_get(entry, "source"), "go"));
	if (json_is_true(json_object_get(entry, "newer")))
		put_paragraph(p, w->newer);
	put_rows(p, json_object_get(entry, "rows"));
	if (json_is_object(traced)) {
		text = text_format("%s%s%s", w->traced, w->colon, map_said(traced, p->language));
		put_paragraph(p, text);
		free(text);
	}
	put_facts(p, w->effect, json_object_get(entry, "effect"));
	put_facts(p, w->unchanged, json_object_get(entry, "unchanged"));
	put_trap(p, json_object_get(entry, "trap"));
}

static void put_order(const struct page *p, json_t *order)
{
	const struct words *w = words_in(p);
	json_t *step, *field;
	size_t i, k;

	fprintf(p->out, "## %s\n\n", w->order);
	put_paragraph(p, w->order_intro);
	fputs("```text\n", p->out);
	json_array_foreach(order, i, step)
	{
		fprintf(p->out, "%2zu  ", i + 1);
		text_put(p->out, map_text(step, "text"), 50, true);
		fputs("  ", p->out);
		if (!json_array_size(json_object_get(step, "fields")))
			fputs(w->own, p->out);
		json_array_foreach(json_object_get(step, "fields"), k, field)
			fprintf(p->out, "%s%s", k ? ", " : "", json_string_value(field));
		fputc('\n', p->out);
	}
	fputs("```\n\n", p->out);
}

void map_page(json_t *map, const char *language, FILE *out)
{
	const struct page p = {.language = language, .out = out};
	const struct words *w = words_in(&p);
	json_t *entry;
	size_t i;

	fprintf(out, "# %s\n\n", w->title);
	put_paragraph(&p, w->intro);
	put_paragraph(&p, w->run);
	fprintf(out, "- %s, Linux %s\n\n", map_text(map, "go"), map_text(map, "kernel"));
	put_order(&p, json_object_get(map, "order"));
	for (int flags = 0; flags < 2; flags++) {
		fprintf(out, "## %s\n\n", flags ? w->flags : w->fields);
		json_array_foreach(json_object_get(map, "entries"), i, entry)
		{
			if (*map_text(entry, "flag") ? flags : !flags)
				put_entry(&p, entry);
		}
	}
}
