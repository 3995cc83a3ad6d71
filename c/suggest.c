/* suggest.c: see suggest.h. go/suggest.go counts the same. */
#include "suggest.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LETTERS = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment: insert, delete, replace, exchange two neighbours; each costs one. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][LETTERS + 1], *above2 = rows[0], *above = rows[1], *row = rows[2], *free_row;

	for (size_t j = 0; j <= m; j++)
		above[j] = j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min3(row[j], above2[j - 2] + 1, row[j]);
		}
		free_row = above2;
		above2 = above;
		above = row;
		row = free_row;
	}
	return above[m];
}

const char *suggest(const char *word, size_t size, const char *const *candidates, size_t n)
{
	const char *best = NULL;
	size_t least = LETTERS;

	for (; size > 0 && *word == '-'; size--)
		word++;
	for (size_t i = 0; i < n && size >= 2 && size <= LETTERS; i++) {
		const char *name = candidates[i] + strspn(candidates[i], "-");
		size_t length = strlen(name), far;

		if (length > LETTERS)
			continue;
		far = length > size && strncmp(name, word, size) == 0
			      ? 1
			      : distance(word, size, name, length);
		if (far < least && (far == 1 || far <= size / 3)) {
			least = far;
			best = candidates[i];
		}
	}
	return best;
}

int suggest_hint(struct error *e, const char *meant)
{
	char rest[sizeof(e->hint)];

	if (!meant)
		return -1;
	memcpy(rest, e->hint, sizeof(rest));
	return rest[0] ? error_hint(e, "did you mean %s? %s", meant, rest)
		       : error_hint(e, "did you mean %s?", meant);
}

static int is_spec(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && strcmp(d->d_name + n - 5, ".json") == 0;
}

int suggest_spec(struct error *e, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *meant;
	char directory[PATH_MAX], found[PATH_MAX + 256];
	struct dirent **list;
	int n;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash + 1 - path) : 2,
		slash ? path : "./");
	n = scandir(directory, &list, is_spec, alphasort);
	if (n < 0)
		return -1;
	{
		const char *names[n + 1];

		for (int i = 0; i < n; i++)
			names[i] = list[i]->d_name;
		meant = suggest(name, strlen(name), names, (size_t)n);
		snprintf(found, sizeof(found), "%s%s", slash ? directory : "", meant ? meant : "");
	}
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return suggest_hint(e, meant ? found : NULL);
}
