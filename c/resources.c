/* resources.c: see resources.h. The conversions are those of runc and crun, OCI config-linux.md. */
#include "resources.h"

#include <inttypes.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define CPU_PERIOD_DEFAULT 100000 /* microseconds; the kernel's own, cgroup-v2.rst "cpu.max" */

/* OCI numbers that are absent and those that are 0 both mean: leave the kernel's default. */
static bool asked(struct spec_number n)
{
	return n.given && n.value != 0;
}

static int print_number(int64_t value, struct limit *out)
{
	if (value < 0)
		snprintf(out->text, sizeof(out->text), "max");
	else
		snprintf(out->text, sizeof(out->text), "%" PRId64, value);
	return 1;
}

/*
 * cgroup v1 shares 2-262144 to v2 weight 1-10000, in a straight line. (runc 1.4 and crun 1.23 bend
 * the line so that 1024 becomes 100; those that distributions carry today have this one.)
 */
static int cpu_weight(const struct spec *s, struct limit *out, struct error *e)
{
	(void)e;
	if (!asked(s->resources.cpu_shares))
		return 0;
	return print_number(1 + (s->resources.cpu_shares.value - 2) * 9999 / 262142, out);
}

/* "QUOTA PERIOD", both in microseconds. */
static int cpu_max(const struct spec *s, struct limit *out, struct error *e)
{
	struct spec_number quota = s->resources.cpu_quota, period = s->resources.cpu_period;
	size_t used;

	(void)e;
	if (!asked(quota) && !asked(period))
		return 0;
	print_number(asked(quota) ? quota.value : -1, out);
	used = strlen(out->text);
	snprintf(out->text + used, sizeof(out->text) - used, " %" PRId64,
		 asked(period) ? period.value : CPU_PERIOD_DEFAULT);
	return 1;
}

static int memory_max(const struct spec *s, struct limit *out, struct error *e)
{
	(void)e;
	return asked(s->resources.memory_limit) ? print_number(s->resources.memory_limit.value, out)
						: 0;
}

/* OCI counts memory and swap together, as cgroup v1 did; memory.swap.max counts swap alone. */
static int memory_swap_max(const struct spec *s, struct limit *out, struct error *e)
{
	struct spec_number limit = s->resources.memory_limit, swap = s->resources.memory_swap;

	if (!asked(swap))
		return 0;
	if (swap.value < 0)
		return print_number(-1, out);
	if (!asked(limit) || limit.value < 0)
		return error_say(e, "linux.resources.memory.swap needs a memory.limit");
	if (swap.value < limit.value)
		return error_say(e, "linux.resources.memory.swap %" PRId64
				    " is less than memory.limit %" PRId64,
				 swap.value, limit.value);
	return print_number(swap.value - limit.value, out);
}

static int pids_max(const struct spec *s, struct limit *out, struct error *e)
{
	(void)e;
	return asked(s->resources.pids_limit) ? print_number(s->resources.pids_limit.value, out)
					      : 0;
}

/* The word before the first dot of a file's name is its controller. */
static const struct {
	const char *file;
	int (*print)(const struct spec *s, struct limit *out, struct error *e);
} rows[] = {
	{"cpu.weight", cpu_weight},
	{"cpu.max", cpu_max},
	{"memory.max", memory_max},
	{"memory.swap.max", memory_swap_max},
	{"pids.max", pids_max},
};

size_t resources_count(const struct spec *s)
{
	return LENGTH(rows) + s->resources.unified.n;
}

/* A key is the name of a file in the cgroup's own directory, never a way out of it. */
static int unified_limit(const struct spec_key_value *kv, struct limit *out, struct error *e)
{
	if (kv->key[0] == '.' || !strchr(kv->key, '.') || strchr(kv->key, '/'))
		return error_say(e, "linux.resources.unified: %s is not the name of a cgroup file",
				 kv->key);
	out->file = kv->key;
	out->value = kv->value;
	return 1;
}

int resources_limit(const struct spec *s, size_t i, struct limit *out, struct error *e)
{
	if (i >= LENGTH(rows))
		return unified_limit(&s->resources.unified.v[i - LENGTH(rows)], out, e);
	out->file = rows[i].file;
	out->value = out->text;
	return rows[i].print(s, out, e);
}

bool resources_has_word(const char *list, const char *word, size_t len)
{
	for (const char *p = list; *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		if (n == len && strncmp(p, word, len) == 0)
			return true;
		p += n;
	}
	return false;
}

int resources_controllers(const struct spec *s, char *out, size_t size, struct error *e)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < resources_count(s); i++) {
		struct limit limit;
		int wanted = resources_limit(s, i, &limit, e);
		size_t len;

		if (wanted < 0)
			return -1;
		if (!wanted)
			continue;
		len = strcspn(limit.file, ".");
		/* cgroup.* files belong to every cgroup. */
		if (resources_has_word("cgroup", limit.file, len) ||
		    resources_has_word(out, limit.file, len))
			continue;
		if (used + len + 2 > size)
			return error_say(e, "linux.resources.unified: too many controllers");
		used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? " " : "",
					 (int)len, limit.file);
	}
	return 0;
}
