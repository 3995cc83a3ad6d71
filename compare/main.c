/*
 * main.c: compare: one spec, one container a column, every fact read from the kernel.
 *
 *   compare run      all columns side by side; the report
 *   compare observe  the facts of one column as JSON
 *   compare diff     two such files: the ids that differ
 *   compare report   the page build/compare/report.html from what the others found
 *   compare merge    saved results of many machines as one matrix
 *   compare facts    the list of facts
 *   compare trace    the system calls of each column, side by side
 *   compare bench    what a container costs, and each stage of it: compare/bench/run
 *   compare map      each field of Go's syscall.SysProcAttr and what it asks of the kernel
 */
#include "facts.h"
#include "hints_ja.h"
#include "map.h"
#include "merge.h"
#include "measure.h"
#include "options.h"
#include "page.h"
#include "report.h"
#include "trace.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int command_observe(const struct options *o)
{
	const struct column *chosen[COLUMNS_MAX];
	struct values values = {0};
	struct plan p = {.lock = -1};
	int result = COULD_NOT;
	struct error e;
	size_t n;

	if (!o->columns || strchr(o->columns, ','))
		return say_usage("observe wants one --column", "");
	if (!prepare(o, &p, &e) && !columns_choose(o->columns, &p, chosen, &n, NULL, &e) &&
		!measure_column(&p, chosen[0], &values, NULL, &e)) {
		json_t *facts = report_observed(&p, chosen[0], &values);

		print_json(facts);
		json_decref(facts);
		result = SAME;
	} else {
		compare_fail(&e);
	}
	values_free(&values);
	plan_free(&p);
	return result;
}

static int load_observed(const char *path, struct values *v, struct error *e)
{
	json_error_t json;
	json_t *file = json_load_file(path, 0, &json), *fact;
	size_t i;

	if (!file)
		return error_say(e, "%s:%d:%d: %s", path, json.line, json.column, json.text);
	json_array_foreach(json_object_get(file, "facts"), i, fact)
	{
		const char *id = json_string_value(json_object_get(fact, "id"));

		if (id)
			values_put_json(v, id, json_object_get(fact, "value"));
	}
	json_decref(file);
	return v->n ? 0 : error_say(e, "%s: no facts in it", path);
}

/* Ids of a that b lacks or has with another value; with only_missing just the former. */
static int print_different(const struct values *a, const struct values *b, bool only_missing)
{
	int n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct value *other = values_get(b, a->v[i].id);

		if (other && (only_missing || value_equal(&a->v[i], other)))
			continue;
		puts(a->v[i].id);
		n++;
	}
	return n;
}

static int command_diff(const struct options *o)
{
	struct values a = {0}, b = {0};
	struct error e;
	int result;

	if (o->operands_n != 2)
		return say_usage("diff wants two files", "");
	if (load_observed(o->operands[0], &a, &e) || load_observed(o->operands[1], &b, &e))
		result = compare_fail(&e);
	else
		result = print_different(&a, &b, false) + print_different(&b, &a, true) ? DIFFERENT
											: SAME;
	values_free(&a);
	values_free(&b);
	return result;
}

static int command_facts(const struct options *o)
{
	struct error e;

	(void)o;
	if (facts_load(&e))
		return compare_fail(&e);
	print_json(facts_list());
	return SAME;
}

static int command_report(const struct options *o)
{
	struct plan p = {.lock = -1};
	struct error e;

	(void)o;
	error_clear(&e);
	if (plan_places(&p, &e) || page_write(p.results, NULL, &e))
		return compare_fail(&e);
	printf("%s/report.html\n", p.results);
	return SAME;
}

static int show_merged(json_t *merged, const char *format, struct error *e)
{
	json_t *data;
	int result = 0;

	if (!strcmp(format, "json")) {
		print_json(merged);
	} else if (!strcmp(format, "html")) {
		data = json_pack("{s:s, s:O}", "version", TWINBOX_VERSION, "merge", merged);
		result = page_put(data, stdout, e);
		json_decref(data);
	} else {
		merge_print(merged, language(), stdout);
	}
	return result;
}

