/*
 * observe_process.c: group "process": what the command was given to start with. proc(5).
 * The command is one that changes none of it (cat), so what is seen is what the runtime made.
 */
#include "observe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void read_status(const struct subject *s, const struct row *row, struct values *out)
{
	char *status = read_whole(s->proc, "status", NULL);
	char *field = status ? field_of(status, row->argument) : NULL;

	if (field)
		values_set(out, row->id, "%s", field);
	else
		row_failed(row, out, status ? ENOENT : errno, row->argument);
	free(field);
	free(status);
}

static void read_file(const struct subject *s, const struct row *row, struct values *out)
{
	row_file(s->proc, row->argument, row, out);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Strings that end in NUL each (cmdline, environ), joined by " | "; sorted where asked for. */
static char *join_strings(char *bytes, size_t n, bool sorted, size_t *count)
{
	char **list = calloc(n + 1, sizeof(*list)), *text = NULL;
	size_t size;
	FILE *f = text_stream(&text, &size);

	*count = 0;
	for (char *p = bytes; list && p < bytes + n; p += strlen(p) + 1)
		list[(*count)++] = p;
	if (list && sorted)
		qsort(list, *count, sizeof(*list), by_text);
	for (size_t i = 0; i < *count; i++)
		fprintf(f, "%s%s", i ? " | " : "", list[i]);
	fclose(f);
	free(list);
	return text;
}

/* argument: the file and "order", "sorted" or "count". */
static void read_strings(const struct subject *s, const struct row *row, struct values *out)
{
	char file[16], how[16], *bytes, *text;
	size_t n, count;

	sscanf(row->argument, "%15s %15s", file, how);
	bytes = read_whole(s->proc, file, &n);
	if (!bytes) {
		row_failed(row, out, errno, file);
		return;
	}
	text = join_strings(bytes, n, !strcmp(how, "sorted"), &count);
	if (!strcmp(how, "count"))
		values_set(out, row->id, "%zu", count);
	else
		values_set(out, row->id, "%s", text);
	free(text);
	free(bytes);
}

/*
 * Where a link of /proc/PID points to. Seen from the host the container's root stands before the
 * path or not (d_path depends on the root of the reader), so it is taken away.
 */
static void read_link(const struct subject *s, const struct row *row, struct values *out)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(s->proc, row->argument, path, sizeof(path) - 1);
	size_t root = strlen(s->plan->rootfs);
	const char *inside = path;

	if (n < 0) {
		row_failed(row, out, errno, row->argument);
		return;
	}
	path[n] = '\0';
	if (!strncmp(path, s->plan->rootfs, root) && (path[root] == '/' || !path[root]))
		inside = path[root] ? path + root : "/";
	values_set(out, row->id, "%s", inside);
}

/* The working directory is the one of that name in the container's own root. */
static void read_cwd_inside(const struct subject *s, const struct row *row, struct values *out)
{
	const char *cwd = "/";
	char path[PATH_MAX + 8];
	struct stat own, wanted;

	json_unpack(s->plan->spec, "{s?:{s?:s}}", "process", "cwd", &cwd);
	snprintf(path, sizeof(path), "root%s", cwd);
	if (fstatat(s->proc, "cwd", &own, 0) || fstatat(s->proc, path, &wanted, 0))
		row_failed(row, out, errno, "the working directory");
	else
		values_set(out, row->id, "%s",
			own.st_dev == wanted.st_dev && own.st_ino == wanted.st_ino
				? "the spec's, inside the root"
				: "another directory");
}

static const char *kind_of(mode_t mode)
{
	return S_ISREG(mode)	? "file"
	       : S_ISDIR(mode)	? "directory"
	       : S_ISCHR(mode)	? "character device"
	       : S_ISBLK(mode)	? "block device"
	       : S_ISFIFO(mode) ? "pipe"
	       : S_ISSOCK(mode) ? "socket"
	       : S_ISLNK(mode)	? "link"
				: "other";
}

