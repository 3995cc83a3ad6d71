/* report.h: the comparison as JSON (build/compare/report.json) and as a table for people. */
#ifndef TWINBOX_COMPARE_REPORT_H
#define TWINBOX_COMPARE_REPORT_H

#include "diff.h"

#include <stdio.h>

/* What stands at the head of a report beside the facts. */
struct report_head {
	const struct plan *plan;
	json_t *absent;	  /* reference runtimes without a column: {"crun": "why"} */
	json_t *timeline; /* by column: timeline.h; NULL: none */
	json_t *machine;  /* machine.h; NULL: none */
};

/* The whole report; the caller owns the reference. */
json_t *report_json(const struct comparison *c, const struct report_head *head);

/* One column alone, for `compare observe`: {"spec","columns":[NAME],"facts":[{id,group,value}]}. */
json_t *report_observed(const struct plan *p, const struct column *c, const struct values *v);

/* The table; language is "ja" or "en", colour: with escape sequences. */
void table_print(const struct comparison *c, const struct report_head *head, const char *language,
	bool colour, FILE *out);

/* Why a fact has no value in any column. */
const char *why_skipped(const struct fact_verdict *f);

/* "native", or "lab" in the throw-away machine of infra/lab. */
const char *report_place(void);

/* The spec's path below the project's directory, where it lies there, as printable UTF-8; static
 * memory. */
const char *report_spec(const struct plan *p);

#endif
