/*
 * test_json.c: what is JSON and what is not, in which words, and how it is written again.
 * go/json_test.go has the same rows.
 */
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MIB (1 << 20)

/* A text and what is said of it; NULL: nothing. */
static const struct {
	const char *text, *message;
} texts[] = {
	{"{}", NULL},
	{" [ ] ", NULL},
	{"\"\\u00e9\\ud83d\\ude00\\n\"", NULL},
	{"\"\xf4\x8f\xbf\xbf\"", NULL},
	{"-0", NULL},
	{"9223372036854775807", NULL},
	{"-9223372036854775808", NULL},
	{"{\"a\":1,\"A\":1,\"a \":1}", NULL},
	{"[{\"a\":1},{\"a\":1}]", NULL},
	{"{\"a\":{\"a\":{\"a\":1}}}", NULL},
	{"", "t:1:1: the file is empty"},
	{"\r\n\t ", "t:2:3: the file is empty"},
	{"tru", "t:1:1: expected a value, not 't'"},
	{"+1", "t:1:1: expected a value, not '+'"},
	{"1 2", "t:1:3: expected the end of the file, not '2'"},
	{"00", "t:1:1: a number must not begin with 0"},
	{"1e1", "t:1:1: a number must be an integer, without fraction or exponent"},
	{"-x", "t:1:2: expected a digit, not 'x'"},
	{"9223372036854775808", "t:1:1: the number does not fit into 64 bits with sign"},
	{"-9223372036854775809", "t:1:1: the number does not fit into 64 bits with sign"},
	{"[\n1,\n]", "t:3:1: expected a value, not ']'"},
	{"{\"a\":1,}", "t:1:8: expected a key in quotes, not '}'"},
	{"{\"\xc3\xa9\":1 2}", "t:1:9: expected ',' or '}', not '2'"},
	{"{\"a\":1,\"\\u0061\":2}", "t:1:8: key \"a\" is given twice"},
	{"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
		"t:1:11: key \"\xf0\x9f\x98\x80\" is given twice"},
	{"{\"b\":{\"x\":1,\"x\":1},\"b\":1}", "t:1:13: key \"x\" is given twice"},
	{"\"\\u0000\"", "t:1:2: a string must not hold NUL"},
	{"\"\\udc00\"", "t:1:2: a low surrogate without a high one"},
	{"\"\\ud800\\u0041\"", "t:1:2: a high surrogate without a low one"},
	{"\"\\u00g0\"", "t:1:6: expected four hexadecimal digits, not 'g'"},
	{"\"\x1f\"", "t:1:2: control character 0x1f in a string"},
	{"\"\xc0\x80\"", "t:1:2: not UTF-8"},
	{"\"\xe0\x80\x80\"", "t:1:2: not UTF-8"},
	{"\"\xed\xbf\xbf\"", "t:1:2: not UTF-8"},
	{"\"\xf5\x80\x80\x80\"", "t:1:2: not UTF-8"},
	{"\"\x80\"", "t:1:2: not UTF-8"},
	{"\"abc", "t:1:1: the string does not end"},
};

static int check(const char *text, size_t len, struct error *e)
{
	json_t *tree = NULL;
	int failed = json_read("t", text, len, &tree, e);

	if (!failed)
		json_decref(tree);
	return failed;
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct error e;
		int failed;

		error_clear(&e);
		failed = check(texts[i].text, strlen(texts[i].text), &e);
		assert_string_equal(e.message, texts[i].message ? texts[i].message : "");
		assert_int_equal(failed, texts[i].message ? -1 : 0);
	}
}

/* Fills MIB bytes with head, then part as often as it fits, then zeroes out. */
static char *repeat(const char *head, const char *part, size_t *len)
{
	size_t n = strlen(part);
	char *text = malloc(MIB);

	assert_non_null(text);
	*len = strlen(head);
	memcpy(text, head, *len);
	for (; *len + n <= MIB; *len += n)
		memcpy(text + *len, part, n);
	return text;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What this machine, emulated and with sanitizers or not, takes to look at each byte once. */
static double one_look(const char *text, size_t len)
{
	double before = milliseconds();
	volatile unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (unsigned char)(sum + (unsigned char)text[i]);
	return milliseconds() - before;
}

/* The slowest of these takes ten looks at each byte; anything quadratic would take a million. */
static void bounds_its_time(void **state)
{
	static const char *const parts[][2] = {
		{"[", "{},"},
		{"[", "["},
		{"[", "1,"},
		{"{", "\"a\":1,"},
		{"\"", "\\u00e9"},
		{"", "\n"},
		{"[", "{\"a\":1,\"b\":2},"},
		{"\"", "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct error e;
		size_t len;
		char *text = repeat(parts[i][0], parts[i][1], &len);
		double look = one_look(text, len), before = milliseconds();

		assert_int_equal(check(text, len, &e), -1);
		assert_true(milliseconds() - before < 100 * look);
		free(text);
	}
}

static void bounds_its_depth_and_values(void **state)
{
	char deep[2 * JSON_MAX_DEPTH + 2] = "", *many = NULL;
	struct error e;
	size_t len;

	(void)state;
	memset(deep, '[', JSON_MAX_DEPTH);
	memset(deep + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_int_equal(check(deep, 2 * JSON_MAX_DEPTH, &e), 0);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(check(deep, sizeof(deep), &e), -1);
	assert_string_equal(e.message, "t:1:33: more than 32 levels");

	many = repeat("[1", ",1", &len);
	assert_int_equal(check(many, len, &e), -1);
	assert_string_equal(e.message, "t:1:8192: more than 4096 values");
	/* The array and 4095 numbers in it. */
	len = 2 + 2 * (JSON_MAX_VALUES - 2);
	many[len] = ']';
	assert_int_equal(check(many, len + 1, &e), 0);
	free(many);
}

static void writes_it_again(void **state)
{
	static const char text[] =
		"{\"b\":[1,-2,true,false,[],{}],"
		"\"a\":\"\\u00e9\\u0001\\\"\\\\\\/\\u007f\\n\",\"\":{\"z\":\"\"}}";
	static const char wanted[] = "{\n  \"\": {\n    \"z\": \"\"\n  },\n"
				     "  \"a\": \"\xc3\xa9\\u0001\\\"\\\\/\x7f\\u000a\",\n"
				     "  \"b\": [\n    1,\n    -2,\n    true,\n    false,\n"
				     "    [],\n    {}\n  ]\n}\n";
	struct error e;
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	json_t *tree;

	(void)state;
	assert_int_equal(json_read("t", text, strlen(text), &tree, &e), 0);
	assert_int_equal(json_write(tree, stream), 0);
	fclose(stream);
	assert_string_equal(out, wanted);
	free(out);
	json_decref(tree);
}

static void shows_no_half_characters(void **state)
{
	char text[100] = "";

	(void)state;
	memset(text, 'x', 64);
	assert_string_equal(json_shown(text).text, text);
	strcpy(text + 63, "\xc3\xa9");
	assert_int_equal(strlen(json_shown(text).text), 63 + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(bounds_its_time),
		cmocka_unit_test(bounds_its_depth_and_values),
		cmocka_unit_test(writes_it_again),
		cmocka_unit_test(shows_no_half_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
