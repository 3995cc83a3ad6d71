/* map_entries.c: shared/sysprocattr.json, which is part of the program. */
#include "map.h"

#include <stdlib.h>
#include <string.h>

const char *const map_side_names[MAP_SIDES] = {"go", "c"};

static json_t *file;

static bool both_languages(json_t *texts)
{
	return *map_text(texts, "ja") && *map_text(texts, "en");
}

/* What the program relies on; tests/map holds the rest. */
static int check(json_t *entries, struct error *e)
{
	static const char *const kinds[] = {"nothing", "field", "variant", "flag"};
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		const char *id = map_text(entry, "id"), *kind = map_text(entry, "kind");
		bool known = false;

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			known = known || !strcmp(kind, kinds[k]);
		if (!*id || strchr(id, '/') || !known || !*map_text(entry, "since") ||
			!both_languages(json_object_get(entry, "title")))
			return error_say(e,
				"shared/sysprocattr.json: entry %zu (%s): id, kind, since and title"
				" are needed",
				i + 1, id);
	}
	/* Everything else is told by what it adds to this. */
	if (strcmp(map_text(json_array_get(entries, 0), "kind"), "nothing") != 0)
		return error_say(e, "shared/sysprocattr.json: the first entry is not \"nothing\"");
	return 0;
}

int map_entries_load(struct error *e)
{
	json_error_t json;

	if (file)
		return 0;
	file = json_loads(sysprocattr_json, JSON_REJECT_DUPLICATES, &json);
	if (!file)
		return error_say(
			e, "shared/sysprocattr.json:%d:%d: %s", json.line, json.column, json.text);
	return check(map_entries(), e);
}

void map_entries_free(void)
{
	json_decref(file);
	file = NULL;
}

json_t *map_entries(void)
{
	return map_list("entries");
}

json_t *map_list(const char *key)
{
	return json_object_get(file, key);
}

json_t *map_entry_find(const char *id)
{
	json_t *entry;
	size_t i;

	json_array_foreach(
		map_entries(), i, entry) if (!strcmp(map_text(entry, "id"), id)) return entry;
	return NULL;
}

const char *map_text(json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

const char *map_said(json_t *texts, const char *language)
{
	return map_text(texts, language);
}

/* A word may have a hole: "ends by {}". */
char *map_value(const char *value, const char *language)
{
	json_t *word;
	size_t i;

	json_array_foreach(map_list("words"), i, word)
	{
		const char *en = map_text(word, "en"), *said = map_said(word, language);
		const char *hole = strstr(en, "{}"), *into = strstr(said, "{}");
		size_t n = hole ? (size_t)(hole - en) : 0;

		if (!strcmp(en, value))
			return strdup(said);
		if (hole && into && !strncmp(value, en, n))
			return text_format(
				"%.*s%s%s", (int)(into - said), said, value + n, into + 2);
	}
	return strdup(value);
}

/* The number before the first dot, or the one behind it. */
static long part(const char *version, int n)
{
	for (;;) {
		char *end;
		long number;

		version += strcspn(version, "0123456789");
		if (!*version)
			return 0;
		number = strtol(version, &end, 10);
		if (n-- == 0)
			return number;
		version = end;
	}
}

int map_version_compare(const char *a, const char *b)
{
	long difference = part(a, 0) - part(b, 0);

	if (!difference)
		difference = part(a, 1) - part(b, 1);
	return difference < 0 ? -1 : difference > 0;
}

bool map_forgets_limit(const char *go)
{
#ifdef __aarch64__
	return map_version_compare(go, "go1.24") < 0;
#else
	(void)go;
	return false;
#endif
}
