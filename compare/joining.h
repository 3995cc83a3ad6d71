/*
 * joining.h: what a process of a container gets of one that is only just joining it. That one comes
 * from outside, with the runtime's memory and descriptors: CVE-2016-9962.
 */
#ifndef TWINBOX_COMPARE_JOINING_H
#define TWINBOX_COMPARE_JOINING_H

#include "hold.h"

/*
 * Tries, as a process of the container of h, to open the files of the process newcomer and to trace
 * it. The caller holds the newcomer still. Sets exec.joining.files and exec.joining.trace.
 */
void joining_try(const struct held *h, pid_t newcomer, struct values *out);

/*
 * Freezes the container's cgroup, or thaws it (cgroup.freeze, Documentation/admin-guide/
 * cgroup-v2.rst): who is born in there then does not make one step.
 */
int joining_freeze(const struct held *h, bool frozen, struct error *e);

/* Waits for a second process in the frozen cgroup; its pid, or 0: it did not come. */
pid_t joining_newcomer(const struct held *h);

#endif