/* The kind of one open descriptor, and from fdinfo how it was opened. */
static void set_descriptor(
	const struct subject *s, const struct row *row, const char *name, struct values *out)
{
	char *id = row_id(row, name), path[300], *info, *flags;
	struct stat st;

	snprintf(path, sizeof(path), "fd/%s", name);
	if (fstatat(s->proc, path, &st, 0)) {
		values_failed(out, id, errno, "stat of %s", path);
		free(id);
		return;
	}
	snprintf(path, sizeof(path), "fdinfo/%s", name);
	info = read_whole(s->proc, path, NULL);
	flags = info ? field_of(info, "flags") : NULL;
	if (!strcmp(row->argument, "kind"))
		values_set(out, id, "%s", kind_of(st.st_mode));
	else if (flags)
		values_set(out, id, "%s%s",
			strtoul(flags, NULL, 8) & O_ACCMODE ? "writing" : "reading",
			strtoul(flags, NULL, 8) & O_CLOEXEC ? ", closed on exec" : "");
	else
		values_failed(out, id, errno, "reading %s", path);
	free(flags);
	free(info);
	free(id);
}

/* Every open descriptor of the command: nothing but 0, 1 and 2 may have come through. */
static void read_descriptors(const struct subject *s, const struct row *row, struct values *out)
{
	int fd = openat(s->proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char numbers[512] = "";
	struct dirent *d;

	if (!dir) {
		values_failed(out, row->id, errno, "reading /proc/PID/fd");
		return;
	}
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		if (strcmp(row->argument, "numbers") != 0) {
			set_descriptor(s, row, d->d_name, out);
			continue;
		}
		strncat(numbers, numbers[0] ? " " : "", sizeof(numbers) - strlen(numbers) - 1);
		strncat(numbers, d->d_name, sizeof(numbers) - strlen(numbers) - 1);
	}
	closedir(dir);
	if (!strcmp(row->argument, "numbers"))
		values_set(out, row->id, "%s", numbers);
}

/* Field n (from 1, as proc(5) counts) of /proc/PID/stat; the command's name may hold blanks. */
static bool stat_field(int proc, int n, long long *value)
{
	char *text = read_whole(proc, "stat", NULL), *p = text ? strrchr(text, ')') : NULL;
	bool found;

	for (int i = 2; p && i < n; i++)
		p = strchr(p + 1, ' ');
	found = p && sscanf(p, "%lld", value) == 1;
	free(text);
	return found;
}

static void read_stat(const struct subject *s, const struct row *row, struct values *out)
{
	long long value;

	if (stat_field(s->proc, atoi(row->argument), &value))
		values_set(out, row->id, "%lld", value);
	else
		row_failed(row, out, EINVAL, "/proc/PID/stat");
}

