/*
 * main.c: compare: one spec, one container a column, every fact read from the kernel.
 *
 *   compare run      all columns side by side; the report
 *   compare observe  the facts of one column as JSON
 *   compare diff     two such files: the ids that differ
 *   compare facts    the list of facts
 *   compare trace    the system calls of each column, side by side
 *   compare map      each field of Go's syscall.SysProcAttr and what it asks of the kernel
 */
#include "facts.h"
#include "map.h"
#include "matrix.h"
#include "measure.h"
#include "report.h"
#include "trace.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit status, fixed: all match, a mismatch, could not run. */
enum { SAME = 0, DIFFERENT = 1, COULD_NOT = 2 };

struct options {
	const char *spec, *rootfs, *columns, *format, *only, *stage, *field, *language;
	bool quick, matrix;
	const char *operands[3];
	int operands_n;
};

static const char usage[] =
	"usage: compare run [--spec FILE] [--rootfs DIR] [--columns cbox,gobox,bridge,crun,runc]\n"
	"                   [--format table|json|html] [--quick]\n"
	"       compare run --matrix [--spec FILE] [--rootfs DIR] [--format table|json]\n"
	"       compare observe --column NAME [--spec FILE] [--rootfs DIR]\n"
	"                   [--quick | --only network|limits|exec|lifecycle]\n"
	"       compare diff A.json B.json\n"
	"       compare facts\n"
	"       compare trace [--spec FILE] [--rootfs DIR] [--columns cbox,gobox] [--stage NAME]\n"
	"                   [--format table|json]\n"
	"       compare map [--field NAME] [--format table|json|page] [--language ja|en]\n"
	"       compare --version | --help\n";

static int fail(const struct error *e)
{
	error_print(e, "compare", stderr);
	return COULD_NOT;
}

static int say_usage(const char *why, const char *what)
{
	fprintf(stderr, "compare: %s%s\n%s", why, what, usage);
	return COULD_NOT;
}

static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"spec", required_argument, NULL, 's'},
		{"rootfs", required_argument, NULL, 'r'}, {"columns", required_argument, NULL, 'c'},
		{"column", required_argument, NULL, 'c'}, {"format", required_argument, NULL, 'f'},
		{"only", required_argument, NULL, 'o'}, {"stage", required_argument, NULL, 't'},
		{"field", required_argument, NULL, 'd'}, {"language", required_argument, NULL, 'l'},
		{"quick", no_argument, NULL, 'q'}, {"matrix", no_argument, NULL, 'm'}, {0}};
	const char **slots[128] = {['s'] = &o->spec,
		['r'] = &o->rootfs,
		['c'] = &o->columns,
		['f'] = &o->format,
		['o'] = &o->only,
		['t'] = &o->stage,
		['d'] = &o->field,
		['l'] = &o->language};
	int ch;

	memset(o, 0, sizeof(*o));
	while ((ch = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (ch == '?')
			return -1;
		if (ch == 'q')
			o->quick = true;
		else if (ch == 'm')
			o->matrix = o->quick = true;
		else
			*slots[ch] = optarg;
	}
	for (; optind < argc && o->operands_n < 3; optind++)
		o->operands[o->operands_n++] = argv[optind];
	return 0;
}

static const char *language(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return !strncmp(value, "ja", 2) ? "ja" : "en";
	}
	return "en";
}

static bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* Everything that is needed before the first container can be started. */
static int prepare(const struct options *o, struct plan *p, struct error *e)
{
	error_clear(e);
	if (columns_check(o->columns, e) || behaviour_check(o->only, e) || facts_load(e) ||
		process_setup(e))
		return -1;
	if (geteuid() != 0) {
		error_say(e, "needs root: it makes namespaces, links and cgroups");
		return error_hint(e, "`make compare` finds a place where it can run");
	}
	if (plan_make(p, o->spec, o->rootfs, e))
		return -1;
	p->quick = o->quick;
	p->only = o->only;
	return 0;
}