static int command_merge(const struct options *o)
{
	const char *format = o->format ? o->format : "table";
	json_t *merged, *summary;
	int result = COULD_NOT;
	struct error e;

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0 &&
		strcmp(format, "html") != 0)
		return say_usage("no such format: ", format);
	if (!o->operands_n)
		return say_usage("merge wants the files of `compare run --save`", "");
	error_clear(&e);
	merged = merge_files(o->operands, o->operands_n, &e);
	if (!merged || show_merged(merged, format, &e))
		result = compare_fail(&e);
	else
		summary = json_object_get(merged, "summary"),
		result = json_integer_value(json_object_get(summary, "mismatches")) ? DIFFERENT
										    : SAME;
	json_decref(merged);
	return result;
}

static int command_trace(const struct options *o)
{
	struct plan p = {.lock = -1};
	struct error e;
	int result = COULD_NOT;

	if (o->format && strcmp(o->format, "table") != 0 && strcmp(o->format, "json") != 0)
		return say_usage("no such format: ", o->format);
	if (!prepare(o, &p, &e))
		result = trace_command(
			&p, o->columns, o->stage, o->format, language(), colour_wanted(), &e);
	if (result == COULD_NOT)
		compare_fail(&e);
	plan_free(&p);
	return result;
}

static int command_map(const struct options *o)
{
	const char *format = o->format ? o->format : "table";
	struct error e;
	int result;

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0 &&
		strcmp(format, "page") != 0)
		return say_usage("no such format: ", format);
	if (o->language && strcmp(o->language, "ja") != 0 && strcmp(o->language, "en") != 0)
		return say_usage("no such language: ", o->language);
	error_clear(&e);
	if (geteuid() != 0) {
		error_say(&e, "needs root: it makes namespaces and cgroups");
		error_hint(&e, "`make map` finds a place where it can run");
		return compare_fail(&e);
	}
	result = map_command(
		o->field, format, o->language ? o->language : language(), colour_wanted(), &e);
	return result == COULD_NOT ? compare_fail(&e) : result;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
	int operands;
} commands[] = {
	{"run", command_run, 0},
	{"observe", command_observe, 0},
	{"diff", command_diff, 2},
	{"report", command_report, 0},
	{"merge", command_merge, INT_MAX},
	{"facts", command_facts, 0},
	{"trace", command_trace, 0},
	{"map", command_map, 0},
};

/* Its arguments are its own: the measuring is compare/bench's, which starts other programs. */
static int command_bench(char **argv)
{
	static char program[] = "compare/bench/run";
	struct error e;

	argv[0] = program;
	execv(program, argv);
	error_clear(&e);
	error_sys(&e, "executing %s", program);
	error_hint(&e, "it is run in the directory of the repository");
	return compare_fail(&e);
}

/* Output that could not be written is a failure: a full disk must not look like a match. */
static int finish(int status)
{
	struct error e;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (status == COULD_NOT)
		return status; /* what it said is the cause */
	error_clear(&e);
	errno = errno ? errno : EIO;
	error_sys(&e, "writing the output");
	return compare_fail(&e);
}

static int command(int argc, char **argv)
{
	struct options o;

	if (argc < 2)
		return say_usage("which command?", "");
	if (!strcmp(argv[1], "--help"))
		return fputs(compare_usage, stdout), SAME;
	if (!strcmp(argv[1], "--version"))
		return puts("compare " TWINBOX_VERSION), SAME;
	if (!strcmp(argv[1], "bench"))
		return command_bench(argv + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int status;

		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		if (read_options(argc - 1, argv + 1, &o))
			return COULD_NOT;
		if (o.operands_n > commands[i].operands)
			return say_usage("not understood: ", o.operands[commands[i].operands]);
		status = commands[i].run(&o);
		facts_free();
		return status;
	}
	return say_usage("no such command: ", argv[1]);
}

int main(int argc, char **argv)
{
	hints_ja_add();
	return finish(command(argc, argv));
}
