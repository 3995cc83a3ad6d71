/*
 * test_cgroup.c: the path of a cgroup, its making, and what is refused. go/cgroup_test.go has the
 * same tests.
 */
#include "cgroup_scene.h"

/* --- the path --- */

static void path_comes_from_the_spec(void **state)
{
	(void)state;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "");
	t.spec.has_resources = true;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "/twinbox/one");
	t.spec.cgroups_path = "/a/b..c/.d";
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "/a/b..c/.d");
}

static void path_stays_below_the_root(void **state)
{
	static char long_name[NAME_MAX + 3] = "/";
	static const struct {
		const char *path, *message;
	} rows[] = {
		{"a", "cgroup path a: must begin with a slash"},
		{"/", "cgroup path /: every part must be a plain name"},
		{"/a/", "cgroup path /a/: every part must be a plain name"},
		{"//a", "cgroup path //a: every part must be a plain name"},
		{"/a/./b", "cgroup path /a/./b: every part must be a plain name"},
		{"/a/../b", "cgroup path /a/../b: every part must be a plain name"},
		{"/..", "cgroup path /..: every part must be a plain name"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t.spec.cgroups_path = (char *)rows[i].path;
		assert_int_equal(cgroup_path(&t.c, &t.e), -1);
		assert_string_equal(t.e.message, rows[i].message);
		assert_string_equal(t.c.cgroup, "");
		assert_int_equal(cgroup_remove(rows[i].path, NULL, &t.e), -1);
		assert_string_equal(t.e.message, rows[i].message);
	}
	memset(long_name + 1, 'x', NAME_MAX + 1);
	assert_int_equal(cgroup_remove(long_name, NULL, &t.e), -1);
}

/* --- the machine --- */

static void asks_nothing_without_limits(void **state)
{
	(void)state;
	assert_int_equal(cgroup_check(&t.c, &t.e), 0);
	assert_int_equal(cgroup_create(&t.c, &t.e), 0);
	assert_int_equal(t.c.cgroup_fd, -1);
}

static void refuses_other_file_systems(void **state)
{
	static const struct {
		const char *type, *hint;
	} rows[] = {
		{"tmpfs", "this machine mounts cgroup v1 controllers; the lab (make lab) has "
			  "cgroup v2"},
		{"ramfs", "mount it with `mount -t cgroup2 none /sys/fs/cgroup`, or use the lab "
			  "(make lab)"},
	};

	(void)state;
	NEEDS_ROOT();
	t.spec.has_resources = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result;

		assert_int_equal(mount("none", CGROUP_ROOT, rows[i].type, 0, NULL), 0);
		result = cgroup_check(&t.c, &t.e);
		assert_int_equal(umount(CGROUP_ROOT), 0);
		assert_int_equal(result, -1);
		assert_string_equal(t.e.message, "/sys/fs/cgroup is not a cgroup v2 file system");
		assert_string_equal(t.e.hint, rows[i].hint);
	}
	assert_int_equal(cgroup_check(&t.c, &t.e), 0);
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* All of a file's name before its first dot; a long one as messages show it. */
static void names_a_missing_controller(void **state)
{
	static const struct {
		const char *file, *controller;
	} rows[] = {
		{"nosuch.max", "nosuch"},
		{"a b.c", "a b"},
		{"a\nb c.d.e", "a\nb c"},
		{" pids.max", " pids"},
		{X64 X64 X64 X64 X64 X64 X64 X64 X64 ".max", X64 "..."},
	};

	(void)state;
	NEEDS_ROOT();
	ask_for("/x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec_key_value unified = {(char *)rows[i].file, "1"};
		char expected[256];

		t.spec.resources.unified.v = &unified;
		t.spec.resources.unified.n = 1;
		snprintf(expected, sizeof(expected),
			"controller %s is missing in /sys/fs/cgroup/cgroup.controllers",
			rows[i].controller);
		assert_int_equal(cgroup_check(&t.c, &t.e), -1);
		assert_string_equal(t.e.message, expected);
		error_clear(&t.e);
		assert_int_equal(cgroup_create(&t.c, &t.e), -1);
		assert_string_equal(t.e.message, expected);
	}
}

/* --- making and removing --- */

static void makes_and_removes_with_parents(void **state)
{
	struct stat made, opened;

	(void)state;
	NEEDS_ROOT();
	ask_for("/a/b/one");
	assert_created();
	assert_int_equal(stat(place("/a/b/one"), &made), 0);
	assert_int_equal(fstat(t.c.cgroup_fd, &opened), 0);
	assert_int_equal(made.st_ino, opened.st_ino);
	assert_int_equal(fcntl(t.c.cgroup_fd, F_GETFD), FD_CLOEXEC);
	assert_removed(t.c.cgroup);
	assert_false(exists(place("")));
	assert_removed(t.c.cgroup); /* gone already */
}

/* What the namespaces stage does with cgroup_fd. */
static void its_descriptor_takes_a_process_in(void **state)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	char pids[32];
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	args.cgroup = (uint64_t)t.c.cgroup_fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	snprintf(pids, sizeof(pids), "%d\n", pid);
	assert_string_equal(read_text(place("/one/cgroup.procs")), pids);
	assert_removed(t.c.cgroup);
	assert_killed(pid);
}

