/*
 * test_options.c: the command line as tables, by the rows of rows/options.txt, which
 * go/options_test.go reads too.
 */
#include "options.h"

#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORDS = 32 };

/* Parts a row's words; ~ is an empty one. Returns how many. */
static int split(char *text, char *words[WORDS])
{
	static char none[1];
	int n = 0;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		words[n++] = strcmp(word, "~") == 0 ? none : word;
	words[n] = NULL;
	return n;
}

static void join(FILE *out, const char *title, const char *const *words, int n)
{
	fputs(title, out);
	for (int i = 0; i < n && words[i]; i++)
		fprintf(out, "%s%s", i ? "," : "", words[i]);
}

/* What a row's command line comes to, as the row writes it. */
static void parse(char *arguments, char result[ROW_BYTES], struct error *e)
{
	const char *file = NULL, *name = NULL;
	bool quick = false, verbose = false;
	const struct option options[] = {
		{"--file", "FILE", "", NULL, &file},
		{"--name", "NAME", "", NULL, &name},
		{"--quick", NULL, "", &quick, NULL},
		{"-v", NULL, "", &verbose, NULL},
	};
	struct operands o;
	char *argv[WORDS];
	int argc = split(arguments, argv);
	FILE *out = fmemopen(result, ROW_BYTES, "w");

	assert_non_null(out);
	if (options_parse(options, 4, argv, argc, "box run", &o, e) < 0) {
		fputs(e->message, out);
	} else {
		fprintf(out, "file=%s name=%s quick=%d v=%d", file ? file : "", name ? name : "",
			quick, verbose);
		join(out, " words=", o.words, o.words_n);
		if (o.command)
			join(out, " command=", (const char *const *)o.command, WORDS);
	}
	assert_int_equal(fclose(out), 0);
}

static void reads_every_row(void **state)
{
	struct rows r;
	int n = 0;

	(void)state;
	rows_open(&r, "options");
	while (rows_next(&r)) {
		char result[ROW_BYTES] = "";
		struct error e;

		error_clear(&e);
		print_message("# %s\n", r.fields[0]);
		parse(r.fields[0], result, &e);
		assert_string_equal(result, r.fields[1]);
		if (e.message[0]) {
			assert_non_null(strstr(e.hint, "box run --help lists the options"));
			assert_int_equal(e.status, EXIT_RUNTIME);
		}
		n++;
	}
	assert_true(n > 20);
}

static void prints_a_table(void **state)
{
	const struct option options[] = {
		{"--file", "FILE", "a file", NULL, NULL},
		{"-v", NULL, "more words", NULL, NULL},
	};
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	options_print(options, 2, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "  --file FILE        a file\n  -v                 more words\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_row),
		cmocka_unit_test(prints_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
