/*
 * trace_reasons.c: shared/syscalls.json: why a call stands on one side only, or beside another one.
 * An entry is
 *
 *   { "call": "rt_sig*", "args": "*SIGURG*", "stages": ["child.*"], "columns": ["gobox"],
 *     "fold": true, "sometimes": true, "reason": {"ja": "...", "en": "..."} }
 *   { "call": "unlink", "columns": ["cbox"], "reason": ...,
 *     "instead": {"unlink(*) = *": "unlinkat(AT_FDCWD, *, 0) = *"} }
 *
 * call, args and stages are patterns ("*": any text; args: of the normal form between the
 * parentheses and behind them). call may be a list of patterns. The first entry that matches
 * explains the call.
 *
 * instead: shapes of the whole normal form, this call's and the one that may stand beside it. They
 * are the whole difference: for a "*" of the one the same text stands as for the same "*" of the
 * other. "#" is a number that need not be the same, such as what is left of a time.
 */
#include "trace.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static size_t stars(const char *shape)
{
	size_t n = 0;

	while ((shape = strchr(shape, '*')))
		n++, shape++;
	return n;
}

static bool complete_shapes(json_t *instead)
{
	const char *own;
	json_t *other;

	json_object_foreach(instead, own, other)
	{
		if (!json_is_string(other) || stars(own) != stars(json_string_value(other)))
			return false;
	}
	return !instead || json_object_size(instead) > 0;
}

static bool complete(const json_t *entry)
{
	const json_t *reason = json_object_get(entry, "reason");

	const json_t *call = json_object_get(entry, "call");

	return (json_is_string(call) || json_array_size(call) > 0) &&
	       complete_shapes(json_object_get(entry, "instead")) &&
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
				"and en are needed, and shapes with as many * on both sides",
				i + 1);
			reasons_free(r);
			return -1;
		}
		r->v[i] = (struct reason){
			.args = json_string_value(json_object_get(entry, "args")),
			.instead = json_object_get(entry, "instead"),
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

/* Walks both as far as the next "*" of the shape, or its end; false where the text differs. */
static bool walk(const char **shape, const char **text)
{
	for (; **shape && **shape != '*'; ++*shape) {
		if (**shape == '#' && isdigit((unsigned char)**text))
			*text += strspn(*text, "0123456789");
		else if (**shape == **text)
			++*text;
		else
			return false;
	}
	return true;
}

/* Two texts, each of its shape, with the same for each "*". */
static bool shaped(const char *a_shape, const char *a, const char *b_shape, const char *b)
{
	if (!walk(&a_shape, &a) || !walk(&b_shape, &b))
		return false;
	if (!*a_shape)
		return !*a && !*b;
	for (; !shaped(a_shape + 1, a, b_shape + 1, b); a++, b++)
		if (!*a || *a != *b)
			return false;
	return true;
}

bool reason_pairs(const struct reason *r, const char *own, const char *other)
{
	const char *own_shape;
	json_t *shape;

	json_object_foreach(r->instead, own_shape, shape)
	{
		if (shaped(own_shape, own, other ? json_string_value(shape) : own_shape,
			    other ? other : own))
			return true;
	}
	return false;
}

static bool matches(const struct reason *r, const struct trace_call *c, const char *column)
{
	const char *args = c->key + strlen(c->name);

	return in_list(json_object_get(r->entry, "call"), c->name) &&
	       in_list(json_object_get(r->entry, "columns"), column) &&
	       in_list(json_object_get(r->entry, "stages"), trace_sections[c->section].id) &&
	       (!r->args || !fnmatch(r->args, args, FNM_NOESCAPE | FNM_EXTMATCH)) &&
	       (!r->instead || reason_pairs(r, c->key, NULL));
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
