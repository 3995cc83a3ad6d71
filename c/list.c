/* list.c: see list.h. go/list.go prints the same bytes. */
#include "list.h"

#include "json.h"
#include "state_file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS = 7, GAP = 2, CELL_MAX = PATH_MAX * 4 + 8 };

static const char *const headings[COLUMNS] = {
	"NAME", "PID", "RUNTIME", "STATUS", "CREATED", "CGROUP", "LINK"};

/* Text as a cell shows it: control characters as \xNN, nothing as a dash. */
static void show(const char *text, char out[CELL_MAX])
{
	error_visible(text[0] ? text : "-", out, CELL_MAX);
}

static const char *status(const struct state *s)
{
	return s->alive ? "running" : "stale";
}

/* What column i says of s; valid until the next call. */
static const char *cell(const struct state *s, int i)
{
	static _Thread_local char text[CELL_MAX];
	char pid[16] = "", created[64] = "";
	time_t seconds = s->created;
	struct tm utc;

	if (s->pid > 0)
		snprintf(pid, sizeof(pid), "%d", s->pid);
	if (gmtime_r(&seconds, &utc))
		strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc);
	const char *const texts[COLUMNS] = {
		s->name, pid, s->runtime, status(s), created, s->cgroup, s->link};
	show(texts[i], text);
	return text;
}

/* A row's cells; the last one is not filled up with spaces. */
static void print_cell(const char *text, int i, const int widths[COLUMNS], FILE *out)
{
	if (i < COLUMNS - 1)
		fprintf(out, "%-*s", widths[i] + GAP, text);
	else
		fprintf(out, "%s\n", text);
}

static void print_table(const struct state *list, size_t n, FILE *out)
{
	int widths[COLUMNS];

	for (int i = 0; i < COLUMNS; i++) {
		widths[i] = (int)strlen(headings[i]);
		for (size_t row = 0; row < n; row++) {
			int width = (int)strlen(cell(&list[row], i));

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (int i = 0; i < COLUMNS; i++)
		print_cell(headings[i], i, widths, out);
	for (size_t row = 0; row < n; row++)
		for (int i = 0; i < COLUMNS; i++)
			print_cell(cell(&list[row], i), i, widths, out);
}

static int print_json(const struct state *list, size_t n, FILE *out, struct error *e)
{
	json_t *array = json_array();
	int failed = array == NULL;

	for (size_t i = 0; i < n && !failed; i++) {
		json_t *value = state_json(&list[i]);

		failed = !value ||
			 json_object_set_new(value, "status", json_string(status(&list[i]))) < 0 ||
			 json_array_append(array, value) < 0;
		json_decref(value);
	}
	if (failed || json_write(array, out) < 0)
		failed = error_say(e, "out of memory");
	json_decref(array);
	return failed ? -1 : 0;
}

int list_print(bool json, FILE *out, struct error *e)
{
	struct error of_print;
	struct state *list;
	size_t n;
	int result = state_list(&list, &n, e);

	if (!json)
		print_table(list, n, out);
	else if (print_json(list, n, out, &of_print) < 0 && result == 0) {
		*e = of_print;
		result = -1;
	}
	state_list_free(list, n);
	return result;
}
