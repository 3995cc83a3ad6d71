/* options.c: see options.h. */
#include "options.h"

#include "suggest.h"

#include <string.h>

static const struct option *find(const struct option *options, int n, const char *name, size_t size)
{
	for (int i = 0; i < n; i++)
		if (strlen(options[i].name) == size && strncmp(options[i].name, name, size) == 0)
			return &options[i];
	return NULL;
}

static int refuse(struct error *e, const char *context, const char *why, int size, const char *name)
{
	error_say(e, "option %.*s %s", size, name, why);
	return error_hint(e, "%s --help lists the options", context);
}

static const char *nearest(const struct option *options, int n, const char *word, size_t size)
{
	const char *names[n + 1];
	size_t count = 0;

	for (int i = 0; i < n; i++)
		if (options[i].help)
			names[count++] = options[i].name;
	return suggest(word, size, names, count);
}

/* Takes one option; *i moves over its value where that is the next word. */
static int take(const struct option *options, int n, char **argv, int argc, int *i,
	const char *context, struct error *e)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	int size = equals ? (int)(equals - word) : (int)strlen(word);
	const struct option *option = find(options, n, word, (size_t)size);

	if (!option) {
		error_say(e, "unknown option %.*s", size, word);
		error_hint(e, "%s --help lists the options", context);
		return suggest_hint(e, nearest(options, n, word, (size_t)size));
	}
	if (option->flag) {
		if (equals)
			return refuse(e, context, "takes no value", size, word);
		*option->flag = true;
		return 0;
	}
	if (*option->value)
		return refuse(e, context, "is given twice", size, word);
	if (equals)
		*option->value = equals + 1;
	else if (*i + 1 < argc)
		*option->value = argv[++*i];
	if (!*option->value || !**option->value)
		return refuse(e, context, "needs a value", size, word);
	return 0;
}

int options_parse(const struct option *options, int n, char **argv, int argc, const char *context,
	struct operands *out, struct error *e)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			out->command = argv + i + 1;
			return 0;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			if (take(options, n, argv, argc, &i, context, e) < 0)
				return -1;
		} else if (out->words_n < (int)(sizeof(out->words) / sizeof(out->words[0]))) {
			out->words[out->words_n++] = argv[i];
		}
	}
	return 0;
}

void options_print(const struct option *options, int n, FILE *out)
{
	for (int i = 0; i < n; i++) {
		char left[32];

		if (!options[i].help)
			continue;
		snprintf(left, sizeof(left), "%s%s%s", options[i].name,
			options[i].argument ? " " : "",
			options[i].argument ? options[i].argument : "");
		fprintf(out, "  %-18s %s\n", left, options[i].help);
	}
}

int options_refuse_via(const char *program, const char *command, struct error *e)
{
	error_say(e, "option --via: %s has each stage in one language only", program);
	return error_hint(e, "gobox-bridge has them in both: gobox-bridge %s --via all=c", command);
}
