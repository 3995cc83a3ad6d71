/* options.c: see options.h. */
#include "options.h"

#include "columns.h"
#include "facts.h"
#include "measure.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char compare_usage[] =
	"usage: compare run [--spec FILE] [--rootfs DIR] [--columns cbox,gobox,bridge,crun,runc]\n"
	"                   [--format table|json|html] [--quick] [--save FILE]\n"
	"       compare run --matrix [--spec FILE] [--rootfs DIR] [--format table|json]\n"
	"       compare observe --column NAME [--spec FILE] [--rootfs DIR]\n"
	"                   [--quick | --only network|limits|exec|lifecycle]\n"
	"       compare diff A.json B.json\n"
	"       compare report\n"
	"       compare merge [--format table|json|html] FILE...\n"
	"       compare facts\n"
	"       compare trace [--spec FILE] [--rootfs DIR] [--columns cbox,gobox] [--stage NAME]\n"
	"                   [--format table|json]\n"
	"       compare map [--field NAME] [--format table|json|page] [--language ja|en]\n"
	"       compare bench [--stages | --growth] [--runs N] ...   (compare/bench/run --help)\n"
	"       compare --version | --help\n";

int compare_fail(const struct error *e)
{
	error_print(e, "compare", stderr);
	return COULD_NOT;
}

int say_usage(const char *why, const char *what)
{
	fprintf(stderr, "compare: %s%s\n%s", why, what, compare_usage);
	return COULD_NOT;
}

int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"spec", required_argument, NULL, 's'},
		{"rootfs", required_argument, NULL, 'r'}, {"columns", required_argument, NULL, 'c'},
		{"column", required_argument, NULL, 'c'}, {"format", required_argument, NULL, 'f'},
		{"only", required_argument, NULL, 'o'}, {"stage", required_argument, NULL, 't'},
		{"field", required_argument, NULL, 'd'}, {"language", required_argument, NULL, 'l'},
		{"save", required_argument, NULL, 'w'}, {"quick", no_argument, NULL, 'q'},
		{"matrix", no_argument, NULL, 'm'}, {0}};
	const char **slots[128] = {['s'] = &o->spec,
		['r'] = &o->rootfs,
		['c'] = &o->columns,
		['f'] = &o->format,
		['o'] = &o->only,
		['t'] = &o->stage,
		['d'] = &o->field,
		['l'] = &o->language,
		['w'] = &o->save};
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
	o->operands = (const char *const *)argv + optind;
	o->operands_n = argc - optind;
	return 0;
}

const char *language(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return !strncmp(value, "ja", 2) ? "ja" : "en";
	}
	return "en";
}

bool colour_wanted(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

int prepare(const struct options *o, struct plan *p, struct error *e)
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
