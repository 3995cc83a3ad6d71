/* test_small_file.c: small files are read and written whole, or not at all. */
#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* A size that the file may have (setrlimit(2)) makes write(2) take a part. */
static void takes_no_part_for_the_whole(void **state)
{
	char path[] = "/tmp/twinbox-small-XXXXXX", text[8];
	struct rlimit old, two;
	int fd = mkstemp(path), result, failure;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	two = (struct rlimit){.rlim_cur = 2, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &two), 0);
	result = small_file_write(AT_FDCWD, path, "4096");
	failure = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(result, -1);
	assert_int_equal(failure, EIO);
	assert_int_equal(small_file_write(AT_FDCWD, path, "4096"), 0);
	assert_int_equal(small_file_read(AT_FDCWD, path, text, sizeof(text)), 0);
	assert_string_equal(text, "4096");
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void follows_no_link(void **state)
{
	char directory[] = "/tmp/twinbox-small-XXXXXX", text[8];
	int dir;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dir = open(directory, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(symlinkat("/dev/null", dir, "value"), 0);
	assert_int_equal(small_file_write(dir, "value", "1"), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(small_file_read(dir, "value", text, sizeof(text)), -1);
	assert_int_equal(errno, ELOOP);
	assert_int_equal(unlinkat(dir, "value", 0), 0);
	close(dir);
	assert_int_equal(rmdir(directory), 0);
}

static void what_is_not_there_is_told(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(small_file_write(AT_FDCWD, "/proc/self/nothing", "1"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(small_file_read(AT_FDCWD, "/proc/self/nothing", text, sizeof(text)), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_part_for_the_whole),
		cmocka_unit_test(follows_no_link),
		cmocka_unit_test(what_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
