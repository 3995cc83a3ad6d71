/* test_compare_page.c: the page's data can end nothing, and what the report is told of a run. */
#include "facts.h"
#include "machine.h"
#include "page.h"
#include "timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char *page_of(const json_t *data)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	struct error e;

	assert_int_equal(page_put(data, out, &e), 0);
	fclose(out);
	return text;
}

static void data_cannot_end_the_script(void **unused)
{
	static const char *const hostile = "</script><!--<script>&\xe2\x80\xa8\xe2\x80\xa9\\\"é";
	json_t *data = json_pack("{s:s}", hostile, hostile), *back;
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	(void)unused;
	page_put_json(data, out);
	fclose(out);
	assert_null(strpbrk(text, "<>&"));
	assert_null(strstr(text, "\xe2\x80\xa8"));
	assert_null(strstr(text, "\xe2\x80\xa9"));
	assert_non_null(strstr(text, "\\u2028\\u2029"));
	back = json_loads(text, 0, NULL);
	assert_true(json_equal(back, data));
	json_decref(back);
	json_decref(data);
	free(text);
}

static void the_page_has_no_mark_left_and_its_own_nonce(void **unused)
{
	/* A mark in the data is data. */
	json_t *data = json_pack("{s:s}", "spec", "{{NONCE}}");
	char *one = page_of(data), *two = page_of(data), *at = strstr(one, "'nonce-");

	(void)unused;
	assert_non_null(strstr(one, "{\"spec\":\"{{NONCE}}\"}"));
	assert_null(strstr(one, "{{STYLE}}"));
	assert_null(strstr(one, "{{SCRIPT}}"));
	assert_non_null(strstr(one, "'use strict'"));
	assert_non_null(at);
	assert_int_equal(strspn(at + 7, "0123456789abcdef"), 32);
	assert_string_not_equal(one, two);
	json_decref(data);
	free(one);
	free(two);
}

static json_t *fixture(const char *dir, const char *name, const char *text)
{
	char path[200];
	json_t *json = json_loads(text, 0, NULL);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(json_dump_file(json, path, 0), 0);
	return json;
}

static void a_trace_of_another_spec_is_left_out(void **unused)
{
	char dir[] = "/tmp/test-page.XXXXXX", path[200];
	json_t *report, *trace, *data;
	struct error e;

	(void)unused;
	error_clear(&e);
	assert_non_null(mkdtemp(dir));
	assert_null(page_data(dir, NULL, &e));
	assert_string_equal(e.hint, "`make compare` makes it");
	report = fixture(dir, "report.json", "{\"spec\":\"a\"}");
	trace = fixture(dir, "trace.json", "{\"spec\":\"a\"}");
	data = page_data(dir, NULL, &e);
	assert_true(json_equal(json_object_get(data, "report"), report));
	assert_true(json_equal(json_object_get(data, "trace"), trace));
	assert_true(json_is_null(json_object_get(data, "map")));
	assert_int_equal(strlen(json_string_value(
				 json_object_get(json_object_get(data, "made"), "trace.json"))),
		strlen("2026-01-31T12:00:00Z"));
	json_decref(data);
	json_decref(trace);
	trace = fixture(dir, "trace.json", "{\"spec\":\"b\"}");
	data = page_data(dir, NULL, &e);
	assert_true(json_is_null(json_object_get(data, "trace")));
	json_decref(data);
	json_decref(trace);
	/* What a machine that lost power leaves. */
	snprintf(path, sizeof(path), "%s/trace.json", dir);
	assert_int_equal(truncate(path, 0), 0);
	assert_null(page_data(dir, NULL, &e));
	assert_non_null(strstr(e.message, "/trace.json:1:"));
	assert_string_equal(e.hint, "remove that file");
	json_decref(fixture(dir, "trace.json", "{\"spec\":\"b\"}"));
	json_decref(report);
	assert_int_equal(page_write(dir, NULL, &e), 0);
	snprintf(path, sizeof(path), "%s/report.html", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/report.json", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/trace.json", dir);
	assert_int_equal(unlink(path), 0);
	/* Nothing half-written is left. */
	assert_int_equal(rmdir(dir), 0);
}

#define LINE(time, who, stage, event)                                                              \
	"{\"time\":" #time ",\"who\":\"" who "\",\"stage\":\"" stage "\",\"event\":\"" event "\"}" \
	"\n"

static void stages_have_their_beginning_and_end(void **unused)
{
	static const struct {
		const char *id;
		int begin, end;
	} wanted[] = {{"cgroup", 0, 5}, {"network", 7, 9}, {"child.network", 20, 25},
		{"child.exec", 30, 40}, {"wait", 41, -1}};
	json_t *list = timeline_make(LINE(100, "parent", "cgroup", "begin") LINE(
		105, "parent", "cgroup", "ok") LINE(107, "parent", "network", "begin") LINE(109,
		"parent", "network", "ok") "torn {\n" LINE(120, "child", "network",
		"begin") LINE(125, "child", "network", "ok") LINE(130, "child", "exec", "begin")
			LINE(140, "parent", "exec", "ok") LINE(141, "parent", "wait", "begin"));

	(void)unused;
	assert_int_equal(json_array_size(list), 5);
	for (size_t i = 0; i < 5; i++) {
		json_t *one = json_array_get(list, i), *end = json_object_get(one, "end");

		assert_string_equal(json_string_value(json_object_get(one, "id")), wanted[i].id);
		assert_int_equal(
			json_integer_value(json_object_get(one, "begin")), wanted[i].begin);
		assert_int_equal(json_is_null(end) ? -1 : json_integer_value(end), wanted[i].end);
		assert_int_equal(json_is_true(json_object_get(one, "ok")), i < 4);
	}
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json_array_get(list, 1), "title"), "en")),
		"network: the host's end");
	json_decref(list);
}

static void version_in(const char *bytes, size_t n, const char *wanted)
{
	char path[] = "/tmp/test-machine.XXXXXX", version[16] = "?";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	machine_go_version(path, version, sizeof(version));
	unlink(path);
	assert_string_equal(version, wanted);
}

static void go_tells_its_version_in_the_program(void **unused)
{
#define MAGIC	    "padding\xff Go buildinf:\x08"
#define ZEROS	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BYTES(text) text, sizeof(text) - 1

	(void)unused;
	version_in(BYTES(MAGIC "\x02" ZEROS "\x08go1.22.1\x03mod"), "go1.22.1");
	/* The old form, a pointer; a length that leads out of the file; too long; no Go at all. */
	version_in(BYTES(MAGIC "\x00" ZEROS "\x08go1.22.1\x03mod"), "");
	version_in(BYTES(MAGIC "\x02" ZEROS "\x40go1.22.1\x03mod"), "");
	version_in(BYTES(MAGIC "\x02" ZEROS "\x14go1.22.1-something-more"), "");
	version_in(BYTES(MAGIC), "");
	version_in(BYTES("nothing of it"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_cannot_end_the_script),
		cmocka_unit_test(the_page_has_no_mark_left_and_its_own_nonce),
		cmocka_unit_test(a_trace_of_another_spec_is_left_out),
		cmocka_unit_test(stages_have_their_beginning_and_end),
		cmocka_unit_test(go_tells_its_version_in_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
