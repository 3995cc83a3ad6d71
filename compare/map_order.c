/*
 * map_order.c: the order in which Go's child works through SysProcAttr.
 *
 * No single program can set everything: a session's leader has no other process group, and a new
 * session has no terminal to give up. So there are two programs, one with Setsid and one with
 * Setpgid, and their two lists of calls become one: what both have stands where both have it, and
 * what only the second has stands behind the last such call before it.
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

struct step {
	char *name, *text;
};

struct steps {
	struct step *v;
	size_t n;
};

static void insert(struct steps *s, size_t at, const struct map_call *c)
{
	struct step *more = realloc(s->v, (s->n + 1) * sizeof(*more));
	struct step step = {.name = strdup(c->name), .text = strdup(c->text)};

	if (!more || !step.name || !step.text)
		abort();
	s->v = more;
	memmove(&more[at + 1], &more[at], (s->n - at) * sizeof(*more));
	more[at] = step;
	s->n++;
}

static void free_steps(struct steps *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].text);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* The next step of this name, from a place on; s->n: none. */
static size_t next(const struct steps *s, size_t from, const char *name)
{
	while (from < s->n && strcmp(s->v[from].name, name) != 0)
		from++;
	return from;
}

/* Is it made by the child, or the call that makes it? */
static bool in_order(const struct map_call *c)
{
	return c->phase == MAP_CHILD || !strncmp(c->name, "clone", 5);
}

static void merge(struct steps *s, const struct map_calls *more)
{
	size_t at = 0;

	for (size_t i = 0; i < more->n; i++) {
		const struct map_call *c = &more->v[i];
		size_t found = in_order(c) ? next(s, at, c->name) : s->n;

		if (!in_order(c))
			continue;
		if (found < s->n) {
			at = found + 1;
			continue;
		}
		/* What the first program alone has between the same two calls comes first: a child
		 * with Setsid and Setpgid fails at its setpgid (trap-Setsid-Setpgid). */
		if (s->n && !strcmp(c->name, "setpgid") && at < s->n &&
			!strcmp(s->v[at].name, "setsid"))
			at++;
		insert(s, at++, c);
	}
}

/* Calls of one name in a row are one step, such as the fcntl(2) of each descriptor. */
static void fold(struct steps *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (n && !strcmp(s->v[n - 1].name, s->v[i].name)) {
			free(s->v[i].name);
			free(s->v[i].text);
			continue;
		}
		s->v[n++] = s->v[i];
	}
	s->n = n;
}

/* Is it what the field is there for, or of another field that its example needs? */
static bool is_own(json_t *entry, const struct map_call *c)
{
	json_t *own = json_object_get(entry, "own"), *name;
	size_t i;

	json_array_foreach(own, i, name) if (!strncmp(json_string_value(name), c->name,
						     strlen(json_string_value(name)))) return true;
	return !own;
}

static void add_field(json_t *step, const char *field)
{
	json_t *fields = json_object_get(step, "fields"), *known;
	size_t i;

	json_array_foreach(fields, i, known) if (!strcmp(json_string_value(known), field)) return;
	json_array_append_new(fields, json_string(field));
}

/* Writes the field to each step whose call it adds; the first is the entry's place. */
static void place(const struct steps *s, struct map_seen *seen, json_t *order)
{
	const struct map_calls *c = &seen->calls[MAP_GO];
	bool is_field = !strcmp(map_text(seen->entry, "kind"), "field");
	size_t from = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct map_call *call = &c->v[i];
		bool fork = call->phase == MAP_BEFORE;
		size_t at;

		if (!seen->extra[MAP_GO][i] || !in_order(call) || !is_own(seen->entry, call))
			continue;
		at = next(s, from, fork ? "clone3" : call->name);
		/* A user namespace's child shares no memory, so that its fork always differs. */
		if (at == s->n || (fork && strstr(call->text, "NEWUSER") &&
					  json_object_get(seen->entry, "own")))
			continue;
		from = at + 1;
		if (is_field)
			add_field(json_array_get(order, at), map_text(seen->entry, "field"));
		if (seen->place < 0)
			seen->place = (int)at;
	}
}

static json_t *steps_json(const struct steps *s, struct map_seen *seen, size_t n)
{
	json_t *order = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(
			order, json_pack("{s:s, s:[]}", "text", s->v[i].text, "fields"));
	for (size_t i = 0; i < n; i++)
		if (strcmp(map_text(seen[i].entry, "kind"), "nothing") != 0)
			place(s, &seen[i], order);
	return order;
}

int map_order_run(
	const struct map_place *p, struct map_seen *seen, size_t n, json_t **order, struct error *e)
{
	struct steps s = {0};
	json_t *program;
	int result = 0;
	size_t i;

	*order = NULL;
	json_array_foreach(map_list("order"), i, program)
	{
		struct map_calls calls = {0};

		result = result || map_run(p, program, MAP_GO, NULL, &calls, e) ? -1 : 0;
		merge(&s, &calls);
		map_calls_free(&calls);
	}
	if (!result) {
		fold(&s);
		*order = steps_json(&s, seen, n);
	}
	free_steps(&s);
	return result;
}
