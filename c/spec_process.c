/* spec_process.c: the spec's object "process"; go/spec_process.go is its twin. */
#include "capabilities.h"
#include "rlimits.h"
#include "spec_read.h"

#include <string.h>

/* The largest id: 4294967295 means "no change" to setresuid(2). */
#define ID_MAX (UINT32_MAX - 1)
/* Of Linux, since 2.6.4: NGROUPS_MAX, setgroups(2). */
#define GROUPS_MAX 65536

static int gid_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	return read_u32(at, value, &(struct field){.into = place, .max = ID_MAX}, e);
}

static int read_gids(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	void *list = NULL;
	int failed = read_list(at, value, f, &list, &s->process.additional_gids_n, sizeof(uint32_t),
		gid_element, e);

	s->process.additional_gids = list;
	return failed;
}

static int read_user(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"uid", read_u32, &s->process.uid, 0, ID_MAX, false},
		{"gid", read_u32, &s->process.gid, 0, ID_MAX, false},
		{"additionalGids", read_gids, s, 0, GROUPS_MAX, false},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

static int read_capability_set(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	uint64_t *set = f->into;
	struct strings names = {0};
	int failed = read_strings(at, value, &(struct field){.into = &names}, e);

	for (size_t i = 0; i < names.n && !failed; i++) {
		struct where here = {at, NULL, i};
		int number = capability_find(names.v[i]);

		if (number < 0)
			failed = spec_refuse(
				&here, e, "no such capability: %s", json_shown(names.v[i]).text);
		else
			*set |= 1ULL << number;
	}
	strings_free(&names);
	return failed;
}

static int read_capabilities(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_capabilities *c = f->into;
	const struct field fields[] = {
		{"bounding", read_capability_set, &c->bounding, 0, 0, false},
		{"effective", read_capability_set, &c->effective, 0, 0, false},
		{"inheritable", read_capability_set, &c->inheritable, 0, 0, false},
		{"permitted", read_capability_set, &c->permitted, 0, 0, false},
		{"ambient", read_capability_set, &c->ambient, 0, 0, false},
	};

	c->given = true;
	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

static int read_rlimit_type(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char *name = NULL;
	int failed = read_string(at, value, &(struct field){.into = &name}, e);

	if (!failed) {
		*(int *)f->into = rlimit_find(name);
		if (*(int *)f->into < 0)
			failed = spec_refuse(at, e, "no such limit: %s", json_shown(name).text);
	}
	free(name);
	return failed;
}

static int rlimit_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	struct spec_rlimit *r = place;
	const struct field fields[] = {
		{"type", read_rlimit_type, &r->resource, 0, 0, true},
		{"soft", read_u64, &r->soft, 0, INT64_MAX, true},
		{"hard", read_u64, &r->hard, 0, INT64_MAX, true},
	};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	if (r->soft > r->hard)
		return spec_refuse(at, e, "soft must not be more than hard");
	return 0;
}

static int read_rlimits(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	size_t *n = &s->process.rlimits_n;
	void *list = NULL;
	unsigned int seen = 0;
	int failed =
		read_list(at, value, f, &list, n, sizeof(struct spec_rlimit), rlimit_element, e);

	s->process.rlimits = list;
	for (size_t i = 0; i < *n && !failed; i++) {
		int resource = s->process.rlimits[i].resource;

		if (seen & 1U << resource)
			failed = spec_refuse(&(struct where){at, NULL, i}, e, "%s is listed twice",
				rlimit_names[resource]);
		seen |= 1U << resource;
	}
	return failed;
}

static int read_args(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct strings *args = f->into;

	if (read_strings(at, value, f, e) < 0)
		return -1;
	if (!args->v[0][0])
		return spec_refuse(&(struct where){at, NULL, 0}, e, "must not be empty");
	return 0;
}

static int read_env(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct strings *env = f->into;

	if (read_strings(at, value, f, e) < 0)
		return -1;
	for (size_t i = 0; i < env->n; i++) {
		if (env->v[i][0] == '=' || !strchr(env->v[i], '='))
			return spec_refuse(&(struct where){at, NULL, i}, e, "must be NAME=VALUE");
	}
	return 0;
}

int spec_read_process(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"terminal", read_bool, &s->process.terminal, 0, 0, false},
		{"cwd", read_path, &s->process.cwd, 0, 0, false},
		{"args", read_args, &s->process.args, 1, 0, false},
		{"env", read_env, &s->process.env, 0, 0, false},
		{"user", read_user, s, 0, 0, false},
		{"capabilities", read_capabilities, &s->process.capabilities, 0, 0, false},
		{"rlimits", read_rlimits, s, 0, 0, false},
		{"noNewPrivileges", read_bool, &s->process.no_new_privileges, 0, 0, false},
		{"oomScoreAdj", read_number, &s->process.oom_score_adj, -1000, 1000, false},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}
