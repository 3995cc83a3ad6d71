/* language.c: see language.h. go/language.go decides the same. */
#include "language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool language_japanese(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	const char *locale = NULL;

	/* setlocale(3) would ask for the locale's files, which a small machine may not have. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && (!locale || !*locale); i++)
		locale = getenv(names[i]);
	if (!locale || strncmp(locale, "ja", 2) != 0 || !strchr("_.@", locale[2]))
		return false;
	locale = strchr(locale, '.');
	return !locale || strncasecmp(locale, ".UTF-8", 6) == 0 ||
	       strncasecmp(locale, ".utf8", 5) == 0;
}

const char *language_pick(const char *en, const char *ja)
{
	return language_japanese() ? ja : en;
}
