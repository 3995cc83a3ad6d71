/*
 * map_compare.c: what an entry adds to the program that sets nothing, and Go's calls beside C's.
 *
 * Both are longest common subsequences of keys: what is in it is the same, the rest is added or
 * stands on one side only.
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

/* Indexes of the calls of one phase. */
struct side {
	const struct map_calls *calls;
	size_t *at;
	size_t n;
};

/* only: those that are marked there; NULL: all. */
static struct side side_of(const struct map_calls *c, int phase, const bool *only)
{
	struct side s = {.calls = c, .at = calloc(c->n + 1, sizeof(*s.at))};

	if (!s.at)
		abort();
	for (size_t i = 0; i < c->n; i++)
		if ((int)c->v[i].phase == phase && (!only || only[i]))
			s.at[s.n++] = i;
	return s;
}

static bool equal(const struct side *a, size_t i, const struct side *b, size_t k)
{
	return !strcmp(a->calls->v[a->at[i]].key, b->calls->v[b->at[k]].key);
}

static void reverse(struct side *s)
{
	for (size_t i = 0; i < s->n / 2; i++) {
		size_t other = s->at[i];

		s->at[i] = s->at[s->n - 1 - i];
		s->at[s->n - 1 - i] = other;
	}
}

/* partner[i]: 1 + index into b of what a's i-th is matched with, or 0. malloc'd. */
static size_t *match(const struct side *a, const struct side *b)
{
	size_t width = b->n + 1, *partner = calloc(a->n + 1, sizeof(*partner));
	size_t *best = calloc((a->n + 1) * width, sizeof(*best));

	if (!partner || !best)
		abort();
	for (size_t i = a->n; i-- > 0;) {
		for (size_t k = b->n; k-- > 0;) {
			size_t down = best[(i + 1) * width + k], right = best[i * width + k + 1];

			best[i * width + k] = equal(a, i, b, k) ? 1 + best[(i + 1) * width + k + 1]
					      : down > right	? down
								: right;
		}
	}
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (equal(a, i, b, k))
			partner[i++] = ++k;
		else if (best[(i + 1) * width + k] >= best[i * width + k + 1])
			i++;
		else
			k++;
	}
	free(best);
	return partner;
}

void map_added(struct map_seen *seen, const struct map_seen *nothing)
{
	for (int s = 0; s < MAP_SIDES; s++) {
		free(seen->extra[s]);
		seen->extra[s] = calloc(seen->calls[s].n + 1, sizeof(bool));
		if (!seen->extra[s])
			abort();
		for (int phase = 0; phase < MAP_PHASES; phase++) {
			struct side a = side_of(&seen->calls[s], phase, NULL);
			struct side b = side_of(&nothing->calls[s], phase, NULL);
			size_t *partner;

			/* Of equal calls, those next to the fork are the entry's: Go's own pipe is
			 * made before, and closed after, the one that the entry needs. */
			if (phase == MAP_AFTER) {
				reverse(&a);
				reverse(&b);
			}
			partner = match(&a, &b);

			for (size_t i = 0; i < a.n; i++)
				seen->extra[s][a.at[i]] = seen == nothing || !partner[i];
			free(partner);
			free(a.at);
			free(b.at);
		}
	}
}

/* The declared reason of a call that one side makes alone; the entry's own go first. */
static json_t *reason_of(json_t *entry, enum map_side side, const struct map_call *c)
{
	json_t *lists[] = {json_object_get(entry, "only"), map_list("only")}, *item;
	size_t i;

	for (size_t l = 0; l < 2; l++) {
		json_array_foreach(lists[l], i, item)
		{
			const char *call = map_text(item, "call");

			if (strcmp(map_text(item, "side"), map_side_names[side]) != 0 ||
				strncmp(c->key, call, strlen(call)) != 0)
				continue;
			json_object_set_new(item, "used", json_true());
			return item;
		}
	}
	return NULL;
}

static void add_row(struct map_row **rows, size_t *n, json_t *entry, const struct map_call *go,
	const struct map_call *c)
{
	struct map_row *more = realloc(*rows, (*n + 1) * sizeof(*more));

	if (!more)
		abort();
	*rows = more;
	more[(*n)++] = (struct map_row){.kind = go && c ? MAP_SAME : MAP_ONLY,
		.cells = {go, c},
		.reason = go && c ? NULL : reason_of(entry, go ? MAP_GO : MAP_C, go ? go : c)};
}

size_t map_rows(const struct map_seen *seen, struct map_row **rows)
{
	size_t n = 0;

	*rows = NULL;
	for (int phase = 0; phase < MAP_PHASES; phase++) {
		struct side go = side_of(&seen->calls[MAP_GO], phase, seen->extra[MAP_GO]);
		struct side c = side_of(&seen->calls[MAP_C], phase, seen->extra[MAP_C]);
		size_t *partner = match(&go, &c), k = 0;

		for (size_t i = 0; i < go.n; i++) {
			for (; partner[i] && k + 1 < partner[i]; k++)
				add_row(rows, &n, seen->entry, NULL, &c.calls->v[c.at[k]]);
			add_row(rows, &n, seen->entry, &go.calls->v[go.at[i]],
				partner[i] ? &c.calls->v[c.at[k++]] : NULL);
		}
		for (; k < c.n; k++)
			add_row(rows, &n, seen->entry, NULL, &c.calls->v[c.at[k]]);
		free(partner);
		free(go.at);
		free(c.at);
	}
	return n;
}

void map_seen_free(struct map_seen *seen)
{
	for (int s = 0; s < MAP_SIDES; s++) {
		values_free(&seen->facts[s]);
		map_calls_free(&seen->calls[s]);
		free(seen->extra[s]);
		seen->extra[s] = NULL;
	}
}
