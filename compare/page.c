/* page.c: see page.h. */
#include "page.h"

#include "result.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

/* What takes the place of a mark of the template. */
struct fill {
	const char *mark;
	void (*put)(const struct fill *f, FILE *out);
	const char *text;
	const json_t *data;
};

static void put_text(const struct fill *f, FILE *out)
{
	fputs(f->text, out);
}

void page_put_json(const json_t *data, FILE *out)
{
	char *text = json_dumps(data, JSON_COMPACT);

	if (!text)
		abort();
	for (const char *s = text; *s; s++) {
		if (strchr("<>&", *s))
			fprintf(out, "\\u%04x", *s);
		else if (!strncmp(s, "\u2028", 3) || !strncmp(s, "\u2029", 3))
			fprintf(out, "\\u%04x", s[2] == '\xa8' ? 0x2028 : 0x2029), s += 2;
		else
			fputc(*s, out);
	}
	free(text);
}

static void put_data(const struct fill *f, FILE *out)
{
	page_put_json(f->data, out);
}

/*
 * What the page's policy lets run is marked by a word that is made up after the data are known, so
 * that no string in them can carry it.
 */
static int make_nonce(char nonce[33], struct error *e)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_sys(e, "asking for random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static const struct fill *fill_at(const struct fill *fills, const char *at)
{
	for (; fills->mark; fills++)
		if (!strncmp(at, fills->mark, strlen(fills->mark)))
			return fills;
	return NULL;
}

int page_put(const json_t *data, FILE *out, struct error *e)
{
	char nonce[33];
	const struct fill fills[] = {{"{{NONCE}}", put_text, nonce, NULL},
		{"{{STYLE}}", put_text, page_style, NULL},
		{"{{SCRIPT}}", put_text, page_script, NULL}, {"{{DATA}}", put_data, NULL, data},
		{0}};

	if (make_nonce(nonce, e))
		return -1;
	for (const char *s = page_template; *s;) {
		const struct fill *f = fill_at(fills, s);

		if (f) {
			f->put(f, out);
			s += strlen(f->mark);
		} else {
			fputc(*s++, out);
		}
	}
	return 0;
}

/* DIR/name parsed, and when it was written in made; *out NULL where there is no such file. */
static int load(const char *dir, const char *name, json_t **out, json_t *made, struct error *e)
{
	char path[PATH_MAX + 32], when[32];
	json_error_t json;
	struct stat st;
	struct tm utc;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	*out = NULL;
	if (stat(path, &st))
		return errno == ENOENT ? 0 : error_sys(e, "reading %s", path);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&st.st_mtime, &utc));
	json_object_set_new(made, name, json_string(when));
	*out = json_load_file(path, JSON_REJECT_DUPLICATES, &json);
	if (*out)
		return 0;
	error_say(e, "%s:%d:%d: %s", path, json.line, json.column, json.text);
	return error_hint(e, "remove that file");
}

/* True when both were made from the same spec: a trace of another one explains nothing here. */
static bool same_spec(const json_t *report, const json_t *trace)
{
	return json_equal(json_object_get(report, "spec"), json_object_get(trace, "spec"));
}

json_t *page_data(const char *dir, json_t *report, struct error *e)
{
	json_t *trace = NULL, *map = NULL, *bench = NULL, *made = json_object(), *data = NULL;

	json_incref(report);
	if ((!report && load(dir, "report.json", &report, made, e)) ||
		load(dir, "trace.json", &trace, made, e) || load(dir, "map.json", &map, made, e) ||
		load(dir, "../bench/bench.json", &bench, made, e))
		goto out;
	if (!report) {
		error_say(e, "there is no %s/report.json", dir);
		error_hint(e, "`make compare` makes it");
		goto out;
	}
	data = json_pack("{s:s, s:O, s:O?, s:O?, s:O?, s:O}", "version", TWINBOX_VERSION, "report",
		report, "trace", same_spec(report, trace) ? trace : NULL, "map", map, "bench",
		bench, "made", made);
out:
	json_decref(report);
	json_decref(trace);
	json_decref(map);
	json_decref(bench);
	json_decref(made);
	return data;
}

int page_write(const char *dir, json_t *report, struct error *e)
{
	json_t *data = page_data(dir, report, e);
	int result = data ? result_write(dir, "report.html", page_put, data, e) : -1;

	json_decref(data);
	return result;
}
