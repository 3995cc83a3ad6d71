/* diff.c: see diff.h. */
#include "diff.h"

#include "facts.h"
#include "observe.h"

#include <stdlib.h>
#include <string.h>

const char *const group_names[] = {"namespace", "cgroup", "veth", "mounts", "identity",
	"privileges", "process", "exec", "lifecycle", NULL};

bool fact_in_group(const char *id, const char *group)
{
	size_t n = strlen(group);

	return !strncmp(id, group, n) && id[n] == '.';
}

/* What one column has for id: its value, or why there is none. */
static struct value value_in(const struct comparison *c, size_t column, const char *id)
{
	static char nothing[] = "no veth", absent[] = "absent";
	const struct value *v = values_get(&c->values[column], id);

	if (v)
		return *v;
	/* A fact that is there in another column only: the thing itself is missing in this one. */
	if (!c->columns[column]->twin && row_flags_of(id) & ROW_VETH)
		return (struct value){.kind = VALUE_SKIPPED, .text = nothing};
	return (struct value){.kind = VALUE_ABSENT, .text = absent};
}

/* What no column has is no fact: this kernel, or this spec, does not know it. */
static bool nowhere(const struct comparison *c, const struct fact_verdict *f)
{
	for (size_t i = 0; i < c->columns_n; i++)
		if (f->values[i].kind != VALUE_SKIPPED && f->values[i].kind != VALUE_ABSENT)
			return false;
	return true;
}

/*
 * Why column i may differ from the first. Declarations are about a difference to twinbox: between
 * two references either of them may be the one that differs.
 */
static json_t *declared(
	const struct comparison *c, const struct fact_verdict *f, size_t first, size_t i)
{
	bool absent = f->values[first].kind == VALUE_ABSENT;
	json_t *entry = difference_find(f->id, c->columns[i]->name, absent);

	if (!entry && !c->columns[first]->twin)
		entry = difference_find(f->id, c->columns[first]->name, true);
	return entry;
}

/* Compares each column with the first that has a value: cbox, where it is there. */
static void judge(const struct comparison *c, struct fact_verdict *f)
{
	size_t first = 0;

	for (size_t i = 0; i < c->columns_n; i++)
		f->values[i] = value_in(c, i, f->id);
	while (first < c->columns_n && f->values[first].kind == VALUE_SKIPPED)
		first++;
	f->skipped = first == c->columns_n || nowhere(c, f);
	f->match = true;
	for (size_t i = first; i < c->columns_n; i++) {
		const struct value *v = &f->values[i];

		if (v->kind == VALUE_FAILED)
			f->match = false;
		if (v->kind == VALUE_FAILED || v->kind == VALUE_SKIPPED ||
			value_equal(&f->values[first], v))
			continue;
		f->declared[i] = declared(c, f, first, i);
		if (!f->declared[i])
			f->match = false;
	}
}

static bool known(const struct comparison *c, const char *id)
{
	for (size_t i = 0; i < c->facts_n; i++)
		if (!strcmp(c->facts[i].id, id))
			return true;
	return false;
}

static void add(struct comparison *c, const char *id)
{
	struct fact_verdict *more = realloc(c->facts, (c->facts_n + 1) * sizeof(*more));

	if (!more)
		abort();
	c->facts = more;
	more += c->facts_n++;
	memset(more, 0, sizeof(*more));
	more->id = id;
	judge(c, more);
	c->compared += !more->skipped;
	c->mismatches += !more->match;
}

void comparison_make(struct comparison *c, const struct column *const *columns,
	const struct values *values, size_t columns_n)
{
	memset(c, 0, sizeof(*c));
	c->columns = columns;
	c->values = values;
	c->columns_n = columns_n;
	for (const char *const *group = group_names; *group; group++)
		for (size_t i = 0; i < columns_n; i++)
			for (size_t k = 0; k < values[i].n; k++)
				if (fact_in_group(values[i].v[k].id, *group) &&
					!known(c, values[i].v[k].id))
					add(c, values[i].v[k].id);
}

void comparison_free(struct comparison *c)
{
	free(c->facts);
	memset(c, 0, sizeof(*c));
}

/* 0: no such fact in the report; 1: seen and equal everywhere; 2: it does differ. */
static int difference_seen(const struct comparison *c, const char *pattern, const char *column)
{
	int seen = 0;

	for (size_t i = 0; i < c->facts_n; i++) {
		const struct fact_verdict *f = &c->facts[i];

		for (size_t k = 1; k < c->columns_n; k++) {
			if (strcmp(c->columns[k]->name, column) != 0 ||
				f->values[k].kind == VALUE_SKIPPED || f->skipped ||
				!fact_matches(pattern, f->id, NULL))
				continue;
			if (!value_equal(&f->values[0], &f->values[k]))
				return 2;
			seen = 1;
		}
	}
	return seen;
}

int comparison_stale(const struct comparison *c, FILE *out)
{
	json_t *entry, *pattern, *column;
	size_t i, k, m;
	int stale = 0;

	if (!c->columns_n || !c->columns[0]->twin)
		return 0;

	json_array_foreach(facts_differences(), i, entry)
	{
		/* Some differ only on some kernels or for some specs. */
		if (json_is_true(json_object_get(entry, "sometimes")) ||
			json_is_true(json_object_get(entry, "only_if_absent")))
			continue;
		json_array_foreach(json_object_get(entry, "facts"), k, pattern)
		{
			json_array_foreach(json_object_get(entry, "columns"), m, column)
			{
				if (difference_seen(c, json_string_value(pattern),
					    json_string_value(column)) != 1)
					continue;
				fprintf(out,
					"compare: %s is declared to differ in %s and does not\n",
					json_string_value(pattern), json_string_value(column));
				stale++;
			}
		}
	}
	return stale;
}
