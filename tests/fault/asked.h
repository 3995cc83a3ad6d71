/* asked.h: what the command line of inject asks for. */
#ifndef TWINBOX_TESTS_ASKED_H
#define TWINBOX_TESTS_ASKED_H

#include <stdbool.h>
#include <stdio.h>

extern struct asked {
	const char *site;   /* NULL: list them */
	int error;	    /* error= */
	bool is_short;	    /* short */
	const char *target; /* signal= */
	int signal;
	FILE *report;
	int seconds;
	long user;			/* -1: as we are */
	unsigned long own_from, own_to; /* --own */
} asked;

/* Reads it; optind is the program's place then. False where there is none, or an option is wrong.
 */
bool asked_read(int argc, char **argv);

/* Ends inject with 120 and errno's words. */
void __attribute__((noreturn)) die(const char *what);

#endif
