/*
 * observe_cgroup.c: group "cgroup": where the container is counted and what limits it has.
 * Read from the host's side of the cgroup v2 tree (Documentation/admin-guide/cgroup-v2.rst).
 */
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_cgroup(const struct subject *s, const struct row *row, struct values *out)
{
	if (s->cgroup < 0)
		values_skip(out, row->id, "the spec asks for no cgroup");
	return s->cgroup >= 0;
}

static void read_file(const struct subject *s, const struct row *row, struct values *out)
{
	if (has_cgroup(s, row, out))
		row_file(s->cgroup, row->argument, row, out);
}

/* One number of a flat keyed file; argument: "memory.events oom_kill". */
static void read_key(const struct subject *s, const struct row *row, struct values *out)
{
	char file[32], key[32], *text, *line;

	if (!has_cgroup(s, row, out))
		return;
	sscanf(row->argument, "%31s %31s", file, key);
	text = read_whole(s->cgroup, file, NULL);
	if (!text) {
		row_failed(row, out, errno, file);
		return;
	}
	for (line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ' ')
			break;
	if (line)
		values_set(out, row->id, "%.*s", (int)strcspn(line + strlen(key) + 1, "\n"),
			line + strlen(key) + 1);
	else
		row_failed(row, out, ENOENT, row->argument);
	free(text);
}

/* A number that only says whether the counting works at all. */
static void read_positive(const struct subject *s, const struct row *row, struct values *out)
{
	char *text;

	if (!has_cgroup(s, row, out))
		return;
	text = read_whole(s->cgroup, row->argument, NULL);
	if (text)
		values_set(out, row->id, "%s", strtoull(text, NULL, 10) ? "more than 0" : "0");
	else
		row_failed(row, out, errno, row->argument);
	free(text);
}

static void read_lines(const struct subject *s, const struct row *row, struct values *out)
{
	char *text;
	int n = 0;

	if (!has_cgroup(s, row, out))
		return;
	text = read_whole(s->cgroup, row->argument, NULL);
	for (const char *c = text; c && *c; c++)
		n += *c == '\n';
	if (text)
		values_set(out, row->id, "%d", n);
	else
		row_failed(row, out, errno, row->argument);
	free(text);
}

/* The cgroup that the command is in, as the host names it, against the one that was asked for. */
static void read_path(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(s->proc, "cgroup", NULL), *line = text ? strstr(text, "0::") : NULL;

	if (has_cgroup(s, row, out) && line) {
		line[strcspn(line, "\n")] = '\0';
		values_set(out, row->id, "%s",
			!strcmp(line + 3, s->plan->cgroup) ? "the spec's" : line + 3);
	} else if (s->cgroup >= 0) {
		row_failed(row, out, text ? ENOENT : errno, "/proc/PID/cgroup");
	}
	free(text);
}

/* The runtime itself must not be counted in the container's cgroup. */
static void read_members(const struct subject *s, const struct row *row, struct values *out)
{
	char *text, *rest, *line;
	int others = 0, own = 0;

	if (!has_cgroup(s, row, out))
		return;
	text = rest = read_whole(s->cgroup, "cgroup.procs", NULL);
	if (!text) {
		row_failed(row, out, errno, "cgroup.procs");
		return;
	}
	while ((line = strsep(&rest, "\n"))) {
		own += *line && atoi(line) == s->pid;
		others += *line && atoi(line) != s->pid;
	}
	values_set(out, row->id, "%s%s", own ? "the command" : "not the command",
		others ? " and others" : " alone");
	free(text);
}

/* Files of the directory above: what it hands down, and that nobody is in it. */
static void read_parent(const struct subject *s, const struct row *row, struct values *out)
{
	int parent;

	if (!has_cgroup(s, row, out))
		return;
	parent = openat(s->cgroup, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0) {
		row_failed(row, out, errno, "the cgroup above");
		return;
	}
	row_file(parent, row->argument, row, out);
	close(parent);
}

static void read_owner(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat st;

	if (!has_cgroup(s, row, out))
		return;
	if (fstatat(s->cgroup, row->argument, &st, 0))
		row_failed(row, out, errno, row->argument);
	else
		values_set(out, row->id, "mode %04o owner %u:%u", st.st_mode & 07777, st.st_uid,
			st.st_gid);
}

