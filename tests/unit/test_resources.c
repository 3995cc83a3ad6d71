/*
 * test_resources.c: the limits of a spec as files of cgroup v2. go/resources_test.go holds the
 * same rows.
 */
#include "resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NONE	      INT64_MIN /* not in the spec */

static const struct {
	int64_t limit, swap, quota, period, shares, pids;
	const char *files, *controllers;
} rows[] = {
	{NONE, NONE, NONE, NONE, NONE, NONE, "", ""},
	{52428800, NONE, NONE, NONE, NONE, NONE, "memory.max=52428800;", "memory"},
	{-1, NONE, NONE, NONE, NONE, NONE, "memory.max=max;", "memory"},
	{100, 100, NONE, NONE, NONE, NONE, "memory.max=100;memory.swap.max=0;", "memory"},
	{100, 150, NONE, NONE, NONE, NONE, "memory.max=100;memory.swap.max=50;", "memory"},
	{100, -1, NONE, NONE, NONE, NONE, "memory.max=100;memory.swap.max=max;", "memory"},
	{-1, -1, NONE, NONE, NONE, NONE, "memory.max=max;memory.swap.max=max;", "memory"},
	{NONE, NONE, 20000, NONE, NONE, NONE, "cpu.max=20000 100000;", "cpu"},
	{NONE, NONE, 20000, 50000, NONE, NONE, "cpu.max=20000 50000;", "cpu"},
	{NONE, NONE, -1, NONE, NONE, NONE, "cpu.max=max 100000;", "cpu"},
	{NONE, NONE, NONE, 50000, NONE, NONE, "cpu.max=max 50000;", "cpu"},
	{NONE, NONE, NONE, NONE, 2, NONE, "cpu.weight=1;", "cpu"},
	{NONE, NONE, NONE, NONE, 512, NONE, "cpu.weight=20;", "cpu"},
	{NONE, NONE, NONE, NONE, 1024, NONE, "cpu.weight=39;", "cpu"},
	{NONE, NONE, NONE, NONE, 262144, NONE, "cpu.weight=10000;", "cpu"},
	{NONE, NONE, NONE, NONE, NONE, 64, "pids.max=64;", "pids"},
	{NONE, NONE, NONE, NONE, NONE, -1, "pids.max=max;", "pids"},
	{0, 0, 0, 0, 0, 0, "", ""},
	{INT64_MAX, INT64_MAX, 17592186044415, 1000000, 2, 4194304,
		"cpu.weight=1;cpu.max=17592186044415 1000000;memory.max=9223372036854775807;"
		"memory.swap.max=0;pids.max=4194304;",
		"cpu memory pids"},
};

static struct spec_number number(int64_t value)
{
	return (struct spec_number){.given = value != NONE, .value = value == NONE ? 0 : value};
}

/* "FILE=VALUE;" for each limit of s, in the order in which they are written. */
static const char *files_of(const struct spec *s)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < resources_count(s); i++) {
		struct limit limit;

		if (resources_limit(s, i, &limit))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=%s;",
				limit.file, limit.value);
	}
	return text;
}

static void converts_each_limit(void **state)
{
	char controllers[64];
	struct error e;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct spec s = {.has_resources = true};

		s.resources.memory_limit = number(rows[i].limit);
		s.resources.memory_swap = number(rows[i].swap);
		s.resources.cpu_quota = number(rows[i].quota);
		s.resources.cpu_period = number(rows[i].period);
		s.resources.cpu_shares = number(rows[i].shares);
		s.resources.pids_limit = number(rows[i].pids);
		assert_string_equal(files_of(&s), rows[i].files);
		assert_int_equal(
			resources_controllers(&s, controllers, sizeof(controllers), &e), 0);
		assert_string_equal(controllers, rows[i].controllers);
	}
}

static void unified_comes_last_and_as_it_is(void **state)
{
	struct spec_key_value unified[] = {
		{"hugetlb.2MB.max", "0"},
		{"io.max", "8:0 rbps=1024"},
		{"memory.high", "1048576"},
		{"memory.max", "2097152"},
	};
	struct spec s = {.has_resources = true};
	char controllers[64], small[8];
	struct error e;

	(void)state;
	s.resources.memory_limit = number(4096);
	s.resources.unified.v = unified;
	s.resources.unified.n = LENGTH(unified);
	assert_string_equal(files_of(&s),
		"memory.max=4096;hugetlb.2MB.max=0;io.max=8:0 rbps=1024;memory.high=1048576;"
		"memory.max=2097152;");
	assert_int_equal(resources_controllers(&s, controllers, sizeof(controllers), &e), 0);
	assert_string_equal(controllers, "memory hugetlb io");
	assert_int_equal(resources_controllers(&s, small, sizeof(small), &e), -1);
	assert_string_equal(e.message, "linux.resources.unified: too many controllers");
}

static void finds_whole_words_only(void **state)
{
	(void)state;
	assert_true(resources_has_word("cpuset cpu io\n", "cpu", 3));
	assert_true(resources_has_word("cpuset cpu io\n", "io", 2));
	assert_false(resources_has_word("cpuset io\n", "cpu", 3));
	assert_false(resources_has_word("", "cpu", 3));
	assert_false(resources_has_word("\n", "cpu", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_each_limit),
		cmocka_unit_test(unified_comes_last_and_as_it_is),
		cmocka_unit_test(finds_whole_words_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
