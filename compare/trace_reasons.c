/*
 * trace_reasons.c: shared/syscalls.json: why a call stands on one side only. An entry is
 *
 *   { "call": "rt_sig*", "args": "*SIGURG*", "stages": ["child.*"], "columns": ["gobox"],
 *     "instead": "fstat", "fold": true, "sometimes": true, "reason": {"ja": "...", "en": "..."} }
 *
 * call, args and stages are patterns ("*": any text; args: of the normal form between the
 * parentheses and behind them). call may be a list of patterns. The first entry that matches
 * explains the call.
 */
#include "trace.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static bool complete(const json_t *entry)
{
	const json_t *reason = json_object_get(entry, "reason");

	const json_t *call = json_object_get(entry, "call");

	return (json_is_string(call) || json_array_size(call) > 0) &&
	       json_array_size(json_object_get(entry, "columns")) > 0 &&
	       json_string_value(json_object_get(reason, "ja")) &&
	       json_string_value(json_object_get(reason, "en"));
}

int reasons_load(struct reasons *r, const char *text, struct error *e)
{
	json_error_t json;
	json_t *entry;
	size_t i;

	memset(r, 0, sizeof(*r));
	r->json = json_loads(text, JSON_REJECT_DUPLICATES, &json);
	if (!json_is_array(r->json)) {
		error_say(e, "shared/syscalls.json:%d:%d: %s", json.line, json.column,
			r->json ? "not a list" : json.text);
		reasons_free(r);
		return -1;
	}
	r->n = json_array_size(r->json);
	r->v = calloc(r->n + 1, sizeof(*r->v));
	if (!r->v)
		abort();
	json_array_foreach(r->json, i, entry)
	{
		if (!complete(entry)) {
			error_say(e,
				"shared/syscalls.json: entry %zu: call, columns and a reason in ja "
				"and en are needed",
				i + 1);
			reasons_free(r);
			return -1;
		}
		r->v[i] = (struct reason){
			.args = json_string_value(json_object_get(entry, "args")),
			.instead = json_string_value(json_object_get(entry, "instead")),
			.entry = entry,
			.fold = json_is_true(json_object_get(entry, "fold")),
			.sometimes = json_is_true(json_object_get(entry, "sometimes")),
		};
	}
	return 0;
}

void reasons_free(struct reasons *r)
{
	json_decref(r->json);
	free(r->v);
	memset(r, 0, sizeof(*r));
}

/* One pattern or a list of them; none at all: any text. */
static bool in_list(const json_t *list, const char *text)
{
	json_t *item;
	size_t i;

	if (!list || json_is_string(list))
		return !list || !fnmatch(json_string_value(list), text, 0);
	json_array_foreach((json_t *)list, i,
		item) if (!fnmatch(json_string_value(item) ? json_string_value(item) : "", text,
				  0)) return true;
	return false;
}

static bool matches(const struct reason *r, const struct trace_call *c, const char *column)
{
	const char *args = c->key + strlen(c->name);

	return in_list(json_object_get(r->entry, "call"), c->name) &&
	       in_list(json_object_get(r->entry, "columns"), column) &&
	       in_list(json_object_get(r->entry, "stages"), trace_sections[c->section].id) &&
	       (!r->args || !fnmatch(r->args, args, FNM_NOESCAPE | FNM_EXTMATCH));
}

void reasons_find(const struct reasons *r, struct trace *t)
{
	for (size_t k = 0; k < r->n; k++)
		if (in_list(json_object_get(r->v[k].entry, "columns"), t->column->name))
			r->v[k].asked = true;
	for (size_t i = 0; i < t->n; i++) {
		struct trace_call *c = &t->calls[i];

		for (size_t k = 0; c->section >= 0 && k < r->n && !(c->pair && c->only); k++) {
			struct reason **slot = r->v[k].instead ? &c->pair : &c->only;

			if (!*slot && matches(&r->v[k], c, t->column->name))
				*slot = &r->v[k];
		}
	}
}

bool reason_stale(const struct reason *r)
{
	return r->asked && !r->used && !r->sometimes;
}
