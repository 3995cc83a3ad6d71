/* Unit tests of compare/trace_align.c and trace_reasons.c: rows, reasons, what has none. */
#include "trace.h"

#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column names[] = {{.name = "cbox"}, {.name = "gobox"}, {.name = "bridge"}};

#define REASON "\"reason\": {\"ja\": \"理由\", \"en\": \"why\"}"

static const char reasons[] =
	"[{\"call\": [\"futex\", \"nanosleep\"], \"columns\": [\"gobox\"], \"fold\": true, " REASON
	"},"
	" {\"call\": \"getpid\", \"columns\": [\"gobox\", \"bridge\"], \"fold\": true, "
	"\"sometimes\": true, " REASON "},"
	" {\"call\": \"newfstatat\", \"columns\": [\"cbox\"], \"instead\": {\"newfstatat(*\": "
	"\"fstat(*\"}, " REASON "},"
	" {\"call\": \"clone3\", \"columns\": [\"gobox\"], \"instead\": "
	"{\"clone3(*|VFORK)\": \"clone3(*)\"}, " REASON "},"
	" {\"call\": \"mmap\", \"stages\": [\"start\"], \"columns\": [\"cbox\"], " REASON "},"
	" {\"call\": \"rseq\", \"columns\": [\"bridge\"], " REASON "},"
	" {\"call\": \"tick\", \"columns\": [\"gobox\", \"bridge\"], \"fold\": true, " REASON "}]";

/* Calls by their keys, all in one stage; what begins with "*" changes state. */
static struct trace column_of(size_t k, const char *section, const char *const keys[])
{
	struct trace t = {.column = &names[k]};

	while (keys[t.n])
		t.n++;
	t.calls = calloc(t.n + 1, sizeof(*t.calls));
	for (size_t i = 0; i < t.n; i++) {
		const char *key = keys[i] + (keys[i][0] == '*');

		t.calls[i] = (struct trace_call){.name = strndup(key, strcspn(key, "(")),
			.key = strdup(key),
			.text = strdup(key),
			.changes = keys[i][0] == '*',
			.section = (int)(trace_section_find(section) - trace_sections)};
	}
	return t;
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct traces align_by(
	const char *json, size_t n, const char *section, const char *const *const keys[])
{
	struct traces all = {.n = n};
	struct error e;

	error_clear(&e);
	assert_int_equal(reasons_load(&all.reasons, json, &e), 0);
	for (size_t k = 0; k < n; k++)
		all.t[k] = column_of(k, section, keys[k]);
	traces_align(&all);
	return all;
}

static struct traces align(size_t n, const char *section, const char *const *const keys[])
{
	return align_by(reasons, n, section, keys);
}

static const struct trace_stage *stage(const struct traces *all, const char *id)
{
	return &all->stages[trace_section_find(id) - trace_sections];
}

/* Rows as "=a(1)", "~a(1)|b(2)", "<a(1)", ">b(1)×2", a "!" behind those without a reason. */
static void check_rows(const struct traces *all, const char *id, const char *want)
{
	const struct trace_stage *s = stage(all, id);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; i < s->n; i++) {
		const struct trace_row *r = &s->rows[i];

		fprintf(out, "%s%s", i ? " " : "",
			r->kind == ROW_SAME   ? "="
			: r->kind == ROW_PAIR ? "~"
			: r->cells[0]	      ? "<"
					      : ">");
		for (size_t k = 0; k < all->n; k++)
			if (r->cells[k] && (r->kind != ROW_SAME || k == 0))
				fprintf(out, "%s", r->cells[k]->key);
		if (r->times > 1)
			fprintf(out, "×%zu", r->times);
		if (r->kind != ROW_SAME && !r->reason)
			fputc('!', out);
	}
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

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
		cmocka_unit_test(test_the_same),
		cmocka_unit_test(test_noise_is_folded),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_a_pair_that_is_none),
		cmocka_unit_test(test_pairs_of_three),
		cmocka_unit_test(test_the_declared_pairs),
		cmocka_unit_test(test_no_reason),
		cmocka_unit_test(test_one_change_too_many),
		cmocka_unit_test(test_another_order),
		cmocka_unit_test(test_changes_outweigh),
		cmocka_unit_test(test_three_columns),
		cmocka_unit_test(test_a_shared_row_comes_first),
		cmocka_unit_test(test_background_does_not_outweigh),
		cmocka_unit_test(test_what_explains_nothing_is_stale),
		cmocka_unit_test(test_broken_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
