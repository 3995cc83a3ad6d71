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

static bool print_number(int64_t value, struct limit *out)
{
	if (value < 0)
		snprintf(out->text, sizeof(out->text), "max");
	else
		snprintf(out->text, sizeof(out->text), "%" PRId64, value);
	return true;
}

/*
 * cgroup v1 shares 2-262144 to v2 weight 1-10000, in a straight line. (crun 1.23 and later bends
 * the line so that 1024 becomes 100; what distributions carry today does not.)
 */
static bool print_cpu_weight(const struct spec *s, struct limit *out)
{
	if (!asked(s->resources.cpu_shares))
		return false;
	return print_number(1 + (s->resources.cpu_shares.value - 2) * 9999 / 262142, out);
}

/* "QUOTA PERIOD", both in microseconds. */
static bool print_cpu_max(const struct spec *s, struct limit *out)
{
	struct spec_number quota = s->resources.cpu_quota, period = s->resources.cpu_period;
	size_t used;

	if (!asked(quota) && !asked(period))
		return false;
	print_number(asked(quota) ? quota.value : -1, out);
	used = strlen(out->text);
	snprintf(out->text + used, sizeof(out->text) - used, " %" PRId64,
		asked(period) ? period.value : CPU_PERIOD_DEFAULT);
	return true;
}

static bool print_memory_max(const struct spec *s, struct limit *out)
{
	return asked(s->resources.memory_limit) &&
	       print_number(s->resources.memory_limit.value, out);
}

/* OCI counts memory and swap together, as cgroup v1 did; memory.swap.max counts swap alone. */
static bool print_memory_swap_max(const struct spec *s, struct limit *out)
{
	struct spec_number limit = s->resources.memory_limit, swap = s->resources.memory_swap;

	if (!asked(swap))
		return false;
	/* The parser has seen to it that a swap comes with a limit that is not above it. */
	return print_number(swap.value < 0 ? -1 : swap.value - limit.value, out);
}

static bool print_pids_max(const struct spec *s, struct limit *out)
{
	return asked(s->resources.pids_limit) && print_number(s->resources.pids_limit.value, out);
}

/* The word before the first dot of a file's name is its controller. */
static const struct {
	const char *file;
	bool (*print)(const struct spec *s, struct limit *out);
} rows[] = {
	{"cpu.weight", print_cpu_weight},
	{"cpu.max", print_cpu_max},
	{"memory.max", print_memory_max},
	{"memory.swap.max", print_memory_swap_max},
	{"pids.max", print_pids_max},
};

size_t resources_count(const struct spec *s)
{
	return LENGTH(rows) + s->resources.unified.n;
}

bool resources_limit(const struct spec *s, size_t i, struct limit *out)
{
	if (i >= LENGTH(rows)) {
		out->file = s->resources.unified.v[i - LENGTH(rows)].key;
		out->value = s->resources.unified.v[i - LENGTH(rows)].value;
		return true;
	}
	out->file = rows[i].file;
	out->value = out->text;
	return rows[i].print(s, out);
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
		size_t len;

		if (!resources_limit(s, i, &limit))
			continue;
		len = strcspn(limit.file, ".");
		if (resources_has_word(out, limit.file, len))
			continue;
		if (used + len + 2 > size)
			return error_say(e, "linux.resources.unified: too many controllers");
		used += (size_t)snprintf(
			out + used, size - used, "%s%.*s", used ? " " : "", (int)len, limit.file);
	}
	return 0;
}
