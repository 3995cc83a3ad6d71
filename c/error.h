/*
 * error.h: an error travels up as a value with its context.
 *
 * A stage that fails fills the caller's struct error and returns -1; nothing in libcbox prints or
 * exits, because Go calls it too (go/bridge). The struct holds no heap memory, so the child of the
 * clone can send it to its parent through a pipe as it is.
 */
#ifndef TWINBOX_ERROR_H
#define TWINBOX_ERROR_H

#include <stdio.h>

/* Exit status of the runtime itself, as podman(1) and docker(1) have them. */
enum {
	EXIT_RUNTIME = 125,    /* the runtime failed */
	EXIT_CANNOT_RUN = 126, /* the command was found and cannot be executed */
	EXIT_NOT_FOUND = 127,  /* the command was not found */
};

struct error {
	char stage[16]; /* "network"; filled in by the stage runner; empty outside a stage */
	int errnum;	/* errno(3) of the call that failed; 0 where no call did */
	int status;	/* exit status the runtime ends with: EXIT_RUNTIME unless set otherwise */
	char message[700]; /* "creating veth cbox0", without the errno's text */
	char hint[600];	   /* what to do about it; empty where nothing can be said */
};

/* Makes e empty: no message, status EXIT_RUNTIME. */
void error_clear(struct error *e);

/*
 * Fills e with what the failed call was about and the current errno. Always returns -1, so that a
 * stage can end with `return error_sys(e, "opening %s", path);`. errno is saved first.
 */
int error_sys(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same without an errno, for what the runtime itself refuses. */
int error_say(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds the hint, in the reader's language (hints.h), to an error that is filled. Always returns -1.
 */
int error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes of the control character at p, two from U+0080 on (UTF-8); 0 where it is none. */
int control_size(const unsigned char *p);

/*
 * Text as a terminal may see it: each byte of a control character as \xNN, of those of ASCII and of
 * U+0080 to U+009F, where U+009B begins what ESC [ does. out has size bytes, of which it takes four
 * for one of text and 8 more; what does not fit is left out.
 */
void error_visible(const char *text, char *out, size_t size);

/*
 * Prints "PROGRAM: STAGE: MESSAGE: Text of errno (ENAME)" and, on a second line, "hint: HINT".
 * Control characters in the message are shown as \xNN: a spec or a file name may hold any byte.
 */
void error_print(const struct error *e, const char *program, FILE *out);

/* "ENOENT" for 2; "errno 4242" for a number that has no name. Returns static or thread memory. */
const char *error_name(int errnum);

#endif
