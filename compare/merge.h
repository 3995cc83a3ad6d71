/*
 * merge.h: `compare merge`: the saved results of many machines, kernels and Go versions as one
 * matrix: where the columns did not match, and which facts differ from machine to machine.
 *
 *   { "spec": "shared/specs/full.json",
 *     "runs": [ { "name": "6.1-go1.22.12",        the file's, without directory and .json
 *                 "place", "kernel", "machine": { ... }, "columns": [ ... ],
 *                 "facts": 521, "mismatches": 0 } ],
 *     "facts": [ { "id", "group", "title", "why", "source",
 *                  "values": { "6.1-go1.22.12": { "cbox": "...", "gobox": "..." } },
 *                                                  a run that did not try it has no entry
 *                  "mismatch": [ names of runs ] } ],   those that differ or mismatch somewhere
 *     "summary": { "runs": 6, "facts": 530, "same": 512, "different": 18, "mismatches": 0 } }
 */
#ifndef TWINBOX_COMPARE_MERGE_H
#define TWINBOX_COMPARE_MERGE_H

#include "error.h"

#include <jansson.h>
#include <stdio.h>

/* Reads and merges n files; NULL: e names the file and what is wrong with it. */
json_t *merge_files(const char *const files[], int n, struct error *e);

/* For people; language is "ja" or "en". */
void merge_print(const json_t *merged, const char *language, FILE *out);

#endif
