/*
 * trace_align.c: the calls of all columns in one stage become rows. The first column is there from
 * the beginning; each further one is aligned with the rows so far, by the longest common
 * subsequence in which a call that changes the kernel's state outweighs any number of others
 * around it. A call that stands alone in the end needs its reason, and so do two that share a row
 * and are not the same.
 */
#include "trace.h"

#include "values.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What it is worth that two calls share a row. A change counts more than every reading call of a
 * stage together would seldom do; two calls that differ only count where nothing equal is lost,
 * those without a reason less than those with one, and what both do in the background only where
 * nothing at all is. */
enum { BACKGROUND = 1, EQUAL = 160, PAIR = 50, ALIKE = 40, CHANGE = 64 };

static const struct trace_call *some_cell(const struct trace_row *row)
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		if (row->cells[i])
			return row->cells[i];
	return NULL;
}

static bool equal(const struct trace_row *row, const struct trace_call *c)
{
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		if (row->cells[i] && !strcmp(row->cells[i]->key, c->key))
			return true;
	return false;
}

/* Why these two may differ as they do; NULL: there is no reason. */
static struct reason *why_pair(const struct trace_call *a, const struct trace_call *b)
{
	if (a->pair && reason_pairs(a->pair, a->key, b->key))
		return a->pair;
	return b->pair && reason_pairs(b->pair, b->key, a->key) ? b->pair : NULL;
}

static struct reason *why_beside(const struct trace_row *row, const struct trace_call *c)
{
	struct reason *why = NULL;

	for (size_t i = 0; i < COLUMNS_MAX && !why; i++)
		why = row->cells[i] ? why_pair(row->cells[i], c) : NULL;
	return why;
}

/* Both change state by the same call and neither has a reason to stand alone: side by side it is
 * seen what differs. */
static bool alike(const struct trace_call *a, const struct trace_call *b)
{
	return a->changes && b->changes && !a->only && !b->only && !strcmp(a->name, b->name);
}

static bool background(const struct trace_call *c)
{
	return c->only && c->only->fold;
}

/* Two that are equal: worth more in a row that more columns share. What a runtime does in the
 * background may equal anything by chance. */
static int worth_equal(const struct trace_row *row, const struct trace_call *c)
{
	bool any = background(c), all = any;
	int shared = 0;

	for (size_t i = 0; i < COLUMNS_MAX; i++) {
		if (!row->cells[i])
			continue;
		shared++;
		any = any || background(row->cells[i]);
		all = all && background(row->cells[i]);
	}
	if (c->changes)
		return EQUAL * CHANGE * shared;
	return all ? BACKGROUND : any ? PAIR - 1 : EQUAL * shared;
}

static int worth(const struct trace_row *row, const struct trace_call *c)
{
	if (equal(row, c))
		return worth_equal(row, c);
	if (why_beside(row, c))
		return c->changes && some_cell(row)->changes ? PAIR * CHANGE : PAIR;
	return alike(some_cell(row), c) ? ALIKE * CHANGE : 0;
}

/* The pointers to the calls of one section, in order. */
static const struct trace_call **calls_of(const struct trace *t, int section, size_t *n)
{
	const struct trace_call **list = calloc(t->n + 1, sizeof(void *));

	if (!list)
		abort();
	*n = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->calls[i].section == section)
			list[(*n)++] = &t->calls[i];
	return list;
}

/* best[i][j]: the most that rows from i on and calls from j on are worth together. */
static int32_t *table_of(const struct trace_stage *s, const struct trace_call **calls, size_t n)
{
	size_t wide = n + 1;
	int32_t *best = calloc((s->n + 1) * wide, sizeof(*best));

	if (!best)
		abort();
	for (size_t i = s->n; i-- > 0;) {
		for (size_t j = n; j-- > 0;) {
			int w = worth(&s->rows[i], calls[j]);
			int32_t skip_row = best[(i + 1) * wide + j],
				skip_call = best[i * wide + j + 1],
				both = w ? best[(i + 1) * wide + j + 1] + w : 0;

			best[i * wide + j] = both >= skip_row && both >= skip_call ? both
					     : skip_row >= skip_call		   ? skip_row
										   : skip_call;
		}
	}
	return best;
}

static void merge(struct trace_stage *s, size_t column, const struct trace_call **calls, size_t n)
{
	int32_t *best = table_of(s, calls, n);
	struct trace_row *rows = calloc(s->n + n + 1, sizeof(*rows));
	size_t wide = n + 1, i = 0, j = 0, out = 0;

	if (!rows)
		abort();
	while (i < s->n || j < n) {
		int w = i < s->n && j < n ? worth(&s->rows[i], calls[j]) : 0;

		if (w && best[i * wide + j] == best[(i + 1) * wide + j + 1] + w) {
			rows[out] = s->rows[i++];
			rows[out++].cells[column] = calls[j++];
		} else if (j == n || (i < s->n && best[i * wide + j] == best[(i + 1) * wide + j])) {
			rows[out++] = s->rows[i++];
		} else {
			rows[out++].cells[column] = calls[j++];
		}
	}
	free(best);
	free(s->rows);
	s->rows = rows;
	s->n = out;
}

/*
 * One after the other joins those that it is the same as, or differs from for a reason: what one
 * column says is no reason of a third one. NULL: some call joins none.
 */
