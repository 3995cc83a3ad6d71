/* descriptors.h: which descriptors over 2 a process has, as /proc/PID/fd shows them. */
#ifndef TWINBOX_TESTS_DESCRIPTORS_H
#define TWINBOX_TESTS_DESCRIPTORS_H

#include <sys/types.h>

/* Those of the program as it begins are its caller's. */
void descriptors_note(pid_t tid);

/*
 * Reports them under a word: "inside" all of them, another word those that were not there at the
 * begin and are not of Go's runtime.
 */
void descriptors_tell(pid_t tid, const char *word);

#endif
