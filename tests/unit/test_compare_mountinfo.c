/* test_compare_mountinfo.c: lines of /proc/PID/mountinfo are taken apart as proc(5) says. */
#include "mountinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void lines_are_taken_apart(void **state)
{
	struct mount_table t;

	(void)state;
	assert_int_equal(
		mountinfo_parse(
			strdup("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root "
			       "rw,errors=continue\n"
			       "37 36 0:5 / /a\\040b\\134c ro - tmpfs none rw\n"
			       "38 36 0:6 / /s rw shared:7 master:2 - proc proc rw\n"),
			&t),
		0);
	assert_int_equal(t.n, 3);
	assert_int_equal(t.v[0].id, 36);
	assert_int_equal(t.v[0].parent, 35);
	assert_int_equal(t.v[0].major, 98);
	assert_string_equal(t.v[0].root, "/mnt1");
	assert_string_equal(t.v[0].destination, "/mnt2");
	assert_string_equal(t.v[0].options, "rw,noatime");
	assert_string_equal(t.v[0].propagation, "slave");
	assert_string_equal(t.v[0].type, "ext3");
	assert_string_equal(t.v[0].source, "/dev/root");
	assert_string_equal(t.v[0].super, "rw,errors=continue");
	assert_string_equal(t.v[1].destination, "/a b\\c");
	assert_string_equal(t.v[1].propagation, "private");
	assert_string_equal(t.v[2].propagation, "shared,slave");
	mountinfo_free(&t);
}

/* A line that is cut off is a failure, never a shorter table. */
static void broken_lines_are_refused(void **state)
{
	static const char *const lines[] = {"36 35 98:0 /mnt1\n", "36 35 98 / /m rw - a b c\n",
		"36 35 98:0 / /m rw shared:1 a b c\n", "36 35 98:0 / /m rw - ext3 /dev/root\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct mount_table t;

		assert_int_equal(mountinfo_parse(strdup(lines[i]), &t), -1);
		assert_null(t.v);
	}
}

static void nothing_is_an_empty_table(void **state)
{
	struct mount_table t;

	(void)state;
	assert_int_equal(mountinfo_parse(strdup(""), &t), 0);
	assert_int_equal(t.n, 0);
	mountinfo_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_apart),
		cmocka_unit_test(broken_lines_are_refused),
		cmocka_unit_test(nothing_is_an_empty_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
