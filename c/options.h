/* options.h: the command line as tables: one row an option, one table a command. */
#ifndef TWINBOX_OPTIONS_H
#define TWINBOX_OPTIONS_H

#include "error.h"

#include <stdbool.h>

/* One option: exactly one of flag and value is set. */
struct option {
	const char *name;     /* "--spec" or "-v" */
	const char *argument; /* "FILE"; NULL for a flag */
	const char *help;     /* NULL: not for --help */
	bool *flag;
	const char **value; /* points into argv; NULL stays where the option is not given */
};

/* What is left when the options are taken: the words before "--" and, from there on, the command.
 */
struct operands {
	const char *words[8];
	int words_n;
	char **command; /* NULL-terminated; NULL where there is no "--" */
};

/*
 * Reads argv[0..argc-1] (without the program and the command's name) by the table of n options.
 * "--name VALUE" and "--name=VALUE" mean the same. context ("cbox run") is for hints.
 */
int options_parse(const struct option *options, int n, char **argv, int argc, const char *context,
	struct operands *out, struct error *e);

/* Prints the table for --help: "  --spec FILE       the container's spec ...". */
void options_print(const struct option *options, int n, FILE *out);

/* In a program of one language --via has nothing to choose (go/via.go); refuses it. */
int options_refuse_via(const char *program, const char *command, struct error *e);

#endif
