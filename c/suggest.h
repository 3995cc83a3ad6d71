/* suggest.h: what somebody may have meant who mistyped a word. */
#ifndef TWINBOX_SUGGEST_H
#define TWINBOX_SUGGEST_H

#include "error.h"

#include <stddef.h>

/*
 * The nearest of n candidates to the first size bytes of word: within a third of its letters typed
 * wrong, missing, too many or exchanged with their neighbour, or one that it is the beginning of.
 * Dashes in front do not count. The first of equals; NULL where none is near.
 */
const char *suggest(const char *word, size_t size, const char *const *candidates, size_t n);

/* Puts "did you mean MEANT? " before the hint of e; nothing where meant is NULL. Always returns -1.
 */
int suggest_hint(struct error *e, const char *meant);

/* The same for a path that is not there: meant is a *.json file of its directory. */
int suggest_spec(struct error *e, const char *path);

#endif
