/* test_compare_values.c: values keep "absent", "empty" and "failed" apart; ids and bytes are safe.
 */
#include "values.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void printable_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *want;
	} rows[] = {
		{"plain", 5, "plain"}, {"日本", 6, "日本"}, {"a\nb\x7f", 4, "a\\x0ab\\x7f"},
		{"a\0b", 3, "a\\x00b"}, {"\xff\xc0\x80", 3, "\\xff\\xc0\\x80"},
		{"\xe3\x81", 2, "\\xe3\\x81"},		/* cut off */
		{"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"}, /* a surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = text_printable(rows[i].bytes, rows[i].n);

		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

static void kinds_are_apart(void **state)
{
	struct values v = {0};

	(void)state;
	values_set(&v, "empty", "%s", "");
	values_absent(&v, "absent");
	values_failed(&v, "failed", ENOENT, "reading %s", "x");
	values_skip(&v, "skipped", "no %s", "veth");
	for (size_t i = 0; i < v.n; i++)
		for (size_t k = 0; k < v.n; k++)
			assert_int_equal(value_equal(&v.v[i], &v.v[k]),
				i == k && v.v[i].kind != VALUE_FAILED);
	assert_string_equal(values_get(&v, "failed")->text, "ENOENT (reading x)");
	assert_null(values_get(&v, "never"));
	values_free(&v);
}

static void the_last_value_counts(void **state)
{
	struct values v = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char id[16];

		snprintf(id, sizeof(id), "id.%d", i % 100);
		values_set(&v, id, "%d", i);
	}
	assert_int_equal(v.n, 100);
	assert_string_equal(values_get(&v, "id.7")->text, "907");
	values_free(&v);
}

static void json_and_back(void **state)
{
	struct values v = {0}, back = {0};

	(void)state;
	values_set(&v, "text", "a \"b\"\n");
	values_set(&v, "empty", "%s", "");
	values_absent(&v, "absent");
	values_failed(&v, "failed", EPERM, "why");
	values_skip(&v, "skipped", "why");
	for (size_t i = 0; i < v.n; i++) {
		json_t *json = value_to_json(&v.v[i]);

		values_put_json(&back, v.v[i].id, json);
		json_decref(json);
		assert_int_equal(back.v[i].kind, v.v[i].kind);
		if (v.v[i].kind != VALUE_SKIPPED)
			assert_string_equal(back.v[i].text, v.v[i].text);
	}
	values_free(&v);
	values_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_text),
		cmocka_unit_test(kinds_are_apart),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(json_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
