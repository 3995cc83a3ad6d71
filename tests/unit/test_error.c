/*
 * test_error.c: errors and how they are printed, by the rows of rows/errors.txt and rows/errno.txt,
 * which go/error_test.go reads too.
 */
#include "error.h"

#include "rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void prints_every_row(void **state)
{
	struct rows r;
	int n = 0;

	(void)state;
	for (rows_open(&r, "errors"); rows_next(&r); n++) {
		char text[ROW_BYTES] = "", want[ROW_BYTES];
		FILE *out = fmemopen(text, sizeof(text), "w");
		struct error e;

		assert_non_null(out);
		errno = atoi(r.fields[0]);
		assert_int_equal(error_sys(&e, "%s", r.fields[2]), -1);
		assert_int_equal(errno, e.errnum);
		assert_int_equal(error_hint(&e, "%s", r.fields[3]), -1);
		snprintf(e.stage, sizeof(e.stage), "%s", r.fields[1]);
		error_print(&e, "box", out);
		assert_int_equal(fclose(out), 0);
		snprintf(want, sizeof(want), "box: %s\n%s%s", r.fields[4], r.fields[5],
			r.fields[5][0] ? "\n" : "");
		assert_string_equal(text, want);
		assert_int_equal(e.status, EXIT_RUNTIME);
	}
	assert_true(n > 5);
}

/* Holds the rows against this machine's libc; Go has a table of its own. */
static void names_every_errno(void **state)
{
	struct rows r;
	int n = 0;

	(void)state;
	for (rows_open(&r, "errno"); rows_next(&r); n++) {
		int number = atoi(r.fields[0]);

		assert_string_equal(error_name(number), r.fields[1]);
		assert_string_equal(strerror(number), r.fields[2]);
	}
	assert_true(n > 133);
}

static void filled_with(char c, char *text, size_t size)
{
	memset(text, c, size - 1);
	text[size - 1] = '\0';
}

static void cuts_what_is_too_long(void **state)
{
	char text[2000];
	struct error e;

	(void)state;
	filled_with('m', text, sizeof(text));
	error_say(&e, "%s", text);
	assert_int_equal(strlen(e.message), 699);
	error_hint(&e, "%s", text);
	assert_int_equal(strlen(e.hint), 599);
	assert_int_equal(strlen(e.message), 699);
}

static void a_new_error_replaces_the_old(void **state)
{
	struct error e;

	(void)state;
	errno = ENOENT;
	error_sys(&e, "first");
	error_hint(&e, "hint");
	e.status = EXIT_NOT_FOUND;
	snprintf(e.stage, sizeof(e.stage), "exec");
	error_say(&e, "second");
	assert_int_equal(e.errnum, 0);
	assert_int_equal(e.status, EXIT_RUNTIME);
	assert_string_equal(e.message, "second");
	assert_string_equal(e.hint, "");
	assert_string_equal(e.stage, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_every_row),
		cmocka_unit_test(names_every_errno),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(a_new_error_replaces_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
