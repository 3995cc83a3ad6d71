/* language.h: in which language people are told things. Errors' first lines are always English. */
#ifndef TWINBOX_LANGUAGE_H
#define TWINBOX_LANGUAGE_H

#include <stdbool.h>

/*
 * Whether the locale for messages (LC_ALL, else LC_MESSAGES, else LANG; locale(7)) is Japanese in
 * UTF-8. Another encoding gets English: Japanese would come out as something else.
 */
bool language_japanese(void);

/* One of two texts by that. */
const char *language_pick(const char *en, const char *ja);

#endif
