/* test_compare_result.c: a result's file is the new one whole, or the old one. */
#include "report.h"
#include "result.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test-result.XXXXXX", path[100];

static int make_dir(void **unused)
{
	(void)unused;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/one.json", dir);
	return 0;
}

/* Nothing but the result is there: rmdir(2) refuses where more is. */
static int remove_dir(void **unused)
{
	(void)unused;
	return unlink(path) || rmdir(dir);
}

static void is(const json_t *wanted)
{
	json_t *json = json_load_file(path, 0, NULL);

	assert_true(json_equal(json, wanted));
	json_decref(json);
}

static int refuses(const json_t *json, FILE *out, struct error *e)
{
	json_dumpf(json, out, 0);
	return error_say(e, "not this one");
}

static void the_new_one_whole_or_the_old_one(void **unused)
{
	struct rlimit old, small = {4096, 4096};
	json_t *one = json_pack("{s:s}", "a", "one"), *big = json_array();
	struct error e;

	(void)unused;
	for (int i = 0; i < 4096; i++)
		json_array_append_new(big, json_integer(i));
	error_clear(&e);
	assert_int_equal(result_write(dir, "one.json", result_put_json, big, &e), 0);
	is(big);
	assert_int_equal(result_write(dir, "one.json", result_put_json, one, &e), 0);
	is(one);

	assert_int_equal(result_write(dir, "one.json", refuses, big, &e), -1);
	assert_string_equal(e.message, "not this one");
	is(one);

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	error_clear(&e);
	assert_int_equal(result_write(dir, "one.json", result_put_json, big, &e), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(e.errnum, EFBIG);
	assert_non_null(strstr(e.message, "/one.json."));
	is(one);

	error_clear(&e);
	assert_int_equal(result_write(dir, "one.json", result_put_json, NULL, &e), -1);
	assert_string_equal(e.message, "a result is no JSON: a text in it is not UTF-8");
	is(one);

	error_clear(&e);
	assert_int_equal(result_write("/nowhere", "one.json", result_put_json, one, &e), -1);
	assert_int_equal(e.errnum, ENOENT);
	json_decref(one);
	json_decref(big);
}

/* A name is shown byte by byte where it is not UTF-8, and what it is shown as can stand in JSON. */
static void any_name_of_a_spec(void **unused)
{
	static const struct {
		const char *path, *shown;
	} names[] = {
		{"/p/shared/specs/full.json", "shared/specs/full.json"},
		{"/p/\u65e5.json", "\u65e5.json"},
		{"/p/\xe9\n.json", "\\xe9\\x0a.json"},
		{"/pq/\xff.json", "/pq/\\xff.json"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct plan p = {.root = "/p"};
		struct comparison c = {0};
		struct report_head head = {.plan = &p};
		json_t *report;

		snprintf(p.spec_path, sizeof(p.spec_path), "%s", names[i].path);
		assert_string_equal(report_spec(&p), names[i].shown);
		report = report_json(&c, &head);
		assert_string_equal(
			json_string_value(json_object_get(report, "spec")), names[i].shown);
		json_decref(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_new_one_whole_or_the_old_one),
		cmocka_unit_test(any_name_of_a_spec),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
