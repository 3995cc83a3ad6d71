/* doctor.c: see doctor.h. One row a check; go/doctor.go prints the same bytes. */
#include "doctor.h"

#include "spec.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DETAIL_MAX = 512, SMALL_FILE = 4096 };

/* Adds to the line of the check under way. */
static void __attribute__((format(printf, 2, 3)))
say(char detail[DETAIL_MAX], const char *format, ...)
{
	size_t used = strlen(detail);
	va_list args;

	va_start(args, format);
	vsnprintf(detail + used, DETAIL_MAX - used, format, args);
	va_end(args);
}

/* The first line of a small file; empty where it cannot be read. */
static void read_line(const char *path, char line[SMALL_FILE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, SMALL_FILE - 1);

	if (fd >= 0)
		close(fd);
	line[n < 0 ? 0 : n] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/*
 * cgroup.kill came last of all that the stages use: 5.14, Documentation/admin-guide/cgroup-v2.rst.
 * mount_setattr(2) needs 5.12, clone3(2) with CLONE_INTO_CGROUP 5.7.
 */
static bool doctor_kernel(char detail[DETAIL_MAX])
{
	unsigned int major = 0, minor = 0;
	char release[SMALL_FILE];

	read_line("/proc/sys/kernel/osrelease", release);
	sscanf(release, "%u.%u", &major, &minor);
	say(detail, "%.64s, needed is 5.14 or newer", release);
	return major > 5 || (major == 5 && minor >= 14);
}

static bool doctor_root(char detail[DETAIL_MAX])
{
	say(detail, "user %u", geteuid());
	return geteuid() == 0;
}

static bool doctor_cgroup(char detail[DETAIL_MAX])
{
	struct statfs fs;
	bool unified = statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

	say(detail, CGROUP_ROOT "%s", unified ? "" : " is not a cgroup v2 file system");
	return unified;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; *p; p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (strcspn(p, " ") == n && strncmp(p, word, n) == 0)
			return true;
	}
	return false;
}

static bool doctor_controllers(char detail[DETAIL_MAX])
{
	static const char *const needed[] = {"cpu", "memory", "pids"};
	char line[SMALL_FILE];
	bool all = true;

	read_line(CGROUP_ROOT "/cgroup.controllers", line);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		bool present = has_word(line, needed[i]);

		say(detail, "%s%s%s", i > 0 ? ", " : "", needed[i], present ? "" : " missing");
		all &= present;
	}
	return all;
}

static bool doctor_namespaces(char detail[DETAIL_MAX])
{
	bool all = true;

	for (int i = 0; i < NS_COUNT; i++) {
		char path[64];
		bool present;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_kinds[i].proc);
		present = access(path, F_OK) == 0;
		say(detail, "%s%s%s", i > 0 ? ", " : "", namespace_kinds[i].name,
			present ? "" : " missing");
		all &= present;
	}
	return all;
}

/* Each file, and the value that refuses a user namespace; the last two do not concern root. */
static bool doctor_userns(char detail[DETAIL_MAX])
{
	static const struct {
		const char *path, *name, *refuses;
		bool root;
	} switches[] = {
		{"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", "0", true},
		{"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone",
			"0", false},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
			"kernel.apparmor_restrict_unprivileged_userns", "1", false},
	};
	char line[SMALL_FILE];

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		read_line(switches[i].path, line);
		if (strcmp(line, switches[i].refuses) != 0 || (geteuid() == 0 && !switches[i].root))
			continue;
		say(detail, "refused by %s = %s", switches[i].name, line);
		return false;
	}
	say(detail, "allowed");
	return true;
}

/* One that is not there yet is made by the first run, where its parent lets us. */
static bool doctor_state(char detail[DETAIL_MAX])
{
	char path[PATH_MAX] = "", parent[PATH_MAX];
	struct error e;
	int fd = state_directory(false, path, &e);
	bool usable = fd >= 0;

	if (fd >= 0)
		close(fd);
	if (fd < 0 && e.errnum == ENOENT) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
		usable = access(parent, W_OK | X_OK) == 0;
	}
	if (usable)
		say(detail, "%s", path);
	else
		say(detail, "%s%s%s", e.message, e.errnum ? ": " : "",
			e.errnum ? strerror(e.errnum) : "");
	return usable;
}

static bool doctor_stale(char detail[DETAIL_MAX])
{
	struct state *list;
	struct error e;
	size_t n, stale = 0;
	int result = state_list(&list, &n, &e);

	for (size_t i = 0; i < n; i++)
		if (!list[i].alive)
			say(detail, "%s%s", stale++ > 0 ? ", " : "", list[i].name);
	free(list);
	if (stale == 0)
		say(detail, result < 0 ? "cannot be read" : "none");
	return stale == 0 && result == 0;
}

static bool doctor_rootfs(char detail[DETAIL_MAX])
{
	bool present = faccessat(AT_FDCWD, "build/rootfs/bin/sh", F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	say(detail, "build/rootfs%s", present ? "" : " is missing");
	return present;
}

static bool in_path(const char *tool)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%.*s/%s", (int)n, path, tool);
		if (access(file, X_OK) == 0)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static bool doctor_tools(char detail[DETAIL_MAX])
{
	static const char *const tools[] = {"ip", "strace"};
	bool all = true;

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		bool present = in_path(tools[i]);

		say(detail, "%s%s%s", i > 0 ? ", " : "", tools[i], present ? "" : " missing");
		all &= present;
	}
	return all;
}

static const struct check {
	const char *name;
	bool (*passes)(char detail[DETAIL_MAX]);
	bool needed; /* without it no container with limits runs */
	const char *cure;
} checks[] = {
	{"kernel", doctor_kernel, true, "run in the lab: make lab"},
	{"root", doctor_root, true, "run it with sudo, or in the lab: make lab"},
	{"cgroup v2", doctor_cgroup, true,
		"boot with systemd.unified_cgroup_hierarchy=1, or run in the lab: make lab"},
	{"controllers", doctor_controllers, true,
		"boot with cgroup_no_v1=all, or run in the lab: make lab"},
	{"namespaces", doctor_namespaces, true, "run in the lab: make lab"},
	{"state directory", doctor_state, true,
		"as root: chown root /run/twinbox && chmod 700 /run/twinbox; else: export "
		"XDG_RUNTIME_DIR=$(mktemp -d)"},
	{"user namespaces", doctor_userns, false,
		"sudo sysctl -e -w user.max_user_namespaces=10000 "
		"kernel.unprivileged_userns_clone=1 "
		"kernel.apparmor_restrict_unprivileged_userns=0"},
	{"stale containers", doctor_stale, false, "cbox gc, or gobox gc"},
	{"rootfs", doctor_rootfs, false, "make rootfs"},
	{"tools", doctor_tools, false, "sudo apt-get install iproute2 strace"},
};

/* The command's exit status comes from the last line. */
int doctor_print(FILE *out, struct error *e)
{
	bool runs = true;

	error_clear(e);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char detail[DETAIL_MAX] = "";
		bool passes = checks[i].passes(detail);

		fprintf(out, "%-4s  %s: %s\n", passes ? "ok" : "fail", checks[i].name, detail);
		if (!passes)
			fprintf(out, "      cure: %s\n", checks[i].cure);
		runs &= passes || !checks[i].needed;
	}
	fprintf(out, "a container with limits %s here\n", runs ? "can run" : "cannot run");
	return runs ? 0 : 1;
}
