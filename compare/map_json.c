/* map_json.c: the shape that map.h describes. */
#include "map.h"

#include "plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* {"go": "...", "c": "..."}: the two programs as files below the project. */
static json_t *sources_json(const char *root, const char *id)
{
	json_t *o = json_object();

	for (int s = 0; s < MAP_SIDES; s++) {
		char *path =
			text_format("%s/shared/sysprocattr/%s.%s", root, id, map_side_names[s]);
		size_t n = 0;
		char *text = read_whole(AT_FDCWD, path, &n);

		json_object_set_new(
			o, map_side_names[s], text ? json_stringn(text, n) : json_null());
		free(text);
		free(path);
	}
	return o;
}

static json_t *calls_json(const struct map_seen *seen)
{
	json_t *o = json_object();

	for (int s = 0; s < MAP_SIDES; s++) {
		json_t *list = json_array();

		for (size_t i = 0; i < seen->calls[s].n; i++)
			if (seen->extra[s][i])
				json_array_append_new(list,
					json_pack("{s:s, s:s}", "who",
						seen->calls[s].v[i].phase == MAP_CHILD ? "child"
										       : "parent",
						"text", seen->calls[s].v[i].text));
		json_object_set_new(o, map_side_names[s], list);
	}
	return o;
}

static json_t *reason_json(json_t *reason)
{
	return reason ? json_pack("{s:s, s:s}", "ja", map_said(reason, "ja"), "en",
				map_said(reason, "en"))
		      : json_null();
}

static json_t *rows_json(const struct map_seen *seen, int *unexplained)
{
	struct map_row *rows;
	size_t n = map_rows(seen, &rows);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct map_call *go = rows[i].cells[MAP_GO], *c = rows[i].cells[MAP_C];
		json_t *row = json_pack("{s:s, s:s, s:s?, s:s?}", "who",
			(go ? go : c)->phase == MAP_CHILD ? "child" : "parent", "kind",
			rows[i].kind == MAP_SAME ? "same" : "only", "go", go ? go->text : NULL, "c",
			c ? c->text : NULL);

		if (rows[i].kind == MAP_ONLY) {
			json_object_set_new(row, "reason", reason_json(rows[i].reason));
			*unexplained += !rows[i].reason;
		}
		json_array_append_new(list, row);
	}
	free(rows);
	return list;
}

static json_t *fact_title(const char *id)
{
	json_t *fact;
	size_t i;

	json_array_foreach(map_list("facts"), i,
		fact) if (!strcmp(map_text(fact, "id"),
				  id)) return json_incref(json_object_get(fact, "title"));
	return json_pack("{s:s, s:s}", "ja", id, "en", id);
}

static json_t *fact_json(
	const char *id, const struct value *before, const struct value *go, const struct value *c)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o}", "id", id, "title", fact_title(id), "go",
		value_to_json(go), "c", c ? value_to_json(c) : json_null());

	if (before)
		json_object_set_new(o, "before", value_to_json(before));
	return o;
}

static bool watched(json_t *entry, const char *id)
{
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(entry, "watch"), i,
		name) if (!strcmp(json_string_value(name), id)) return true;
	return false;
}

/* Fills in effect and facts; returns how many facts differ between Go and C. */
static size_t facts_json(json_t *o, const struct map_seen *seen, const struct map_seen *nothing)
{
	const struct values *go = &seen->facts[MAP_GO], *c = &seen->facts[MAP_C];
	json_t *effect = json_array(), *different = json_array(), *unchanged = json_array();
	size_t equal = 0;

	for (size_t i = 0; i < go->n; i++) {
		const struct value *v = &go->v[i], *other = values_get(c, v->id),
				   *before = values_get(&nothing->facts[MAP_GO], v->id);

		if (before && !value_equal(v, before))
			json_array_append_new(effect, fact_json(v->id, before, v, other));
		else if (before && watched(seen->entry, v->id))
			json_array_append_new(unchanged, fact_json(v->id, before, v, other));
		if (other && value_equal(v, other))
			equal++;
		else
			json_array_append_new(different, fact_json(v->id, NULL, v, other));
	}
	json_object_set_new(o, "effect", effect);
	json_object_set_new(o, "unchanged", unchanged);
	json_object_set_new(o, "facts",
		json_pack("{s:I, s:O}", "equal", (json_int_t)equal, "different", different));
	equal = json_array_size(different) + (go->n == c->n ? 0 : 1);
	json_decref(different);
	return equal;
}