/* A process number as a relation: the command's own, the runtime's, none, or somebody else's. */
static void read_relation(const struct subject *s, const struct row *row, struct values *out)
{
	long long value, runtime = -1;
	int field = atoi(row->argument);
	char path[32];
	int proc;

	if (!stat_field(s->proc, field, &value)) {
		row_failed(row, out, EINVAL, "/proc/PID/stat");
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d", s->held->child.pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (field == 4)
		runtime = s->held->child.pid;
	else if (proc >= 0)
		stat_field(proc, field, &runtime);
	if (proc >= 0)
		close(proc);
	values_set(out, row->id, "%s",
		value == s->pid	   ? "its own"
		: value == runtime ? "the runtime's"
		: value <= 0	   ? "none"
				   : "another's");
}

/* Start-up state that has to be this command and nothing of the runtime: is exe inside the root? */
static void read_exe_inside(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat exe, wanted;

	if (fstatat(s->proc, "exe", &exe, 0) || fstatat(s->proc, "root/bin/cat", &wanted, 0))
		row_failed(row, out, errno, "/proc/PID/exe");
	else
		values_set(out, row->id, "%s",
			exe.st_dev == wanted.st_dev && exe.st_ino == wanted.st_ino
				? "the container's /bin/cat"
				: "another program");
}

/*
 * sched_getaffinity(2) leaves out processors that are off, which Cpus_allowed_list of status shows
 * until the cpuset controller is enabled above the process.
 */
static void read_cpus(const struct subject *s, const struct row *row, struct values *out)
{
	cpu_set_t set[8]; /* Linux has 8192 processors at most */
	const int last = (int)sizeof(set) * 8;
	char *text = NULL;
	size_t size;
	FILE *f;

	if (sched_getaffinity(s->pid, sizeof(set), set) < 0) {
		row_failed(row, out, errno, row->argument);
		return;
	}
	f = text_stream(&text, &size);
	for (int from = 0, to; from < last; from = to + 1) {
		for (to = from; to < last && CPU_ISSET_S(to, sizeof(set), set); to++)
			;
		if (to > from)
			fprintf(f, "%s%d", ftell(f) ? "," : "", from);
		if (to > from + 1)
			fprintf(f, "-%d", to - 1);
	}
	fclose(f);
	values_set(out, row->id, "%s", text);
	free(text);
}

static const struct row rows[] = {
	{.id = "process.command", .read = read_strings, .argument = "cmdline order"},
	{.id = "process.arguments", .read = read_strings, .argument = "cmdline count"},
	{.id = "process.name", .read = read_file, .argument = "comm"},
	{.id = "process.program", .read = read_link, .argument = "exe"},
	{.id = "process.program_inside", .read = read_exe_inside},
	{.id = "process.environment.order", .read = read_strings, .argument = "environ order"},
	{.id = "process.environment.sorted", .read = read_strings, .argument = "environ sorted"},
	{.id = "process.environment.count", .read = read_strings, .argument = "environ count"},
	{.id = "process.cwd", .read = read_link, .argument = "cwd"},
	{.id = "process.cwd_inside", .read = read_cwd_inside},
	{.id = "process.root", .read = read_link, .argument = "root"},
	{.id = "process.descriptors", .read = read_descriptors, .argument = "numbers"},
	{.id = "process.descriptor.*.kind", .read = read_descriptors, .argument = "kind"},
	{.id = "process.descriptor.*.mode", .read = read_descriptors, .argument = "mode"},
	{.id = "process.signals.blocked", .read = read_status, .argument = "SigBlk"},
	{.id = "process.signals.ignored", .read = read_status, .argument = "SigIgn"},
	{.id = "process.signals.caught", .read = read_status, .argument = "SigCgt"},
	{.id = "process.signals.pending", .read = read_status, .argument = "SigPnd"},
	{.id = "process.signals.pending_shared", .read = read_status, .argument = "ShdPnd"},
	{.id = "process.state", .read = read_status, .argument = "State"},
	{.id = "process.threads", .read = read_status, .argument = "Threads"},
	{.id = "process.traced", .read = read_status, .argument = "TracerPid"},
	{.id = "process.core_dumping",
		.read = read_status,
		.argument = "CoreDumping",
		.flags = ROW_OPTIONAL},
	{.id = "process.huge_pages",
		.read = read_status,
		.argument = "THP_enabled",
		.flags = ROW_OPTIONAL},
	{.id = "process.untagged_addresses",
		.read = read_status,
		.argument = "untag_mask",
		.flags = ROW_OPTIONAL},
	{.id = "process.cpus", .read = read_cpus, .argument = "sched_getaffinity"},
	{.id = "process.memory_nodes", .read = read_status, .argument = "Mems_allowed_list"},
	{.id = "process.parent", .read = read_relation, .argument = "4"},
	{.id = "process.group", .read = read_relation, .argument = "5"},
	{.id = "process.session", .read = read_relation, .argument = "6"},
	{.id = "process.terminal", .read = read_stat, .argument = "7"},
	{.id = "process.terminal_group", .read = read_stat, .argument = "8"},
	{.id = "process.priority", .read = read_stat, .argument = "18"},
	{.id = "process.nice", .read = read_stat, .argument = "19"},
	{.id = "process.end_signal", .read = read_stat, .argument = "38"},
	{.id = "process.realtime_priority", .read = read_stat, .argument = "40"},
	{.id = "process.scheduler", .read = read_stat, .argument = "41"},
	{.id = "process.timer_slack", .read = read_file, .argument = "timerslack_ns"},
};

const struct group observe_process = {"process", rows, sizeof(rows) / sizeof(rows[0])};
