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
	" {\"call\": \"newfstatat\", \"columns\": [\"cbox\"], \"instead\": \"fstat\", " REASON "},"
	" {\"call\": \"clone3\", \"args\": \"*VFORK*\", \"columns\": [\"gobox\"], \"instead\": "
	"\"clone3\", " REASON "},"
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

static struct traces align(size_t n, const char *section, const char *const *const keys[])
{
	struct traces all = {.n = n};
	struct error e;

	error_clear(&e);
	assert_int_equal(reasons_load(&all.reasons, reasons, &e), 0);
	for (size_t k = 0; k < n; k++)
		all.t[k] = column_of(k, section, keys[k]);
	traces_align(&all);
	return all;
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
		"[{\"call\": \"a\", \"columns\": [\"cbox\"], \"reason\": {\"en\": \"why\"}}]"};

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
