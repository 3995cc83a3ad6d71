/* test_compare_merge.c: saved results as a matrix: what is the same, what differs, what is refused.
 */
#include "merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test-merge.XXXXXX";

static int make(void **unused)
{
	(void)unused;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop(void **unused)
{
	(void)unused;
	return rmdir(dir);
}

/* Facts of a run as {ID: {"cbox", "gobox"}}; a fact with two values does not match. */
#define FACT(id, cbox, gobox, match)                                                               \
	"{\"id\":\"" id "\",\"group\":\"x\",\"title\":{\"ja\":\"" id "\",\"en\":\"title of " id    \
	"\"},\"values\":{\"cbox\":" cbox ",\"gobox\":" gobox "},\"match\":" match "}"
#define SAVED(spec, facts, summary)                                                                \
	"{\"spec\":\"" spec "\",\"place\":\"lab\",\"kernel\":\"6.1\",\"columns\":[\"cbox\","       \
	"\"gobox\"],\"facts\":[" facts "],\"summary\":" summary "}"
#define RUN(spec, facts, mismatches)                                                               \
	SAVED(spec, facts, "{\"facts\":3,\"mismatches\":" mismatches "}")
#define WITH_SUMMARY(summary)                                                                      \
	SAVED("s.json", FACT("veth.mtu", "\"1500\"", "\"1500\"", "true"), summary)

#define ONE                                                                                        \
	RUN("s.json",                                                                              \
		FACT("cgroup.path", "\"p\"", "\"p\"", "true") "," FACT("namespace.pid.is",         \
			"\"new\"", "\"new\"",                                                      \
			"true") "," FACT("veth.mtu", "\"1500\"", "\"1500\"", "true"),              \
		"0")
#define TWO                                                                                        \
	RUN("s.json",                                                                              \
		FACT("namespace.pid.is", "\"new\"", "\"new\"", "true") "," FACT("veth.mtu",        \
			"\"1400\"", "\"1400\"",                                                    \
			"true") "," FACT("process.args", "\"a\"", "\"b\"", "false"),               \
		"1")

static char *file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return strdup(path);
}

/* Merges two files with these texts; both are removed. */
static json_t *merge(
	const char *a, const char *name_a, const char *b, const char *name_b, struct error *e)
{
	char *files[] = {file(name_a, a), file(name_b, b)};
	json_t *merged;

	error_clear(e);
	merged = merge_files((const char *const *)files, 2, e);
	for (int i = 0; i < 2; i++) {
		unlink(files[i]);
		free(files[i]);
	}
	return merged;
}

static void what_differs_and_where(void **unused)
{
	struct error e;
	json_t *m = merge(ONE, "one.json", TWO, "two", &e), *facts = json_object_get(m, "facts");
	static const char *const ids[] = {
		"namespace.pid.is", "cgroup.path", "veth.mtu", "process.args"};
	const char *spec, *first, *second;
	int runs, all, same, different, mismatches;

	(void)unused;
	assert_int_equal(json_unpack(m, "{s:s, s:[{s:s}, {s:s} !], s:{s:i, s:i, s:i, s:i, s:i !}}",
				 "spec", &spec, "runs", "name", &first, "name", &second, "summary",
				 "runs", &runs, "facts", &all, "same", &same, "different",
				 &different, "mismatches", &mismatches),
		0);
	assert_string_equal(spec, "s.json");
	assert_string_equal(first, "one");
	assert_string_equal(second, "two");
	assert_int_equal(runs, 2);
	assert_int_equal(all, 4);
	assert_int_equal(same, 1);
	assert_int_equal(different, 3);
	assert_int_equal(mismatches, 1);
	/* Those that differ, in the order of the groups. */
	assert_int_equal(json_array_size(facts), 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(
			json_string_value(json_object_get(json_array_get(facts, i), "id")),
			ids[i + 1]);
	facts = json_object_get(json_array_get(facts, 2), "mismatch");
	assert_string_equal(json_string_value(json_array_get(facts, 0)), "two");
	json_decref(m);
}

static void as_a_table(void **unused)
{
	struct error e;
	json_t *m = merge(ONE, "one.json", TWO, "two.json", &e);
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	(void)unused;
	merge_print(m, "en", out);
	fclose(out);
	assert_non_null(strstr(text, "title of veth.mtu"));
	assert_non_null(strstr(text, "      A             1500\n      B             1400\n"));
	assert_non_null(strstr(text, "      A             (not tried)\n"));
	assert_non_null(strstr(text, "mismatches: two\n"));
	assert_null(strstr(text, "namespace.pid.is"));
	assert_string_equal(
		strrchr(text, '\n') - strlen("4 facts, 1 mismatches"), "4 facts, 1 mismatches\n");
	free(text);
	json_decref(m);
}

static void refused(const char *text, const char *name, const char *wanted)
{
	struct error e;
	json_t *m = merge(ONE, "one.json", text, name, &e);

	assert_null(m);
	assert_non_null(strstr(e.message, wanted));
	assert_non_null(strstr(e.message, name));
}

static void what_cannot_be_merged(void **unused)
{
	(void)unused;
	refused(RUN("other.json", FACT("a.b", "\"\"", "\"\"", "true"), "0"), "two.json",
		"of another spec (other.json) than the first");
	refused(ONE, "one", "two files are called one");
	refused("{\"facts\":[]}", "two.json", "not a saved result");
	refused(WITH_SUMMARY("{}"), "two.json", "not a saved result");
	refused(WITH_SUMMARY("{\"facts\":3}"), "two.json", "not a saved result");
	refused(WITH_SUMMARY("{\"facts\":3,\"mismatches\":\"0\"}"), "two.json",
		"not a saved result");
	refused(WITH_SUMMARY("{\"facts\":null,\"mismatches\":0}"), "two.json",
		"not a saved result");
	refused("[1,", "two.json", ":1:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_and_where),
		cmocka_unit_test(as_a_table),
		cmocka_unit_test(what_cannot_be_merged),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