static struct reason *why_differ(const struct trace_row *row)
{
	struct trace_row joined = {0};
	struct reason *last = NULL;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < COLUMNS_MAX; i++) {
			const struct trace_call *c = row->cells[i];
			struct reason *why = NULL;

			if (!c || joined.cells[i])
				continue;
			if (some_cell(&joined) && !equal(&joined, c) &&
				!(why = why_beside(&joined, c)))
				continue;
			joined.cells[i] = c;
			more = true;
			if (why)
				why->used = true, last = why;
		}
	}
	return memcmp(joined.cells, row->cells, sizeof(joined.cells)) ? NULL : last;
}

/* Each column that makes it has to say why another one does not. NULL: some does not. */
static struct reason *why_alone(const struct trace_row *row)
{
	struct reason *last = NULL;

	for (size_t i = 0; i < COLUMNS_MAX; i++) {
		if (!row->cells[i])
			continue;
		last = row->cells[i]->only;
		if (!last)
			return NULL;
		last->used = true;
	}
	return last;
}

/* What kind of row it is now, and why it is not the same in all columns. */
static void judge(struct traces *all, struct trace_row *row)
{
	const struct trace_call *first = some_cell(row);
	size_t present = 0;
	bool same = true;

	row->times = 1;
	for (size_t i = 0; i < all->n; i++) {
		const struct trace_call *c = row->cells[i];

		present += c != NULL;
		same = same && (!c || !strcmp(c->key, first->key));
		row->changes = row->changes || (c && c->changes);
	}
	row->kind = present == all->n && same ? ROW_SAME : !same ? ROW_PAIR : ROW_ONLY;
	if (row->kind == ROW_PAIR)
		row->reason = why_differ(row);
	if (present < all->n && (row->kind == ROW_ONLY || row->reason)) {
		const struct reason *alone = why_alone(row);

		row->reason = row->kind == ROW_PAIR && alone ? row->reason : alone;
	}
}

/* The same call of the same columns for the same reason, where an entry says that it is noise. */
static struct trace_row *fold_into(const struct trace_stage *s, size_t n, const struct trace_row *r)
{
	if (r->kind != ROW_ONLY || !r->reason || !r->reason->fold)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		bool fits = s->rows[i].kind == ROW_ONLY && s->rows[i].reason == r->reason &&
			    !strcmp(some_cell(&s->rows[i])->name, some_cell(r)->name);

		for (size_t k = 0; fits && k < COLUMNS_MAX; k++)
			fits = !s->rows[i].cells[k] == !r->cells[k];
		if (fits)
			return &s->rows[i];
	}
	return NULL;
}

static void fold(struct trace_stage *s)
{
	size_t out = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct trace_row *same = fold_into(s, out, &s->rows[i]);

		if (same)
			same->times++;
		else
			s->rows[out++] = s->rows[i];
	}
	s->n = out;
}

static void count(struct traces *all, struct trace_stage *s)
{
	s->same_changes = true;
	for (size_t i = 0; i < s->n; i++) {
		const struct trace_row *row = &s->rows[i];

		for (size_t k = 0; k < all->n; k++) {
			if (!row->cells[k])
				continue;
			s->calls[k]++;
			s->changes[k] += row->cells[k]->changes;
			s->only[k] += row->kind != ROW_SAME;
		}
		if (row->kind == ROW_SAME || !s->section->compared)
			continue;
		s->unexplained += !row->reason;
		if (row->changes && !row->reason)
			s->same_changes = false;
	}
}

void traces_align(struct traces *all)
{
	all->stages = calloc(trace_sections_n, sizeof(*all->stages));
	if (!all->stages)
		abort();
	for (size_t k = 0; k < all->n; k++)
		reasons_find(&all->reasons, &all->t[k]);
	for (size_t i = 0; i < trace_sections_n; i++) {
		struct trace_stage *s = &all->stages[i];

		s->section = &trace_sections[i];
		for (size_t k = 0; k < all->n; k++) {
			size_t n;
			const struct trace_call **calls = calls_of(&all->t[k], (int)i, &n);

			merge(s, k, calls, n);
			free(calls);
		}
		for (size_t r = 0; r < s->n; r++)
			judge(all, &s->rows[r]);
		count(all, s);
		fold(s);
	}
}

size_t traces_unexplained(const struct traces *all)
{
	size_t n = 0;

	for (size_t i = 0; i < trace_sections_n; i++)
		n += all->stages[i].unexplained;
	return n;
}

size_t traces_changes(const struct traces *all, bool same)
{
	size_t n = 0;

	for (size_t i = 0; i < trace_sections_n; i++) {
		const struct trace_stage *s = &all->stages[i];

		for (size_t r = 0; s->section->compared && r < s->n; r++)
			n += s->rows[r].changes && (s->rows[r].kind == ROW_SAME) == same &&
			     (same || s->rows[r].reason);
	}
	return n;
}

void traces_free(struct traces *all)
{
	for (size_t i = 0; all->stages && i < trace_sections_n; i++)
		free(all->stages[i].rows);
	free(all->stages);
	for (size_t i = 0; i < all->n; i++)
		trace_free(&all->t[i]);
	reasons_free(&all->reasons);
	memset(all, 0, sizeof(*all));
}