/* Files of a controller are there only where it is enabled. */
#define FILE_OF(name)                                                                              \
	{                                                                                          \
		"cgroup." name, read_file, (name), OUTSIDE, ROW_OPTIONAL                           \
	}
#define KEY_OF(file, key)                                                                          \
	{                                                                                          \
		"cgroup." file "." key, read_key, file " " key, OUTSIDE, ROW_OPTIONAL              \
	}

static const struct row rows[] = {
	{.id = "cgroup.path", .read = read_path},
	{.id = "cgroup.members", .read = read_members},
	{.id = "cgroup.procs", .read = read_lines, .argument = "cgroup.procs"},
	{.id = "cgroup.threads", .read = read_lines, .argument = "cgroup.threads"},
	{.id = "cgroup.type", .read = read_file, .argument = "cgroup.type"},
	{.id = "cgroup.controllers", .read = read_file, .argument = "cgroup.controllers"},
	{.id = "cgroup.subtree_control", .read = read_file, .argument = "cgroup.subtree_control"},
	{.id = "cgroup.max.depth", .read = read_file, .argument = "cgroup.max.depth"},
	{.id = "cgroup.max.descendants", .read = read_file, .argument = "cgroup.max.descendants"},
	{.id = "cgroup.freeze", .read = read_file, .argument = "cgroup.freeze"},
	{.id = "cgroup.populated", .read = read_key, .argument = "cgroup.events populated"},
	{.id = "cgroup.frozen", .read = read_key, .argument = "cgroup.events frozen"},
	{.id = "cgroup.descendants", .read = read_key, .argument = "cgroup.stat nr_descendants"},
	{.id = "cgroup.pressure",
		.read = read_file,
		.argument = "cgroup.pressure",
		.flags = ROW_OPTIONAL},
	{.id = "cgroup.directory", .read = read_owner, .argument = "."},
	{.id = "cgroup.procs_file", .read = read_owner, .argument = "cgroup.procs"},
	{.id = "cgroup.parent.type",
		.read = read_parent,
		.argument = "cgroup.type",
		.flags = ROW_OPTIONAL},
	{.id = "cgroup.parent.subtree_control",
		.read = read_parent,
		.argument = "cgroup.subtree_control"},
	{.id = "cgroup.parent.procs", .read = read_parent, .argument = "cgroup.procs"},
	FILE_OF("memory.max"),
	FILE_OF("memory.high"),
	FILE_OF("memory.low"),
	FILE_OF("memory.min"),
	FILE_OF("memory.oom.group"),
	FILE_OF("memory.swap.max"),
	FILE_OF("memory.swap.high"),
	FILE_OF("memory.zswap.max"),
	FILE_OF("memory.zswap.writeback"),
	KEY_OF("memory.events", "low"),
	KEY_OF("memory.events", "high"),
	KEY_OF("memory.events", "max"),
	KEY_OF("memory.events", "oom"),
	KEY_OF("memory.events", "oom_kill"),
	{.id = "cgroup.memory.current",
		.read = read_positive,
		.argument = "memory.current",
		.flags = ROW_OPTIONAL},
	FILE_OF("cpu.max"),
	FILE_OF("cpu.max.burst"),
	FILE_OF("cpu.weight"),
	FILE_OF("cpu.weight.nice"),
	FILE_OF("cpu.idle"),
	FILE_OF("cpu.uclamp.min"),
	FILE_OF("cpu.uclamp.max"),
	FILE_OF("pids.max"),
	FILE_OF("pids.current"),
	KEY_OF("pids.events", "max"),
	FILE_OF("cpuset.cpus"),
	FILE_OF("cpuset.mems"),
	FILE_OF("cpuset.cpus.effective"),
	FILE_OF("cpuset.mems.effective"),
	FILE_OF("cpuset.cpus.partition"),
	FILE_OF("io.max"),
	FILE_OF("io.weight"),
	FILE_OF("io.prio.class"),
	FILE_OF("hugetlb.2MB.max"),
	FILE_OF("hugetlb.2MB.rsvd.max"),
	FILE_OF("rdma.max"),
	FILE_OF("misc.max"),
};

const struct group observe_cgroup = {"cgroup", rows, sizeof(rows) / sizeof(rows[0])};
