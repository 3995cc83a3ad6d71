/* test_state_read.c: no half-written file is ever seen, and nothing is believed that is odd. */
#include "state_text.h"

#include "state_file.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

/* Stands in for the C library's: what others do between open(2) and flock(2) happens in the hook.
 */
static void (*before_flock)(void);

int flock(int fd, int operation)
{
	void (*hook)(void) = before_flock;

	before_flock = NULL;
	if (hook)
		hook();
	return (int)syscall(SYS_flock, fd, operation);
}

static int new_owner;

/* The stale file is collected and the name taken by somebody who lives. */
static void take_name(void)
{
	assert_int_equal(unlink(scene_path("odd.json")), 0);
	write_text(scene_path("odd.json"), right());
	new_owner = open(scene_path("odd.json"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(syscall(SYS_flock, new_owner, LOCK_EX), 0);
}

/* A lock on a file that lost its name meanwhile is no claim to the name. */
static void locked_too_late(void **unused)
{
	struct state s, *list;
	struct error e;
	size_t n;

	(void)unused;
	in_killed_process(create_and_leave, "odd");
	before_flock = take_name;
	assert_int_equal(state_claim("odd", &s, &e), -1);
	assert_int_equal(e.errnum, EWOULDBLOCK);
	close(new_owner);

	before_flock = take_name;
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(list[0].alive);
	state_list_free(list, n);
	close(new_owner);
}

/* gc takes a file made a moment ago, and not locked yet, for a leftover. */
static void sweep(void)
{
	struct error e;

	assert_int_equal(state_sweep(false, &e), 1);
}

static void swept_too_early(void **unused)
{
	struct container c = scene_container("a");
	struct error e;

	(void)unused;
	before_flock = sweep;
	assert_int_equal(state_create(&c, &e), 0);
	assert_true(is_there(scene_path("a.json")));
	assert_int_equal(state_remove(&c, &e), 0);
	assert_int_equal(rmdir(scene_directory), 0);
}

static void odd_directories(void **unused)
{
	struct container c = scene_container("a");
	char elsewhere[128];
	struct error e;

	(void)unused;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", scene_base);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(symlink("elsewhere", scene_directory), 0);
	assert_int_equal(state_create(&c, &e), -1);
	assert_non_null(strstr(e.message, scene_directory));
	assert_int_equal(unlink(scene_directory), 0);

	assert_int_equal(mkdir(scene_directory, 0700), 0);
	assert_int_equal(chmod(scene_directory, 0770), 0);
	assert_int_equal(state_create(&c, &e), -1);
	assert_non_null(strstr(e.message, "is not safe to use: mode 040770"));
	assert_non_null(strstr(e.hint, "writable by nobody else"));
	assert_int_equal(chmod(scene_directory, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scene_directory, 65534, 65534), 0);
		assert_int_equal(state_create(&c, &e), -1);
		assert_non_null(strstr(e.message, "is not safe to use"));
	}
}

static void no_runtime_directory(void **unused)
{
	static const char *const values[] = {NULL, "", "relative"};
	uid_t uid = geteuid();
	struct container c = scene_container("a");
	struct error e;

	(void)unused;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i])
			setenv("XDG_RUNTIME_DIR", values[i], 1);
		else
			unsetenv("XDG_RUNTIME_DIR");
		/* Root has /run and does not look at it. */
		assert_int_equal(seteuid(uid ? uid : 65534), 0);
		assert_int_equal(state_create(&c, &e), -1);
		assert_int_equal(seteuid(uid), 0);
		assert_string_equal(e.message, "XDG_RUNTIME_DIR is not set to an absolute path");
		assert_true(e.hint[0] != '\0');
	}
	setenv("XDG_RUNTIME_DIR", scene_base, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(locked_too_late, scene_clear),
		cmocka_unit_test_setup(swept_too_early, scene_clear),
		cmocka_unit_test_setup(odd_directories, scene_clear),
		cmocka_unit_test_setup(no_runtime_directory, scene_clear),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("state read", tests, NULL, NULL);
	scene_end();
	return failed;
}
