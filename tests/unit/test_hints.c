/* test_hints.c: a hint is Japanese where the locale is; one that has no row stays as it is. */
#include "error.h"
#include "hints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void in_the_readers_language(void **state)
{
	struct error e;

	(void)state;
	setenv("LC_ALL", "C", 1);
	error_say(&e, "it failed");
	error_hint(&e, "try --no-pivot");
	assert_string_equal(e.hint, "try --no-pivot");
	setenv("LC_ALL", "ja_JP.UTF-8", 1);
	error_hint(&e, "try --no-pivot");
	assert_string_equal(e.message, "it failed");
	assert_string_equal(e.hint, "--no-pivot を試してください");
	error_hint(&e, "in a user namespace this needs a %s namespace of its own", "network");
	assert_string_equal(
		e.hint, "ユーザー名前空間の中では、これに専用の network 名前空間が必要です");
	error_hint(&e, "%s has no row", "this");
	assert_string_equal(e.hint, "this has no row");
}

static void a_program_has_its_own(void **state)
{
	static const struct hint own[] = {{"%s of its own", "自分の %s"}};
	struct error e;

	(void)state;
	error_say(&e, "it failed");
	hints_add(own, 1);
	setenv("LC_ALL", "ja_JP.UTF-8", 1);
	error_hint(&e, "%s of its own", "one");
	assert_string_equal(e.hint, "自分の one");
	error_hint(&e, "try --no-pivot");
	assert_string_equal(e.hint, "--no-pivot を試してください");
	setenv("LC_ALL", "C", 1);
	error_hint(&e, "%s of its own", "one");
	assert_string_equal(e.hint, "one of its own");
	hints_add(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_readers_language), cmocka_unit_test(a_program_has_its_own)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
