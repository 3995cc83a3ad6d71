/* Unit tests of compare/trace_align.c: rows, their kinds, and what has no reason. */
#include "trace_align_scene.h"

static void test_the_same(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){
			KEYS("*mkdir(a)", "close(1)"), KEYS("*mkdir(a)", "close(1)")});

	(void)state;
	check_rows(&all, "cgroup", "=mkdir(a) =close(1)");
	assert_int_equal(traces_unexplained(&all), 0);
	assert_true(stage(&all, "cgroup")->same_changes);
	assert_int_equal(stage(&all, "cgroup")->calls[1], 2);
	assert_int_equal(stage(&all, "cgroup")->changes[1], 1);
	traces_free(&all);
}

static void test_noise_is_folded(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){KEYS("a()", "getpid()", "*mkdir(a)"),
			KEYS("futex(1)", "getpid()", "a()", "futex(2)", "getpid()", "*mkdir(a)",
				"futex(3)", "nanosleep(1)")});

	(void)state;
	check_rows(&all, "cgroup", ">futex(1)×3 >getpid() =a() =getpid() =mkdir(a) >nanosleep(1)");
	assert_int_equal(traces_unexplained(&all), 0);
	assert_int_equal(stage(&all, "cgroup")->calls[1], 8);
	traces_free(&all);
}

static void test_pairs(void **state)
{
	struct traces all = align(2, "namespaces",
		(const char *const *const[]){KEYS("newfstatat(3)", "*clone3(NEWNS)"),
			KEYS("fstat(3)", "*clone3(NEWNS|VFORK)")});

	(void)state;
	check_rows(&all, "namespaces", "~newfstatat(3)fstat(3) ~clone3(NEWNS)clone3(NEWNS|VFORK)");
	assert_int_equal(traces_unexplained(&all), 0);
	assert_true(stage(&all, "namespaces")->same_changes);
	traces_free(&all);
}

/* Two that differ in more than their entry declares. */
static void test_a_pair_that_is_none(void **state)
{
	struct traces all = align(2, "namespaces",
		(const char *const *const[]){KEYS("newfstatat(3)", "*clone3(NEWNS)"),
			KEYS("fstat(4)", "*clone3(NEWUTS|VFORK)")});

	(void)state;
	check_rows(&all, "namespaces",
		"<newfstatat(3)! >fstat(4)! ~clone3(NEWNS)clone3(NEWUTS|VFORK)!");
	assert_int_equal(traces_unexplained(&all), 3);
	assert_false(stage(&all, "namespaces")->same_changes);
	traces_free(&all);
}

/* The reason of one column says nothing of a third. */
static void test_pairs_of_three(void **state)
{
	struct traces all = align(3, "namespaces",
		(const char *const *const[]){KEYS("*clone3(NEWNS)", "newfstatat(3)"),
			KEYS("*clone3(NEWNS|VFORK)", "fstat(3)"),
			KEYS("*clone3(NEWUTS)", "fstat(3)")});

	(void)state;
	check_rows(&all, "namespaces",
		"~clone3(NEWNS)clone3(NEWNS|VFORK)clone3(NEWUTS)! "
		"~newfstatat(3)fstat(3)fstat(3)");
	traces_free(&all);
	all = align(3, "namespaces",
		(const char *const *const[]){
			KEYS("newfstatat(3)"), KEYS("fstat(3)"), KEYS("newfstatat(3)")});
	check_rows(&all, "namespaces", "~newfstatat(3)fstat(3)newfstatat(3)");
	traces_free(&all);
	/* The third makes neither, and nobody says why. */
	all = align(3, "namespaces",
		(const char *const *const[]){KEYS("newfstatat(3)"), KEYS("fstat(3)"), KEYS(NULL)});
	check_rows(&all, "namespaces", "~newfstatat(3)fstat(3)!");
	traces_free(&all);
}

static void test_no_reason(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){
			KEYS("mmap(1)", "*mkdir(a)"), KEYS("*mkdir(a)", "open(x)")});

	(void)state;
	/* The entry of mmap is for another stage. */
	check_rows(&all, "cgroup", "<mmap(1)! =mkdir(a) >open(x)!");
	assert_int_equal(traces_unexplained(&all), 2);
	assert_true(stage(&all, "cgroup")->same_changes);
	traces_free(&all);
}

static void test_one_change_too_many(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){KEYS("*mkdir(a)"), KEYS("*mkdir(a)", "*mkdir(b)")});

	(void)state;
	check_rows(&all, "cgroup", "=mkdir(a) >mkdir(b)!");
	assert_false(stage(&all, "cgroup")->same_changes);
	traces_free(&all);
}

static void test_another_order(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){
			KEYS("*mkdir(a)", "*write(b)"), KEYS("*write(b)", "*mkdir(a)")});

	(void)state;
	assert_true(traces_unexplained(&all) > 0);
	assert_false(stage(&all, "cgroup")->same_changes);
	traces_free(&all);
}

/* Many readings that would fit elsewhere do not pull a change apart. */
static void test_changes_outweigh(void **state)
{
	struct traces all = align(2, "cgroup",
		(const char *const *const[]){KEYS("*mkdir(a)", "r(1)", "r(2)", "r(3)", "r(4)"),
			KEYS("r(1)", "r(2)", "r(3)", "r(4)", "*mkdir(a)")});

	(void)state;
	assert_true(stage(&all, "cgroup")->same_changes);
	traces_free(&all);
}

static void test_three_columns(void **state)
{
	struct traces all = align(3, "cgroup",
		(const char *const *const[]){KEYS("*mkdir(a)", "c(1)"),
			KEYS("*mkdir(a)", "futex(1)"), KEYS("futex(2)", "*mkdir(a)", "c(1)")});

	(void)state;
	assert_int_equal(stage(&all, "cgroup")->rows[1].kind, ROW_SAME);
	/* futex of bridge, c of cbox and bridge: nobody says why. */
	assert_int_equal(traces_unexplained(&all), 2);
	traces_free(&all);
}

/* What two runtimes do in the background does not pull apart what all three do. */
/* What two columns share is not left for what one has alone, whatever comes by the way. */
static void test_a_shared_row_comes_first(void **state)
{
	struct traces all = align(3, "namespaces",
		(const char *const *const[]){KEYS("pipe2()"), KEYS("pipe2()", "tick()", "pipe2()"),
			KEYS("tick()", "pipe2()")});

	(void)state;
	check_rows(&all, "namespaces", ">tick() =pipe2() >tick() >pipe2()!");
	traces_free(&all);
}

static void test_background_does_not_outweigh(void **state)
{
	struct traces all = align(3, "cgroup",
		(const char *const *const[]){KEYS("getpid()"),
			KEYS("getpid()", "tick(1)", "tick(2)", "tick(3)"),
			KEYS("tick(1)", "tick(2)", "tick(3)", "getpid()")});

	(void)state;
	assert_int_equal(traces_unexplained(&all), 0);
	traces_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same),
		cmocka_unit_test(test_noise_is_folded),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_a_pair_that_is_none),
		cmocka_unit_test(test_pairs_of_three),
		cmocka_unit_test(test_no_reason),
		cmocka_unit_test(test_one_change_too_many),
		cmocka_unit_test(test_another_order),
		cmocka_unit_test(test_changes_outweigh),
		cmocka_unit_test(test_three_columns),
		cmocka_unit_test(test_a_shared_row_comes_first),
		cmocka_unit_test(test_background_does_not_outweigh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