static json_t *entry_json(const char *root, const struct map_seen *seen,
	const struct map_seen *nothing, bool newer, int *unexplained)
{
	json_t *entry = seen->entry, *trap = json_object_get(entry, "trap"), *o;
	const char *id = map_text(entry, "id"), *field = map_text(entry, "field"),
		   *flag = map_text(entry, "flag");
	int mine = 0;
	size_t different;

	o = json_pack("{s:s, s:s, s:s?, s:s, s:b, s:O, s:o}", "id", id, "kind",
		map_text(entry, "kind"), "field", *field ? field : NULL, "since",
		map_text(entry, "since"), "newer", newer, "title", json_object_get(entry, "title"),
		"source", sources_json(root, id));
	if (*flag)
		json_object_set_new(o, "flag", json_string(flag));
	if (!newer) {
		json_object_set_new(o, "calls", calls_json(seen));
		json_object_set_new(o, "rows", rows_json(seen, &mine));
		different = facts_json(o, seen, nothing);
		json_object_set_new(
			o, "place", seen->place < 0 ? json_null() : json_integer(seen->place));
		/* What changes nothing is no example. */
		json_object_set_new(o, "match",
			json_boolean(!different && !mine &&
				     (seen == nothing ||
					     json_array_size(json_object_get(o, "effect")))));
		*unexplained += mine;
	}
	if (json_object_get(entry, "fails_under_strace"))
		json_object_set(
			o, "fails_under_strace", json_object_get(entry, "fails_under_strace"));
	json_object_set(o, "trap", trap ? trap : json_null());
	return o;
}

/* Declared reasons that nothing was explained by; meaningful when all entries ran. */
static void add_stale(json_t *stale, json_t *list, const char *id)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		char *text;

		if (json_is_true(json_object_get(item, "used")) ||
			json_is_true(json_object_get(item, "sometimes")))
			continue;
		text = text_format(
			"%s: %s of %s", id, map_text(item, "call"), map_text(item, "side"));
		json_array_append_new(stale, json_string(text));
		free(text);
	}
}

json_t *map_json(const struct map_place *p, const char *root, const struct map_seen *seen, size_t n,
	json_t *order)
{
	json_t *entries = json_array(), *stale = json_array();
	int unexplained = 0, mismatches = 0, newer = 0;
	struct utsname u = {0};

	uname(&u);
	for (size_t i = 0; i < n; i++) {
		bool is_newer = map_version_compare(map_text(seen[i].entry, "since"), p->go) > 0;
		json_t *one = entry_json(root, &seen[i], &seen[0], is_newer, &unexplained);

		newer += is_newer;
		mismatches += !is_newer && !json_is_true(json_object_get(one, "match"));
		add_stale(stale, json_object_get(seen[i].entry, "only"),
			map_text(seen[i].entry, "id"));
		json_array_append_new(entries, one);
	}
	if (n == json_array_size(map_entries()))
		add_stale(stale, map_list("only"), "all");
	return json_pack("{s:s, s:s, s:o, s:O, s:{s:I, s:i, s:i, s:i, s:o}}", "go", p->go, "kernel",
		u.release, "entries", entries, "order", order, "summary", "entries", (json_int_t)n,
		"newer", newer, "mismatches", mismatches, "unexplained", unexplained, "stale",
		stale);
}
