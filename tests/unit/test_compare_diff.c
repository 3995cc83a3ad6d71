/* test_compare_diff.c: the verdicts, and that each kind of difference is seen and told. */
#include "diff.h"
#include "facts.h"
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACT	    "namespace.pid.is"
#define DECLARED    "mounts.at./sys/fs/cgroup.source" /* crun, always */
#define ABSENT_ONLY "cgroup.cpuset.cpus" /* crun and runc, only where the first has none */
#define OF_VETH	    "veth.host.mtu"	 /* does not apply to crun and runc */

struct scene {
	const struct column *columns[4];
	struct values values[4];
	struct comparison c;
};

static int make(void **state)
{
	static const char *const names[] = {"cbox", "gobox", "crun", "runc"};
	struct scene *s;
	struct error e;

	if (facts_load(&e) || !(s = calloc(1, sizeof(*s))))
		return -1;
	for (int i = 0; i < 4; i++)
		s->columns[i] = column_find(names[i]);
	*state = s;
	return 0;
}

static int drop(void **state)
{
	struct scene *s = *state;

	comparison_free(&s->c);
	for (int i = 0; i < 4; i++)
		values_free(&s->values[i]);
	free(s);
	facts_free();
	return 0;
}

/* One fact with a text in each column; NULL: the column has no such fact. */
static void put(
	struct scene *s, const char *id, const char *a, const char *b, const char *c, const char *d)
{
	const char *texts[] = {a, b, c, d};

	for (int i = 0; i < 4; i++)
		if (texts[i])
			values_set(&s->values[i], id, "%s", texts[i]);
}

static const struct fact_verdict *judge(struct scene *s)
{
	comparison_make(&s->c, s->columns, s->values, 4);
	assert_int_equal(s->c.facts_n, 1);
	return &s->c.facts[0];
}

static void equal_values_match(void **state)
{
	put(*state, FACT, "new", "new", "new", "new");
	assert_true(judge(*state)->match);
	assert_int_equal(((struct scene *)*state)->c.mismatches, 0);
}

static void one_column_that_differs(void **state)
{
	put(*state, FACT, "new", "new", "new", "host's");
	assert_false(judge(*state)->match);
	assert_int_equal(((struct scene *)*state)->c.mismatches, 1);
}

static void twins_that_differ_together_from_the_others(void **state)
{
	put(*state, FACT, "new", "new", "host's", "host's");
	assert_false(judge(*state)->match);
}

static void empty_is_not_absent(void **state)
{
	put(*state, FACT, "", "", NULL, "");
	assert_false(judge(*state)->match);
}

static void a_failed_reader_never_matches(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 4; i++)
		values_failed(&s->values[i], FACT, 2, "the same everywhere");
	assert_false(judge(s)->match);
}

static void declared_for_this_column(void **state)
{
	const struct fact_verdict *f;

	put(*state, DECLARED, NULL, NULL, "cgroup2", NULL);
	f = judge(*state);
	assert_true(f->match);
	assert_non_null(f->declared[2]);
	assert_null(f->declared[1]);
}

static void declared_for_another_column(void **state)
{
	put(*state, DECLARED, NULL, NULL, NULL, "cgroup2");
	assert_false(judge(*state)->match);
}

static void declared_only_where_absent(void **state)
{
	put(*state, ABSENT_ONLY, NULL, NULL, "0", "0");
	assert_true(judge(*state)->match);
}

static void not_declared_where_there(void **state)
{
	put(*state, ABSENT_ONLY, "0-1", "0-1", "0", "0");
	assert_false(judge(*state)->match);
}

static void what_does_not_apply_is_not_compared(void **state)
{
	struct scene *s = *state;

	put(s, OF_VETH, "1500", "1500", NULL, NULL);
	assert_true(judge(s)->match);
	assert_int_equal(s->c.facts[0].values[2].kind, VALUE_SKIPPED);
	assert_int_equal(s->c.compared, 1);
}

static void twins_are_held_to_the_veth(void **state)
{
	put(*state, OF_VETH, "1500", NULL, NULL, NULL);
	assert_false(judge(*state)->match);
}

static void nowhere_is_no_fact(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 4; i++)
		values_absent(&s->values[i], "cgroup.io.max");
	assert_true(judge(s)->skipped);
	assert_int_equal(s->c.compared, 0);
}

