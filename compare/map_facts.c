/*
 * map_facts.c: what the kernel says of the child, read from outside through /proc (proc(5)).
 *
 * What differs from run to run (numbers of processes, groups, namespaces, terminals) is told by its
 * relation to the parent, so that the child of the Go program and that of the C program compare.
 */
#include "map.h"

#include "observe.h"
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

struct pair {
	pid_t child, parent;
	int child_proc, parent_proc; /* /proc/PID */
	const struct map_place *place;
	struct values *out;
};

/* Fields of /proc/PID/stat by their number in proc(5). */
enum { STAT_PPID = 4, STAT_PGRP, STAT_SESSION, STAT_TTY, STAT_TPGID, STAT_EXIT_SIGNAL = 38 };

static long stat_field(int proc, int field)
{
	char *text = read_whole(proc, "stat", NULL), *p;
	long value = -1;

	/* The command's name, in parentheses, may hold blanks and parentheses. */
	p = text ? strrchr(text, ')') : NULL;
	for (int i = 2; p && i < field; i++) {
		p = strchr(p + 1, ' ');
		if (p && i + 1 == field)
			value = strtol(p, NULL, 10);
	}
	free(text);
	return value;
}

static void read_namespaces(const struct pair *s)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid",
		"pid_for_children", "time", "time_for_children", "user", "uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[40], mine[64] = "", its[64] = "", id[40];
		ssize_t n;

		snprintf(path, sizeof(path), "ns/%s", names[i]);
		snprintf(id, sizeof(id), "ns.%s", names[i]);
		n = readlinkat(s->child_proc, path, its, sizeof(its) - 1);
		if (n < 0 && errno == ENOENT)
			/* pid_namespaces(7): made, but nobody has been born into it. */
			values_set(s->out, id, "new, still empty");
		else if (n < 0 || readlinkat(s->parent_proc, path, mine, sizeof(mine) - 1) < 0)
			values_failed(s->out, id, errno, "reading %s", path);
		else
			values_set(s->out, id, strcmp(mine, its) ? "new" : "the parent's");
	}
}

/* The optional fields of the mount at "/" ("shared:12 master:3"); NULL: no mount is there. */
static char *root_peers(int proc)
{
	char *text = read_whole(proc, "mountinfo", NULL), *rest = text, *line, *peers = NULL;

	while (text && (line = strsep(&rest, "\n"))) {
		char destination[4] = "";
		int at = 0;

		if (sscanf(line, "%*d %*d %*s %*s %3s %*s %n", destination, &at) != 1 || !at ||
			strcmp(destination, "/") != 0)
			continue;
		/* The last one lies on top. */
		free(peers);
		peers = strndup(line + at, strcspn(line + at, "-"));
	}
	free(text);
	return peers;
}

/* How mounts spread (mount_namespaces(7), "SHARED SUBTREES"). */
static void read_mounts(const struct pair *s)
{
	char *mine = root_peers(s->parent_proc), *its = root_peers(s->child_proc);

	values_set(s->out, "mounts.propagation", "%s",
		!its				     ? "no mount at its root"
		: mine && *its && !strcmp(mine, its) ? "shared with the parent's"
		: strstr(its, "shared:")	     ? "shared"
		: strstr(its, "master:")	     ? "slave of the parent's"
						     : "private");
	free(mine);
	free(its);
}

static const char *whose(const struct pair *s, long number, long parents)
{
	return number == parents ? "the parent's" : number == s->child ? "its own" : "another";
}

static void read_session(const struct pair *s)
{
	long tty = stat_field(s->child_proc, STAT_TTY),
	     parent_tty = stat_field(s->parent_proc, STAT_TTY);
	long foreground = stat_field(s->child_proc, STAT_TPGID);
	long parent_group = stat_field(s->parent_proc, STAT_PGRP);
	long group = stat_field(s->child_proc, STAT_PGRP);
	long grandparent = stat_field(s->parent_proc, STAT_SESSION);

	values_set(s->out, "session", "%s",
		whose(s, stat_field(s->child_proc, STAT_SESSION),
			stat_field(s->parent_proc, STAT_SESSION)));
	/* The program's parent leads the session. */
	values_set(s->out, "group", "%s",
		group == grandparent ? "that of the parent's parent"
				     : whose(s, group, parent_group));
	values_set(s->out, "terminal", "%s",
		!tty		    ? "none"
		: tty == parent_tty ? "the parent's"
				    : "another");
	values_set(s->out, "foreground", "%s",
		!tty ? "no terminal" : whose(s, foreground, parent_group));
	values_set(s->out, "exit_signal", "%ld", stat_field(s->child_proc, STAT_EXIT_SIGNAL));
}

