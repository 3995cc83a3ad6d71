/* facts.c: see facts.h. */
#include "facts.h"

#include "values.h"

#include <stdlib.h>
#include <string.h>

static json_t *facts, *differences;

static json_t *load(const char *name, const char *text, struct error *e)
{
	json_error_t json;
	json_t *list = json_loads(text, JSON_REJECT_DUPLICATES, &json);

	if (!json_is_array(list)) {
		error_say(e, "%s:%d:%d: %s", name, json.line, json.column,
			list ? "not a list" : json.text);
		json_decref(list);
		return NULL;
	}
	return list;
}

int facts_load(struct error *e)
{
	if (!facts)
		facts = load("shared/facts.json", facts_json, e);
	if (facts && !differences)
		differences = load("shared/differences.json", differences_json, e);
	return facts && differences ? 0 : -1;
}

void facts_free(void)
{
	json_decref(facts);
	json_decref(differences);
	facts = differences = NULL;
}

json_t *facts_list(void)
{
	return facts;
}

json_t *facts_differences(void)
{
	return differences;
}

bool fact_matches(const char *pattern, const char *id, char **star)
{
	const char *mark = strchr(pattern, '*');
	size_t head, tail, n = strlen(id);

	if (star)
		*star = NULL;
	if (!mark) {
		if (strcmp(pattern, id) != 0)
			return false;
		if (star)
			*star = strdup("");
		return true;
	}
	head = (size_t)(mark - pattern);
	tail = strlen(mark + 1);
	if (n < head + tail || strncmp(id, pattern, head) != 0 ||
		strcmp(id + n - tail, mark + 1) != 0)
		return false;
	if (star)
		*star = strndup(id + head, n - head - tail);
	return true;
}

json_t *fact_find(const char *id, char **star)
{
	json_t *fact;
	size_t i;

	*star = NULL;
	json_array_foreach(facts, i, fact)
	{
		const char *pattern = json_string_value(json_object_get(fact, "id"));

		if (pattern && fact_matches(pattern, id, star))
			return fact;
	}
	return NULL;
}

char *fact_text(json_t *texts, const char *language, const char *star, const char *fallback)
{
	const char *text = json_string_value(json_object_get(texts, language)), *hole;

	if (!text)
		return strdup(fallback);
	hole = strstr(text, "{}");
	return hole ? text_format("%.*s%s%s", (int)(hole - text), text, star ? star : "", hole + 2)
		    : strdup(text);
}

static bool list_has(json_t *list, const char *text, bool patterns)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *s = json_string_value(item);

		if (s && (patterns ? fact_matches(s, text, NULL) : !strcmp(s, text)))
			return true;
	}
	return false;
}

json_t *difference_find(const char *id, const char *column, bool absent)
{
	json_t *entry;
	size_t i;

	json_array_foreach(differences, i,
		entry) if ((absent || !json_is_true(json_object_get(entry, "only_if_absent"))) &&
			   list_has(json_object_get(entry, "columns"), column, false) &&
			   list_has(json_object_get(entry, "facts"), id, true)) return entry;
	return NULL;
}
