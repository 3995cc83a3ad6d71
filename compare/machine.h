/* machine.h: what a report was made on and of: hardware, system, compilers, libraries, runtimes. */
#ifndef TWINBOX_COMPARE_MACHINE_H
#define TWINBOX_COMPARE_MACHINE_H

#include "columns.h"

/*
 * { "time": "2026-01-31T12:00:00Z", "system": "Debian GNU/Linux 12 (bookworm)", "arch": "x86_64",
 *   "cpu": "...", "cpus": 2, "memory": 2097152, "compiler": "gcc 12.2.0", "go": "go1.26.8",
 *   "libraries": { "glibc": "2.36", ... },
 *   "programs": { "cbox": "cbox 0.1.0", "runc": "runc version 1.1.5", ... } }
 *
 * memory is in KiB; go is the version that gobox was built with, null where it cannot be read.
 */
json_t *machine_json(const struct plan *p, const struct column *const columns[], size_t columns_n);

/* The Go version that stands in a program built by Go, or "": see debug/buildinfo. */
void machine_go_version(const char *program, char *version, size_t size);

#endif
