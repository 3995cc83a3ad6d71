/*
 * test_cgroup_limits.c: controllers and limits, by hugetlb, which has v2 to itself on most machines
 * with v1 too. go/cgroup_limits_test.go has the same tests.
 */
#include "cgroup_scene.h"

static int lock = -1; /* the root's list of enabled controllers is one for all tests */
static bool was_enabled;

static void borrow_hugetlb(void)
{
	NEEDS_ROOT();
	if (!strstr(read_text(CGROUP_ROOT "/cgroup.controllers"), "hugetlb")) {
		print_message("needs the controller hugetlb in cgroup v2\n");
		skip();
	}
	lock = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	was_enabled = strstr(read_text(CGROUP_ROOT "/cgroup.subtree_control"), "hugetlb");
}

static int give_hugetlb_back(void **state)
{
	if (lock >= 0) {
		if (!was_enabled)
			write_text(CGROUP_ROOT "/cgroup.subtree_control", "-hugetlb");
		close(lock);
		lock = -1;
	}
	return after(state);
}

static void ask_for_limits(struct spec_key_value *unified, size_t n)
{
	t.spec.has_resources = true;
	t.spec.resources.unified.v = unified;
	t.spec.resources.unified.n = n;
}

static void enables_controllers_and_writes_limits(void **state)
{
	struct spec_key_value unified[] = {
		{"hugetlb.2MB.max", "4194304"}, {"hugetlb.2MB.rsvd.max", "2097152"}};

	(void)state;
	borrow_hugetlb();
	ask_for_limits(unified, 2);
	ask_for("/a/one");
	assert_int_equal(cgroup_check(&t.c, &t.e), 0);
	assert_created();
	assert_string_equal(read_text(place("/cgroup.subtree_control")), "hugetlb\n");
	assert_string_equal(read_text(place("/a/cgroup.subtree_control")), "hugetlb\n");
	assert_string_equal(read_text(place("/a/one/cgroup.subtree_control")), "");
	assert_string_equal(read_text(place("/a/one/hugetlb.2MB.max")), "4194304\n");
	assert_string_equal(read_text(place("/a/one/hugetlb.2MB.rsvd.max")), "2097152\n");
	assert_removed(t.c.cgroup);
}

static void says_which_limit_failed(void **state)
{
	static const struct {
		struct spec_key_value limit;
		int errnum;
		const char *message, *hint;
	} rows[] = {
		{{"hugetlb.2MB.max", "much"}, EINVAL, "writing much to hugetlb.2MB.max", ""},
		{{"hugetlb.3MB.max", "0"}, ENOENT, "writing 0 to hugetlb.3MB.max",
			"this kernel has no hugetlb.3MB.max; take that limit out of the spec"},
	};

	(void)state;
	borrow_hugetlb();
	ask_for("/a/one");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec_key_value unified = rows[i].limit;

		ask_for_limits(&unified, 1);
		assert_int_equal(cgroup_create(&t.c, &t.e), -1);
		assert_int_equal(t.e.errnum, rows[i].errnum);
		assert_string_equal(t.e.message, rows[i].message);
		assert_string_equal(t.e.hint, rows[i].hint);
		assert_int_equal(t.c.cgroup_fd, -1);
		assert_false(exists(place("")));
	}
}

static void explains_the_no_internal_process_rule(void **state)
{
	struct spec_key_value unified = {"hugetlb.2MB.max", "0"};
	char message[sizeof(t.e.message)];
	int result;
	pid_t pid;

	(void)state;
	borrow_hugetlb();
	make(place(""));
	pid = start_process(place(""));
	ask_for_limits(&unified, 1);
	ask_for("/one");
	result = cgroup_create(&t.c, &t.e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(rmdir(place("")), 0);
	assert_int_equal(result, -1);
	assert_int_equal(t.e.errnum, EBUSY);
	snprintf(message, sizeof(message), "writing +hugetlb to %s/cgroup.subtree_control", t.base);
	assert_string_equal(t.e.message, message);
	assert_string_equal(t.e.hint, "processes live in that cgroup itself: cgroup v2 gives "
				      "controllers only to children of a cgroup without processes");
}

#define TEST_HUGETLB(name) cmocka_unit_test_setup_teardown(name, before, give_hugetlb_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_HUGETLB(enables_controllers_and_writes_limits),
		TEST_HUGETLB(says_which_limit_failed),
		TEST_HUGETLB(explains_the_no_internal_process_rule),
	};

	return cmocka_run_group_tests(tests, before_all, NULL);
}
