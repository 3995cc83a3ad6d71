/* spec_resources.c: the spec's object "linux.resources"; go/spec_resources.go is its twin. */
#include "spec_read.h"

#include <string.h>

/* Of kernel/sched/core.c: a quota is at least 1 ms, and less than 2^44 microseconds. */
#define QUOTA_MIN  1000
#define QUOTA_MAX  ((1LL << 44) - 1)
#define PERIOD_MIN 1000
#define PERIOD_MAX 1000000
/* PID_MAX_LIMIT of a 64-bit kernel, the most that pids.max takes. */
#define PIDS_LIMIT_MAX 4194304

static int read_memory(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	struct spec_number *limit = &s->resources.memory_limit, *swap = &s->resources.memory_swap;
	const struct field fields[] = {
		{"limit", read_limit, limit, 1, INT64_MAX, false},
		{"swap", read_limit, swap, 1, INT64_MAX, false},
	};
	struct where here = {at, "swap", 0};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	/* OCI's swap is memory and swap together; cgroup v2 counts swap alone. */
	if (swap->given && !limit->given)
		return spec_refuse(&here, e, "needs limit as well");
	if (swap->given && swap->value != -1 && (limit->value == -1 || swap->value < limit->value))
		return spec_refuse(
			&here, e, "must not be less than limit: it counts memory and swap");
	return 0;
}

static int read_cpu(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"quota", read_limit, &s->resources.cpu_quota, QUOTA_MIN, QUOTA_MAX, false},
		{"period", read_number, &s->resources.cpu_period, PERIOD_MIN, PERIOD_MAX, false},
		{"shares", read_number, &s->resources.cpu_shares, 2, 262144, false},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

static int read_pids(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"limit", read_limit, &s->resources.pids_limit, 1, PIDS_LIMIT_MAX, true},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

/* Names of files in the container's cgroup, and what to write there. */
static int read_unified(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_key_values *unified = f->into;

	if (read_key_values(at, value, f, e) < 0)
		return -1;
	for (size_t i = 0; i < unified->n; i++) {
		const struct spec_key_value *kv = &unified->v[i];
		struct where here = {at, kv->key, 0};

		/* Otherwise the key would be a path out of the cgroup, or move processes about. */
		if (strchr(kv->key, '/') || !strchr(kv->key, '.') || kv->key[0] == '.')
			return spec_refuse(
				&here, e, "must be the name of a file such as memory.high");
		if (strncmp(kv->key, "cgroup.", 7) == 0)
			return spec_refuse(
				&here, e, "files of cgroup itself are the runtime's own");
		if (!kv->value[0] || strchr(kv->value, '\n'))
			return spec_refuse(&here, e, "must be one line that is not empty");
	}
	return 0;
}

int spec_read_resources(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"memory", read_memory, s, 0, 0, false},
		{"cpu", read_cpu, s, 0, 0, false},
		{"pids", read_pids, s, 0, 0, false},
		{"unified", read_unified, &s->resources.unified, 0, 0, false},
	};

	s->has_resources = true;
	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}
