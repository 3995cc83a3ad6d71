/* rlimits.h: names of resource limits (setrlimit(2)); go/rlimits.go has the same. */
#ifndef TWINBOX_RLIMITS_H
#define TWINBOX_RLIMITS_H

#define RLIMIT_COUNT 16

/* "RLIMIT_CPU" is rlimit_names[0]: the place in the list is the number of asm-generic/resource.h.
 */
extern const char *const rlimit_names[RLIMIT_COUNT];

/* The number of a name, -1 where there is no such limit. */
int rlimit_find(const char *name);

#endif
