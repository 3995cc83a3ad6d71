/* Unit tests of compare/trace_reasons.c: what the rows of shared/syscalls.json declare, and what is
 * none. */
#include "trace_align_scene.h"

/* The pairs of shared/syscalls.json itself: what they declare, and no flag or name more. */
static void test_the_declared_pairs(void **state)
{
	static const char poll[] = "poll([{fd=<pidfd>, events=POLLIN}, {fd=<signalfd>, "
				   "events=POLLIN}], 2, -1) = 1",
			  clone[] = "*clone3({flags=CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWUTS, "
				    "pidfd=ADDR, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => "
				    "{pidfd=[<pidfd>]}, 88) = CHILD";
	static const struct {
		bool explained;
		const char *stage, *cbox, *gobox;
	} pairs[] = {
		{true, "cleanup", "*unlink(\"$RUN/pid\") = 0",
			"*unlinkat(AT_FDCWD, \"$RUN/pid\", 0) = 0"},
		{false, "cleanup", "*unlink(\"$RUN/pid\") = 0",
			"*unlinkat(AT_FDCWD, \"$RUN/other\", 0) = 0"},
		{false, "cleanup", "*unlink(\"$RUN/pid\") = 0",
			"unlinkat(AT_FDCWD, \"$RUN/pid\", 0) = ENOENT"},
		{false, "cleanup", "*unlink(\"/a\") = 0",
			"*unlinkat(AT_FDCWD, \"/a\", AT_REMOVEDIR) = 0"},
		{true, "prepare", "access(\"/a\", W_OK|X_OK) = 0",
			"faccessat(AT_FDCWD, \"/a\", W_OK|X_OK) = 0"},
		{false, "prepare", "access(\"/a\", W_OK|X_OK) = 0",
			"faccessat(AT_FDCWD, \"/a\", W_OK) = 0"},
		{true, "prepare", "*mkdir(\"/a\", 0700) = 0",
			"*mkdirat(AT_FDCWD, \"/a\", 0700) = 0"},
		{false, "prepare", "*mkdir(\"/a\", 0700) = 0",
			"*mkdirat(AT_FDCWD, \"/a\", 0755) = 0"},
		{false, "prepare", "*mkdir(\"/a\", 0700) = 0", "*mkdirat(</b>, \"a\", 0700) = 0"},
		{true, "prepare", "newfstatat(</a>, \"\", …, AT_EMPTY_PATH) = 0",
			"fstat(</a>, …) = 0"},
		{false, "prepare", "newfstatat(</a>, \"\", …, AT_EMPTY_PATH) = 0",
			"fstat(</b>, …) = 0"},
		{true, "prepare", "readlink(\"/a\", …) = EINVAL",
			"newfstatat(AT_FDCWD, \"/a\", …, AT_SYMLINK_NOFOLLOW) = 0"},
		{false, "prepare", "readlink(\"/a\", …) = EINVAL",
			"newfstatat(AT_FDCWD, \"/a\", …, AT_SYMLINK_NOFOLLOW) = ENOENT"},
		{true, "prepare", "readlinkat(AT_FDCWD, \"/a\", …) = EINVAL",
			"newfstatat(AT_FDCWD, \"/a\", …, AT_SYMLINK_NOFOLLOW) = 0"},
		{false, "prepare", "readlink(\"/a\", …) = EINVAL",
			"newfstatat(AT_FDCWD, \"/a\", …, 0) = 0"},
		{true, "prepare",
			"faccessat2(AT_FDCWD, \"/a\", F_OK, AT_SYMLINK_NOFOLLOW) = ENOENT",
			"newfstatat(AT_FDCWD, \"/a\", …, AT_SYMLINK_NOFOLLOW) = ENOENT"},
		{false, "prepare", "faccessat2(AT_FDCWD, \"/a\", R_OK, AT_SYMLINK_NOFOLLOW) = 0",
			"newfstatat(AT_FDCWD, \"/a\", …, AT_SYMLINK_NOFOLLOW) = 0"},
		{true, "wait", poll,
			"ppoll([{fd=<pidfd>, events=POLLIN}, {fd=<pipe>, events=POLLIN}], 2, NULL, "
			"NULL, 0) = 1"},
		{false, "wait", poll,
			"ppoll([{fd=<pidfd>, events=POLLOUT}, {fd=<pipe>, events=POLLIN}], 2, "
			"NULL, "
			"NULL, 0) = 1"},
		{false, "wait", poll,
			"ppoll([{fd=<pidfd>, events=POLLIN}, {fd=<pipe>, events=POLLIN}], 2, "
			"{tv_sec=0, tv_nsec=0}, NULL, 0) = 1"},
		{true, "child.exec", "poll([{fd=<socket>, events=0}], 1, 0) = 0",
			"ppoll([{fd=<socket>, events=0}], 1, {tv_sec=0, tv_nsec=0}, NULL, 0) = 0"},
		{false, "child.exec", "poll([{fd=<socket>, events=0}], 1, 0) = 0",
			"ppoll([{fd=<socket>, events=0}], 1, {tv_sec=1, tv_nsec=0}, NULL, 0) = 0"},
		{true, "cleanup", "poll([{fd=</c>, events=POLLPRI}], 1, 1998) = 1",
			"ppoll([{fd=</c>, events=POLLPRI}], 1, {tv_sec=1, tv_nsec=997000000}, "
			"NULL, "
			"0) = 1"},
		{true, "child.mounts", "*mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL) = 0",
			"*mount(\"\", \"/\", ADDR, MS_REC|MS_PRIVATE, NULL) = 0"},
		{false, "child.mounts", "*mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL) = 0",
			"*mount(\"\", \"/\", ADDR, MS_REC|MS_SLAVE, NULL) = 0"},
		{false, "child.mounts", "*mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL) = 0",
			"*mount(\"\", \"/\", ADDR, MS_PRIVATE, NULL) = 0"},
		{false, "child.mounts", "*mount(NULL, \"/\", NULL, MS_BIND, NULL) = 0",
			"*mount(\"\", \"/\", ADDR, MS_BIND, NULL) = 0"},
		{true, "namespaces", clone,
			"*clone(child_stack=NULL, "
			"flags=CLONE_VM|CLONE_PIDFD|CLONE_VFORK|CLONE_NEWNS|"
			"CLONE_NEWUTS|SIGCHLD, parent_tid=[<pidfd>]) = CHILD"},
		{false, "namespaces", clone,
			"*clone(child_stack=NULL, "
			"flags=CLONE_VM|CLONE_PIDFD|CLONE_VFORK|CLONE_NEWNS|"
			"SIGCHLD, parent_tid=[<pidfd>]) = CHILD"},
		{true, "namespaces", clone,
			"*clone3({flags=CLONE_VM|CLONE_PIDFD|CLONE_VFORK|CLONE_NEWNS|CLONE_NEWUTS, "
			"pidfd=ADDR, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => "
			"{pidfd=[<pidfd>]}, 88) = CHILD"},
		{false, "namespaces", clone,
			"*clone3({flags=CLONE_VM|CLONE_PIDFD|CLONE_VFORK|CLONE_NEWNS|CLONE_NEWUTS|"
			"CLONE_NEWIPC, pidfd=ADDR, exit_signal=SIGCHLD, stack=NULL, stack_size=0} "
			"=> "
			"{pidfd=[<pidfd>]}, 88) = CHILD"},
		{false, "namespaces", clone,
			"*clone(child_stack=NULL, "
			"flags=CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWUTS|SIGCHLD, "
			"parent_tid=[<pidfd>]) = CHILD"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct traces all = align_by(syscalls_json, 2, pairs[i].stage,
			(const char *const *const[]){KEYS(pairs[i].cbox), KEYS(pairs[i].gobox)});

		if (!traces_unexplained(&all) != pairs[i].explained)
			fail_msg("%s, %s", pairs[i].cbox, pairs[i].gobox);
		traces_free(&all);
	}
}

static void test_what_explains_nothing_is_stale(void **state)
{
	struct traces all =
		align(2, "start", (const char *const *const[]){KEYS("mmap(1)"), KEYS("futex(1)")});

	(void)state;
	assert_int_equal(traces_unexplained(&all), 0);
	assert_false(reason_stale(&all.reasons.v[0])); /* futex: used */
	assert_false(reason_stale(&all.reasons.v[1])); /* getpid: sometimes */
	assert_true(reason_stale(&all.reasons.v[2]));  /* newfstatat */
	assert_false(reason_stale(&all.reasons.v[4])); /* mmap */
	assert_false(reason_stale(&all.reasons.v[5])); /* rseq: of a column that is not here */
	traces_free(&all);
	all = align(3, "start",
		(const char *const *const[]){KEYS("mmap(1)"), KEYS("futex(1)"), KEYS("mmap(1)")});
	assert_true(reason_stale(&all.reasons.v[5]));
	traces_free(&all);
}

static void test_broken_lists(void **state)
{
	static const char *const lists[] = {"", "{}", "[1]", "[{}]", "[{\"call\": \"a\"}]",
		"[{\"call\": \"a\", \"columns\": [], " REASON "}]",
		"[{\"call\": [], \"columns\": [\"cbox\"], " REASON "}]",
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"reason\": {\"en\": \"why\"}}]",
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"instead\": \"b\", " REASON "}]",
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"instead\": {}, " REASON "}]",
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"instead\": {\"a\": 1}, " REASON "}]",
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"instead\": {\"a(*\": \"b(*, "
		"*\"}, " REASON "}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct reasons r;
		struct error e;

		error_clear(&e);
		assert_int_equal(reasons_load(&r, lists[i], &e), -1);
		assert_non_null(strstr(e.message, "shared/syscalls.json"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_declared_pairs),
		cmocka_unit_test(test_what_explains_nothing_is_stale),
		cmocka_unit_test(test_broken_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
