/*
 * test_compare_facts.c: the program's tables and shared/facts.json name the same facts, and every
 * declared difference is about something that exists. (Facts that have to be tried are in no
 * table; tests/compare holds them to the list.)
 */
#include "columns.h"
#include "diff.h"
#include "facts.h"
#include "observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int load(void **state)
{
	struct error e;

	(void)state;
	return facts_load(&e);
}

static int unload(void **state)
{
	(void)state;
	facts_free();
	return 0;
}

static void patterns(void **state)
{
	char *star;

	(void)state;
	assert_true(fact_matches("a.b", "a.b", NULL));
	assert_false(fact_matches("a.b", "a.bc", NULL));
	assert_true(fact_matches("a.*.c", "a./x.y.c", &star));
	assert_string_equal(star, "/x.y");
	free(star);
	assert_false(fact_matches("a.*.c", "a.c", NULL));
	assert_true(fact_matches("a.*", "a.", NULL));
	assert_false(fact_matches("ab*ba", "aba", NULL)); /* head and tail must not overlap */
}

static void every_row_is_listed_once(void **state)
{
	(void)state;
	for (const struct group *const *g = observe_groups; *g; g++) {
		for (size_t i = 0; i < (*g)->n; i++) {
			const char *id = (*g)->rows[i].id;
			json_t *fact;
			size_t k;
			int found = 0;

			assert_true(fact_in_group(id, (*g)->name));
			json_array_foreach(facts_list(), k, fact) found += fact_matches(
				json_string_value(json_object_get(fact, "id")), id, NULL);
			if (found != 1)
				fail_msg("%s is %d times in shared/facts.json", id, found);
		}
	}
}

/* Facts of these beginnings come from behave_*.c and measure.c. */
static bool is_tried(const char *id)
{
	static const char *const tried[] = {
		"lifecycle.", "exec.", "cgroup.bites.", "veth.answers."};

	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		if (!strncmp(id, tried[i], strlen(tried[i])))
			return true;
	return false;
}

static bool in_tables(const char *id)
{
	for (const struct group *const *g = observe_groups; *g; g++)
		for (size_t i = 0; i < (*g)->n; i++)
			if (fact_matches(id, (*g)->rows[i].id, NULL))
				return true;
	return false;
}

static void every_entry_is_whole(void **state)
{
	json_t *fact;
	size_t i;

	(void)state;
	assert_true(json_array_size(facts_list()) > 100);
	json_array_foreach(facts_list(), i, fact)
	{
		const char *id = NULL, *group = NULL, *source = NULL, *texts[4] = {0};

		if (json_unpack(fact, "{s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s} !}", "id", &id,
			    "group", &group, "source", &source, "title", "ja", &texts[0], "en",
			    &texts[1], "why", "ja", &texts[2], "en", &texts[3]))
			fail_msg("entry %zu (%s) of shared/facts.json is not whole", i, id);
		assert_true(fact_in_group(id, group));
		assert_true(*source && *texts[0] && *texts[1] && *texts[2] && *texts[3]);
		if (strchr(id, '*'))
			for (int k = 0; k < 2; k++)
				assert_non_null(strstr(texts[k], "{}"));
		if (!is_tried(id) && !in_tables(id))
			fail_msg("%s is listed and nothing reads it", id);
	}
}

/* Two patterns for one fact would make its title depend on their order. */
static void no_fact_has_two_entries(void **state)
{
	json_t *a, *b;
	size_t i, k;

	(void)state;
	json_array_foreach(facts_list(), i, a)
	{
		const char *id = json_string_value(json_object_get(a, "id"));

		json_array_foreach(facts_list(), k,
			b) if (i != k && fact_matches(json_string_value(json_object_get(b, "id")),
						 id, NULL)) fail_msg("%s has two entries", id);
	}
}

/* A pattern and a fact meet when one matches the other. */
static bool names_a_fact(const char *pattern)
{
	json_t *fact;
	size_t i;

	json_array_foreach(facts_list(), i, fact)
	{
		const char *id = json_string_value(json_object_get(fact, "id"));

		if (fact_matches(pattern, id, NULL) || fact_matches(id, pattern, NULL))
			return true;
	}
	return false;
}

static void every_difference_is_about_something(void **state)
{
	json_t *entry, *item;
	size_t i, k;

	(void)state;
	json_array_foreach(facts_differences(), i, entry)
	{
		json_t *facts = json_object_get(entry, "facts"),
		       *columns = json_object_get(entry, "columns");
		const char *ja = NULL, *en = NULL;

		assert_int_equal(json_unpack(json_object_get(entry, "reason"), "{s:s, s:s !}", "ja",
					 &ja, "en", &en),
			0);
		assert_true(*ja && *en && json_array_size(facts) && json_array_size(columns));
		json_array_foreach(facts, k, item) if (!names_a_fact(json_string_value(item)))
			fail_msg("no fact is called %s", json_string_value(item));
		json_array_foreach(columns, k, item) if (!column_find(json_string_value(item)))
			fail_msg("no column is called %s", json_string_value(item));
	}
}

/* The aim: what the two runtimes of twinbox do is the same, without exception. */
static void twins_have_no_declared_difference(void **state)
{
	json_t *entry, *column;
	size_t i, k;

	(void)state;
	json_array_foreach(facts_differences(), i, entry)
		json_array_foreach(json_object_get(entry, "columns"), k, column)
			assert_false(column_find(json_string_value(column))->twin);
}

static void texts(void **state)
{
	json_t *both = json_pack("{s:s, s:s}", "ja", "{} の種類", "en", "kind of {}");
	char *text;

	(void)state;
	text = fact_text(both, "ja", "/proc", "?");
	assert_string_equal(text, "/proc の種類");
	free(text);
	text = fact_text(both, "en", "", "?");
	assert_string_equal(text, "kind of ");
	free(text);
	text = fact_text(NULL, "en", "", "the.id");
	assert_string_equal(text, "the.id");
	free(text);
	json_decref(both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(every_row_is_listed_once),
		cmocka_unit_test(every_entry_is_whole),
		cmocka_unit_test(no_fact_has_two_entries),
		cmocka_unit_test(every_difference_is_about_something),
		cmocka_unit_test(twins_have_no_declared_difference),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