/* A directory that the child is in or sees as its root. */
static void read_directory(const struct pair *s, const char *link, const char *id)
{
	char its[PATH_MAX] = "", mine[PATH_MAX] = "";

	if (readlinkat(s->child_proc, link, its, sizeof(its) - 1) < 0 ||
		readlinkat(s->parent_proc, link, mine, sizeof(mine) - 1) < 0)
		values_failed(s->out, id, errno, "reading %s", link);
	else
		values_set(s->out, id, "%s",
			!strcmp(its, mine)	       ? "the parent's"
			: !strcmp(its, s->place->root) ? "{root}"
						       : its);
}

/* "all", "none", or by name what is there or, where that is less, what is missing. malloc'd. */
static char *capability_words(const char *hex)
{
	unsigned long long set = strtoull(hex, NULL, 16), all = 0;
	char *text = NULL;
	size_t size;
	FILE *out;
	int missing;

	for (int cap = 0; cap <= cap_max_bits() - 1; cap++)
		all |= 1ULL << cap;
	missing = __builtin_popcountll(all & ~set);
	if (!set || !missing)
		return strdup(set ? "all" : "none");
	out = text_stream(&text, &size);
	if (missing < 8)
		fputs("all but", out);
	for (int cap = 0; cap < cap_max_bits(); cap++) {
		bool has = set >> cap & 1;
		char *name = has == (missing >= 8) ? cap_to_name(cap) : NULL;

		if (name)
			fprintf(out, "%s%s", ftell(out) ? " " : "", name);
		cap_free(name);
	}
	fclose(out);
	return text;
}

static void read_status(const struct pair *s)
{
	static const struct {
		const char *id, *key;
	} rows[] = {{"uid", "Uid"}, {"gid", "Gid"}, {"groups", "Groups"},
		{"cap.inheritable", "CapInh"}, {"cap.permitted", "CapPrm"},
		{"cap.effective", "CapEff"}, {"cap.bounding", "CapBnd"}, {"cap.ambient", "CapAmb"},
		{"no_new_privs", "NoNewPrivs"}, {"signals.blocked", "SigBlk"},
		{"signals.ignored", "SigIgn"}, {"umask", "Umask"}};
	char *text = read_whole(s->child_proc, "status", NULL), *value, *level;
	int depth = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		value = text ? field_of(text, rows[i].key) : NULL;
		if (value && !strncmp(rows[i].key, "Cap", 3)) {
			char *words = capability_words(value);

			free(value);
			value = words;
		}
		if (value)
			values_set(s->out, rows[i].id, "%s", *value ? value : "none");
		else
			values_failed(s->out, rows[i].id, ENODATA, "reading status");
		free(value);
	}
	value = text ? field_of(text, "TracerPid") : NULL;
	values_set(s->out, "tracer", "%s",
		!value				       ? "error"
		: !strcmp(value, "0")		       ? "nobody"
		: strtol(value, NULL, 10) == s->parent ? "the parent"
						       : "another");
	free(value);
	/* One number for each pid namespace that it is seen in, the reader's first (proc(5)). */
	value = text ? field_of(text, "NSpid") : NULL;
	for (level = value; level && *level; level = strchr(level, ' '), level += level ? 1 : 0) {
		depth++;
		if (!strchr(level, ' '))
			break;
	}
	if (depth < 2)
		values_set(s->out, "pid.inside", "the number outside");
	else
		values_set(s->out, "pid.inside", "%s", level);
	free(value);
	free(text);
}

