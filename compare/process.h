/*
 * process.h: the programs that compare starts, and waiting that always ends.
 *
 * Every wait has a deadline and notices SIGINT, SIGTERM and SIGHUP, so that compare can be stopped
 * at any time and still undo what it began. compare is a subreaper (prctl(2)): what a runtime
 * leaves behind becomes its child and cannot get lost.
 */
#ifndef TWINBOX_COMPARE_PROCESS_H
#define TWINBOX_COMPARE_PROCESS_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CHILD_TEXT_MAX 65536 /* bytes of output that are kept of each stream */

struct child {
	pid_t pid; /* 0: none */
	int pidfd; /* -1: none; owned here */
	int in;	   /* write end of its standard input; -1: closed */
	int out;   /* read ends of its standard output and error; -1: at their end */
	int err;
	bool ended; /* reaped; status is set */
	int status; /* 0-255, or 128+N where signal N ended it */
	char out_text[CHILD_TEXT_MAX], err_text[CHILD_TEXT_MAX];
	size_t out_len, err_len; /* the texts end in NUL */
};

/* Signals blocked and taken from a descriptor, subreaper, SIGPIPE ignored. Called once. */
int process_setup(struct error *e);

/* The signal that asks compare to stop, or 0. */
int process_stop_signal(void);

/* While true, waits go on in spite of a stop signal: undoing must not be cut short. */
void process_finishing(bool on);

/* Milliseconds from now on CLOCK_MONOTONIC, as deadlines are given below. */
int64_t deadline_in(int milliseconds);

/* 1: fd has one of events (poll(2)); 0: deadline passed; -1: stopped or failed (errno). */
int wait_fd(int fd, short events, int64_t deadline);

/* Sleeps for a measured window; -1 when stopped. */
int wait_window(int milliseconds);

/*
 * Starts argv (argv[0] is a path) with three pipes, an environment of PATH, HOME and LANG only,
 * all signals at their default, in its own session-less process group, in the directory cwd.
 */
int child_start(struct child *c, char *const argv[], const char *cwd, struct error *e);

void child_init(struct child *c);

/* Writes all of data to its standard input. */
int child_write(struct child *c, const void *data, size_t n, struct error *e);
void child_close_input(struct child *c);

/* Takes one line from its standard output into line, without the LF. */
int child_line(struct child *c, char *line, size_t size, int64_t deadline, struct error *e);

/* Reads both streams until their end, then reaps it. */
int child_finish(struct child *c, int64_t deadline, struct error *e);

/* SIGKILL where it still runs, reaps it, closes everything. */
void child_discard(struct child *c);

/* Reaps orphans that have ended; kills and reaps those that have not. Returns how many ran on. */
int process_orphans(int64_t deadline);

#endif