static void show(json_t *report, const struct comparison *c, const struct report_head *head,
	const char *format)
{
	if (!strcmp(format, "json"))
		print_json(report);
	else
		table_print(c, head, language(), colour_wanted(), stdout);
}

/*
 * Measures each column in turn. A reference that was not asked for by name and cannot run this
 * spec loses its column, and the report says why.
 */
static int measure_all(const struct options *o, const struct plan *p, const struct column *chosen[],
	size_t *n, struct values values[], json_t *absent, struct error *e)
{
	for (size_t i = 0; i < *n;) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "compare: %s ...\n", chosen[i]->name);
		if (!measure_column(p, chosen[i], &values[i], e)) {
			i++;
			continue;
		}
		if (o->columns || chosen[i]->twin || process_stop_signal())
			return -1;
		json_object_set_new(absent, chosen[i]->name, json_string(e->message));
		values_free(&values[i]);
		(*n)--;
		for (size_t k = i; k < *n; k++)
			chosen[k] = chosen[k + 1];
	}
	return 0;
}

static int run_columns(const struct options *o, const struct plan *p, struct error *e)
{
	const struct column *chosen[COLUMNS_MAX];
	struct values values[COLUMNS_MAX] = {0};
	struct report_head head = {.plan = p, .absent = json_object()};
	struct comparison c = {0};
	json_t *report = NULL;
	int result = COULD_NOT;
	size_t n = 0;

	if (columns_choose(o->columns, p, chosen, &n, head.absent, e) ||
		measure_all(o, p, chosen, &n, values, head.absent, e))
		goto out;
	comparison_make(&c, chosen, values, n);
	report = report_json(&c, &head);
	if (report_write(report, p->results, e))
		goto out;
	show(report, &c, &head, o->format ? o->format : "table");
	comparison_stale(&c, stderr);
	result = c.mismatches ? DIFFERENT : SAME;
out:
	json_decref(report);
	json_decref(head.absent);
	comparison_free(&c);
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		values_free(&values[i]);
	return result;
}

/* All combinations of the stages; what has to be tried is left out. */
static int run_matrix(const struct options *o, const struct plan *p, struct error *e)
{
	int different = matrix_run(p, o->format && !strcmp(o->format, "json"), e);

	return different < 0 ? COULD_NOT : different ? DIFFERENT : SAME;
}

static int command_run(const struct options *o)
{
	struct plan p = {.lock = -1};
	struct error e;
	int result = COULD_NOT;

	if (o->format && !strcmp(o->format, "html")) {
		error_clear(&e);
		error_say(&e, "--format html is not built yet; table and json are");
		return fail(&e);
	}
	if (o->matrix && o->columns)
		return say_usage("--matrix has its own columns: cbox and bridge", "");
	if (o->format && strcmp(o->format, "table") != 0 && strcmp(o->format, "json") != 0)
		return say_usage("no such format: ", o->format);
	if (!prepare(o, &p, &e))
		result = (o->matrix ? run_matrix : run_columns)(o, &p, &e);
	if (result == COULD_NOT)
		fail(&e);
	plan_free(&p);
	return result;
}

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
		!measure_column(&p, chosen[0], &values, &e)) {
		json_t *facts = report_observed(&p, chosen[0], &values);

		print_json(facts);
		json_decref(facts);
		result = SAME;
	} else {
		fail(&e);
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
		result = fail(&e);
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
		return fail(&e);
	print_json(facts_list());
	return SAME;
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
		fail(&e);
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
		return fail(&e);
	}
	result = map_command(
		o->field, format, o->language ? o->language : language(), colour_wanted(), &e);
	return result == COULD_NOT ? fail(&e) : result;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o);
	int operands;
} commands[] = {
	{"run", command_run, 0},
	{"observe", command_observe, 0},
	{"diff", command_diff, 2},
	{"facts", command_facts, 0},
	{"trace", command_trace, 0},
	{"map", command_map, 0},
};

int main(int argc, char **argv)
{
	struct options o;

	if (argc < 2)
		return say_usage("which command?", "");
	if (!strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if (!strcmp(argv[1], "--version"))
		return puts("compare " TWINBOX_VERSION) < 0;
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