/* A file of a user namespace, in one line. */
static void read_map(const struct pair *s, const char *file)
{
	char *text = read_whole(s->child_proc, file, NULL), id[40], *line, *end;

	snprintf(id, sizeof(id), "user.%s", file);
	if (!text) {
		values_failed(s->out, id, errno, "reading %s", file);
		return;
	}
	end = text + strlen(text);
	while (end > text && end[-1] == '\n')
		*--end = '\0';
	/* field_of() makes the blanks single. */
	line = text_format("x:%s", text);
	free(text);
	text = field_of(line, "x");
	values_set(s->out, id, "%s", *text ? text : "none");
	free(line);
	free(text);
}

/* "0::/path" of cgroup v2 (cgroups(7)). */
static char *cgroup_of(int proc)
{
	char *text = read_whole(proc, "cgroup", NULL), *line = text ? strstr(text, "0::") : NULL,
	     *path = line ? strndup(line + 3, strcspn(line + 3, "\n")) : NULL;

	free(text);
	return path;
}

static void read_cgroup(const struct pair *s)
{
	char *mine = cgroup_of(s->parent_proc), *its = cgroup_of(s->child_proc);
	const char *name = strrchr(s->place->cgroup, '/'), *end = its ? strrchr(its, '/') : NULL;

	if (!mine || !its)
		values_failed(s->out, "cgroup", errno, "reading cgroup");
	else
		values_set(s->out, "cgroup", "%s",
			!strcmp(mine, its)		    ? "the parent's"
			: name && end && !strcmp(name, end) ? "{cgroup}"
							    : its);
	free(mine);
	free(its);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void read_descriptors(const struct pair *s)
{
	int numbers[64] = {0}, fd = openat(s->child_proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char text[256] = "";
	struct dirent *d;
	size_t n = 0;

	while (dir && (d = readdir(dir)) && n < 64)
		if (d->d_name[0] != '.')
			numbers[n++] = (int)strtol(d->d_name, NULL, 10);
	qsort(numbers, n, sizeof(numbers[0]), by_number);
	for (size_t i = 0, o = 0; i < n && o < sizeof(text); i++)
		o += (size_t)snprintf(text + o, sizeof(text) - o, "%s%d", i ? " " : "", numbers[i]);
	values_set(s->out, "descriptors", "%s", text);
	if (dir)
		closedir(dir);
}

static void read_limit(const struct pair *s)
{
	char *text = read_whole(s->child_proc, "limits", NULL),
	     *line = text ? strstr(text, "Max open files") : NULL;
	unsigned long soft = 0, hard = 0;

	if (line && sscanf(line + strlen("Max open files"), "%lu %lu", &soft, &hard) == 2)
		values_set(s->out, "limit.files", "%lu %lu", soft, hard);
	else
		values_failed(s->out, "limit.files", errno, "reading limits");
	free(text);
}

/* Does the parent hold a descriptor of the child (pidfd_open(2))? */
static void read_pidfd(const struct pair *s)
{
	int fd = openat(s->parent_proc, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	bool found = false;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char *text = d->d_name[0] == '.' ? NULL : read_whole(fd, d->d_name, NULL);
		char *pid = text ? field_of(text, "Pid") : NULL;

		found = found || (pid && strtol(pid, NULL, 10) == s->child);
		free(pid);
		free(text);
	}
	values_set(s->out, "parent.pidfd", found ? "held by the parent" : "none");
	if (dir)
		closedir(dir);
}

int map_facts_read(pid_t child, pid_t parent, const struct map_place *p, struct values *out)
{
	struct pair s = {.child = child, .parent = parent, .place = p, .out = out};
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d", child);
	s.child_proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d", parent);
	s.parent_proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.child_proc >= 0 && s.parent_proc >= 0) {
		read_namespaces(&s);
		read_mounts(&s);
		read_session(&s);
		read_directory(&s, "root", "root");
		read_directory(&s, "cwd", "cwd");
		read_status(&s);
		read_map(&s, "uid_map");
		read_map(&s, "gid_map");
		read_map(&s, "setgroups");
		read_cgroup(&s);
		read_descriptors(&s);
		read_limit(&s);
		read_pidfd(&s);
	}
	if (s.child_proc >= 0)
		close(s.child_proc);
	if (s.parent_proc >= 0)
		close(s.parent_proc);
	return s.child_proc >= 0 && s.parent_proc >= 0 ? 0 : -1;
}