static void stale_declarations_are_told(void **state)
{
	struct scene *s = *state;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	put(s, DECLARED, "x", "x", "x", "x");
	judge(s);
	assert_int_equal(comparison_stale(&s->c, out), 1);
	fclose(out);
	assert_non_null(strstr(text, DECLARED " is declared to differ in crun and does not"));
	free(text);
}

static void differing_declarations_are_not_stale(void **state)
{
	struct scene *s = *state;

	put(s, DECLARED, NULL, NULL, "x", NULL);
	judge(s);
	assert_int_equal(comparison_stale(&s->c, stderr), 0);
}

/* The fixed shape of report.json. */
static void report_has_its_shape(void **state)
{
	struct scene *s = *state;
	struct plan p = {.root = "/p", .spec_path = "/p/shared/specs/full.json"};
	struct report_head head = {.plan = &p, .absent = json_object()};
	const char *spec, *column, *id, *group, *ja, *en;
	json_t *report, *value, *null;
	int facts, mismatches, match;

	put(s, OF_VETH, "1500", "1400", NULL, NULL);
	judge(s);
	report = report_json(&s->c, &head);
	assert_int_equal(
		json_unpack(report,
			"{s:s, s:[s,s,s,s !], s:[{s:s, s:s, s:{s:s, s:s !}, s:{s:o, s:o, s:o, "
			"s:o !}, s:b} !], s:{s:i, s:i !}}",
			"spec", &spec, "columns", &column, &column, &column, &column, "facts", "id",
			&id, "group", &group, "title", "ja", &ja, "en", &en, "values", "cbox",
			&value, "gobox", &value, "crun", &null, "runc", &null, "match", &match,
			"summary", "facts", &facts, "mismatches", &mismatches),
		0);
	assert_string_equal(spec, "shared/specs/full.json");
	assert_string_equal(id, OF_VETH);
	assert_string_equal(group, "veth");
	assert_string_equal(json_string_value(value), "1400");
	assert_true(json_is_null(null));
	assert_false(match);
	assert_int_equal(facts, 1);
	assert_int_equal(mismatches, 1);
	json_decref(report);
	json_decref(head.absent);
}

/* Columns of a terminal that one line takes: all that is wide here is three bytes long. */
static int width_of(const char *line)
{
	int width = 0;

	for (const unsigned char *c = (const unsigned char *)line; *c; c++)
		width += *c < 0x80 ? 1 : *c >= 0xe3 ? 2 : *c >= 0xc0 ? 1 : 0;
	return width;
}

static void table_keeps_its_width(void **state)
{
	static const char *const languages[] = {"en", "ja"};
	struct scene *s = *state;
	struct plan p = {.root = "/p", .spec_path = "/p/shared/specs/full.json"};
	struct report_head head = {.plan = &p, .absent = json_object()};
	char wide[400];

	memset(wide, 'w', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	memcpy(wide + 40, "日本語日本語", 18);
	put(s, "process.environment.order", wide, wide, wide, wide);
	put(s, "mounts.at.*.super", wide, wide, "x", wide);
	put(s, DECLARED, NULL, NULL, wide, NULL);
	comparison_make(&s->c, s->columns, s->values, 4);
	for (int i = 0; i < 2; i++) {
		char *text = NULL, *rest, *line, *last = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		table_print(&s->c, &head, languages[i], false, out);
		fclose(out);
		assert_null(strchr(text, '\033'));
		for (rest = text; (line = strsep(&rest, "\n"));) {
			if (width_of(line) > 100)
				fail_msg("%d wide: %s", width_of(line), line);
			last = *line ? line : last;
		}
		assert_string_equal(last, "3 facts, 1 mismatches");
		free(text);
	}
	json_decref(head.absent);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(equal_values_match),
		TEST(one_column_that_differs),
		TEST(twins_that_differ_together_from_the_others),
		TEST(empty_is_not_absent),
		TEST(a_failed_reader_never_matches),
		TEST(declared_for_this_column),
		TEST(declared_for_another_column),
		TEST(declared_only_where_absent),
		TEST(not_declared_where_there),
		TEST(what_does_not_apply_is_not_compared),
		TEST(twins_are_held_to_the_veth),
		TEST(nowhere_is_no_fact),
		TEST(stale_declarations_are_told),
		TEST(differing_declarations_are_not_stale),
		TEST(report_has_its_shape),
		TEST(table_keeps_its_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
