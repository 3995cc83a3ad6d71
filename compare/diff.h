/*
 * diff.h: the verdict: which facts are the same in all columns, which differ for a declared
 * reason, and which do not match.
 */
#ifndef TWINBOX_COMPARE_DIFF_H
#define TWINBOX_COMPARE_DIFF_H

#include "columns.h"
#include "values.h"

struct fact_verdict {
	const char *id; /* borrowed from the values */
	bool match;
	bool skipped;			  /* no column has a value */
	struct value values[COLUMNS_MAX]; /* borrowed texts */
	json_t *declared[COLUMNS_MAX];	  /* borrowed: the declared difference, or NULL */
};

struct comparison {
	const struct column *const *columns;
	const struct values *values; /* one a column */
	size_t columns_n;
	struct fact_verdict *facts; /* group by group, in the order they were read */
	size_t facts_n;
	size_t compared; /* facts that have a value in at least one column */
	size_t mismatches;
};

/* The groups in the order of every report; ends in NULL. The group of a fact is its id's first
 * word. */
extern const char *const group_names[];
bool fact_in_group(const char *id, const char *group);

/* Judges every fact. columns and values are borrowed until comparison_free(). */
void comparison_make(struct comparison *c, const struct column *const *columns,
	const struct values *values, size_t columns_n);
void comparison_free(struct comparison *c);

/* Declared differences that could be seen here and did not differ, told on out; returns how many.
 */
int comparison_stale(const struct comparison *c, FILE *out);

#endif
