/*
 * facts.h: what each fact is called and why it matters: shared/facts.json, and the differences
 * that are declared: shared/differences.json. Both are part of the program (embed.c).
 */
#ifndef TWINBOX_COMPARE_FACTS_H
#define TWINBOX_COMPARE_FACTS_H

#include "error.h"

#include <jansson.h>
#include <stdbool.h>

/* The files' bytes; each ends in NUL. */
extern const char facts_json[], differences_json[];

/* Parsed once, kept until facts_free(). Fails only where the files are broken. */
int facts_load(struct error *e);
void facts_free(void);

json_t *facts_list(void);
json_t *facts_differences(void);

/* True when id is pattern, where "*" stands for any text; star gets it (malloc'd) unless NULL. */
bool fact_matches(const char *pattern, const char *id, char **star);

/* The entry of facts.json for id, or NULL; star is what "*" stands for, "" where there is none. */
json_t *fact_find(const char *id, char **star);

/* Text of a {ja,en} object in that language, "{}" filled in; malloc'd. NULL object: fallback. */
char *fact_text(json_t *texts, const char *language, const char *star, const char *fallback);

/*
 * The first declared difference of this fact in this column, or NULL. absent: the first column has
 * no such thing at all; some declarations hold only then ("only_if_absent").
 */
json_t *difference_find(const char *id, const char *column, bool absent);

#endif