static void takes_nothing_over(void **state)
{
	struct container other;
	char hint[sizeof(t.e.hint)];

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	other = t.c;
	other.cgroup_fd = -1;
	assert_int_equal(cgroup_create(&other, &t.e), -1);
	assert_int_equal(t.e.errnum, EEXIST);
	assert_int_equal(other.cgroup_fd, -1);
	snprintf(hint, sizeof(hint),
		"another container uses %s/one; `cbox list` shows it, `cbox gc` removes what a "
		"crash "
		"left",
		t.base);
	assert_string_equal(t.e.hint, hint);
	assert_true(exists(place("/one")));
	assert_removed(t.c.cgroup);
}

static void leaves_parents_that_were_there(void **state)
{
	(void)state;
	NEEDS_ROOT();
	make(place(""));
	ask_for("/a/one");
	assert_created();
	assert_removed(t.c.cgroup);
	assert_false(exists(place("/a")));
	assert_true(exists(place("")));
	assert_int_equal(rmdir(place("")), 0);
}

static void leaves_parents_in_use(void **state)
{
	char first[PATH_MAX];

	(void)state;
	NEEDS_ROOT();
	ask_for("/a/one");
	assert_created();
	close(t.c.cgroup_fd);
	snprintf(first, sizeof(first), "%s", t.c.cgroup);
	ask_for("/a/two");
	assert_created();
	assert_removed(first);
	assert_true(exists(place("/a/two")));
	assert_removed(t.c.cgroup);
}

/* --- the root of a container: a cgroup namespace --- */

/* In a child: 0, or the number of the step that failed. */
static int make_in_nested_root(void)
{
	write_text(place("/cgroup.procs"), "0");
	if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS) < 0)
		return 1;
	if (umount(CGROUP_ROOT) < 0 || mount("none", CGROUP_ROOT, "cgroup2", 0, NULL) < 0)
		return 2;
	snprintf(t.c.cgroup, sizeof(t.c.cgroup), "/twinbox/nested");
	if (cgroup_create(&t.c, &t.e) < 0 || !exists(CGROUP_ROOT "/twinbox/nested"))
		return 3;
	if (cgroup_remove(t.c.cgroup, NULL, &t.e) < 0 || exists(CGROUP_ROOT "/twinbox"))
		return 4;
	return exists(CGROUP_ROOT "/cgroup.events") ? 0 : 5; /* the root itself has stayed */
}

static void works_below_a_nested_root(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	make(place(""));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(make_in_nested_root());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(rmdir(place("")), 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(path_comes_from_the_spec),
		TEST(path_stays_below_the_root),
		TEST(asks_nothing_without_limits),
		TEST(refuses_other_file_systems),
		TEST(names_a_missing_controller),
		TEST(makes_and_removes_with_parents),
		TEST(its_descriptor_takes_a_process_in),
		TEST(takes_nothing_over),
		TEST(leaves_parents_that_were_there),
		TEST(leaves_parents_in_use),
		TEST(works_below_a_nested_root),
	};

	return cmocka_run_group_tests(tests, before_all, NULL);
}
