/*
 * mutant.h: a cbox that does something else, in four files: what it shall do otherwise
 * (mutant_read.c), when (mutant_turns.c), what it does too much (mutant_acts.c), and what it leaves
 * out (mutant.c).
 */
#ifndef TWINBOX_TESTS_MUTANT_H
#define TWINBOX_TESTS_MUTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MUTANT_WORDS	     16
#define MUTANT_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The values of one key of the file "mutation". */
struct words {
	char *v[MUTANT_WORDS];
	int n;
};
extern struct words only, spec, option, rootfs, command, leave_out, unseen, act, then, finally;

/* The container's first process as the host sees it, once the command runs. */
extern pid_t container;

/* Reads the file "mutation" beside the program; without it nothing is done otherwise. */
void mutant_read(void);
void mutant_forget(void);

bool mutant_has(const struct words *list, const char *word);

/* Says what could not be done, and ends: such a run proves nothing. */
__attribute__((noreturn)) void mutant_fail(const char *what);

/* Each text with sh -e, its output on standard error. */
void mutant_shell(const struct words *texts);

/* When an act is done: in the runtime first, in the child before the command, once that runs. */
enum when { BEGIN, EXEC, RUNNING };

/* Does those of the acts that the mutation asks for, by "do NAME". */
void mutant_act(enum when when);

/* Copies byte by byte until the end of input, and ends the process. */
__attribute__((noreturn)) void mutant_copy(int from, int to, bool seven_bits, bool upper);

/* Ends the processes that stand between the caller and the runtime's streams. */
void mutant_end_relays(void);

#endif
