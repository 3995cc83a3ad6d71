/* test_language.c: which locales are Japanese, by the rows of rows/language.txt. */
#include "language.h"

#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_every_row(void **state)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	struct rows r;

	(void)state;
	rows_open(&r, "language");
	while (rows_next(&r)) {
		for (int i = 0; i < 3; i++) {
			print_message("# %s=%s\n", names[i], r.fields[i]);
			if (strcmp(r.fields[i], "~") == 0)
				unsetenv(names[i]);
			else
				setenv(names[i], r.fields[i], 1);
		}
		assert_string_equal(language_pick("en", "ja"), r.fields[3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_every_row)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
