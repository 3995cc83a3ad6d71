/*
 * site.h: names one system call of a run, so that the next run's tracer finds the same one again.
 *
 * Counting all calls would not do: Go's runtime makes some when it likes. A site is the process's
 * role, the call, what its arguments stand for, and the how-manieth of those it is.
 */
#ifndef TWINBOX_TESTS_SITE_H
#define TWINBOX_TESTS_SITE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "openat" of a call's number; "call-N" in buffer for one without a row in the table. */
const char *site_call(uint64_t number, char buffer[24]);

/*
 * What the arguments stand for: paths and words as they are, a descriptor by what it is open on,
 * and every number in them as "#": pids, inodes and the like differ from run to run.
 */
void site_key(pid_t tid, uint64_t number, const uint64_t args[6], char *key, size_t size);

/* Copies memory of a process; gives the bytes that could be read, 0 for a bad address. */
size_t site_memory(pid_t tid, uint64_t address, void *to, size_t size);

/* Which argument is the number of bytes to read or write; -1 where a call has none. */
int site_size_argument(uint64_t number);

#endif
