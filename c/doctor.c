/* doctor.c: see doctor.h. One row a check; go/doctor.go prints the same bytes. */
#include "doctor.h"

#include "language.h"
#include "spec.h"
#include "state.h"
#include "userns.h"

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

static const char *missing(void)
{
	return language_pick(" missing", " がありません");
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
	say(detail, language_pick("%.64s, needed is 5.14 or newer", "%.64s (5.14 以降が必要)"),
		release);
	return major > 5 || (major == 5 && minor >= 14);
}

static bool doctor_root(char detail[DETAIL_MAX])
{
	say(detail, language_pick("user %u", "ユーザー %u"), geteuid());
	return geteuid() == 0;
}

static bool doctor_cgroup(char detail[DETAIL_MAX])
{
	struct statfs fs;
	bool unified = statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	/* A container's own view may have all of it and be read-only. */
	bool writable = access(CGROUP_ROOT, W_OK) == 0 || errno != EROFS;

	say(detail, CGROUP_ROOT "%s",
		!unified    ? language_pick(" is not a cgroup v2 file system",
				      " は cgroup v2 ではありません")
		: !writable ? language_pick(" is read-only", " は読み取り専用です")
			    : "");
	return unified && writable;
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

		say(detail, "%s%s%s", i > 0 ? ", " : "", needed[i], present ? "" : missing());
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
			present ? "" : missing());
		all &= present;
	}
	return all;
}

static bool doctor_userns(char detail[DETAIL_MAX])
{
	const struct userns_switch *s = userns_refused();

	if (s)
		say(detail, language_pick("refused by %s = %s", "%s = %s で禁止されています"),
			s->name, s->refuses);
	else
		say(detail, "%s", language_pick("allowed", "使えます"));
	return !s;
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
	state_list_free(list, n);
	if (stale == 0)
		say(detail, "%s",
			result < 0 ? language_pick("cannot be read", "読めません")
				   : language_pick("none", "なし"));
	return stale == 0 && result == 0;
}

static bool doctor_rootfs(char detail[DETAIL_MAX])
{
	static const char *const roots[] = {"build/rootfs", "/var/lib/twinbox/rootfs"};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		char shell[64];

		snprintf(shell, sizeof(shell), "%s/bin/sh", roots[i]);
		if (faccessat(AT_FDCWD, shell, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			say(detail, "%s", roots[i]);
			return true;
		}
	}
	say(detail, language_pick("%s is missing", "%s がありません"), roots[0]);
	return false;
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

		say(detail, "%s%s%s", i > 0 ? ", " : "", tools[i], present ? "" : missing());
		all &= present;
	}
	return all;
}

/*
 * A Go's version from the file VERSION beside its bin (or of the link's target): asking it would
 * start a program that may be anything. 1.22 is what go/go.mod asks for.
 */
static bool read_go(const char *program, char detail[DETAIL_MAX])
{
	char path[PATH_MAX], file[PATH_MAX + 16], version[SMALL_FILE];
	unsigned int minor = 0;

	if (!realpath(program, path))
		return false;
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	snprintf(file, sizeof(file), "%s/VERSION", path);
	read_line(file, version);
	if (sscanf(version, "go1.%u", &minor) != 1 || minor < 22)
		return false;
	say(detail, "%.32s (%.200s)", version, program);
	return true;
}

/* The same places as infra/setup/find-go. */
static bool doctor_go(char detail[DETAIL_MAX])
{
	static const char *const roots[] = {"/usr/local/go", "/usr/lib/go-1.22", "/usr/lib/go-1.23",
		"/usr/lib/go-1.24", "/usr/lib/go-1.25", "/usr/lib/go-1.26"};
	const char *path = getenv("PATH");
	char program[PATH_MAX];

	while (path && *path) {
		size_t n = strcspn(path, ":");

		snprintf(program, sizeof(program), "%.*s/go", (int)n, path);
		if (access(program, X_OK) == 0 && read_go(program, detail))
			return true;
		path += n + (path[n] == ':');
	}
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(program, sizeof(program), "%s/bin/go", roots[i]);
		if (access(program, X_OK) == 0 && read_go(program, detail))
			return true;
	}
	say(detail, "%s",
		language_pick("missing, needed is 1.22 or newer for building",
			"ありません (ビルドには 1.22 以降が必要)"));
	return false;
}

/*
 * make compare and make lab boot a throw-away machine where this one will not do (infra/lab). They
 * are a checkout's; what the machine is made of is in build/lab, or apt-get brings it there.
 */
static bool doctor_lab(char detail[DETAIL_MAX])
{
	static const char *const parts[] = {
		"build/lab/qemu/run", "build/lab/kernel/vmlinuz", "build/lab/initrd"};
	size_t present = 0;

	if (access("infra/lab/lab", X_OK) < 0) {
		say(detail, "%s",
			language_pick(
				"no infra/lab/lab here: not the directory of twinbox's sources",
				"ここに infra/lab/lab がありません (twinbox "
				"のソースのディレクトリではない)"));
		return false;
	}
	while (present < sizeof(parts) / sizeof(parts[0]) && access(parts[present], R_OK) == 0)
		present++;
	if (present == sizeof(parts) / sizeof(parts[0])) {
		say(detail, "build/lab");
		return true;
	}
	say(detail, language_pick("no %s yet, apt-get %s it", "%s がまだありません。apt-get %s"),
		parts[present],
		in_path("apt-get")
			? language_pick("fetches", "で取得します")
			: language_pick("is missing and cannot fetch", "もないので取得できません"));
	return in_path("apt-get");
}

#define USERNS_CURE                                                                                \
	"sudo sysctl -e -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1 "     \
	"kernel.apparmor_restrict_unprivileged_userns=0"

/* Without what it decides on, a container with limits does not run there. */
enum place { PLACE_NATIVE, PLACE_LAB, PLACE_NEITHER };

static const struct check {
	const char *name, *ja;
	bool (*passes)(char detail[DETAIL_MAX]);
	enum place decides;
	const char *cure, *cure_ja;
} checks[] = {
	{"kernel", "カーネル", doctor_kernel, PLACE_NATIVE, "run in the lab: make lab",
		"lab で動かす: make lab"},
	{"root", "root 権限", doctor_root, PLACE_NATIVE,
		"run it with sudo, or in the lab: make lab",
		"sudo を付けて動かす。または lab で動かす: make lab"},
	{"cgroup v2", "cgroup v2", doctor_cgroup, PLACE_NATIVE,
		"boot with systemd.unified_cgroup_hierarchy=1, or run in the lab: make lab",
		"systemd.unified_cgroup_hierarchy=1 で起動する。または lab で動かす: make lab"},
	{"controllers", "コントローラー", doctor_controllers, PLACE_NATIVE,
		"boot with cgroup_no_v1=all, or run in the lab: make lab",
		"cgroup_no_v1=all で起動する。または lab で動かす: make lab"},
	{"namespaces", "名前空間", doctor_namespaces, PLACE_NATIVE, "run in the lab: make lab",
		"lab で動かす: make lab"},
	{"state directory", "状態のディレクトリ", doctor_state, PLACE_NATIVE,
		"as root: chown root /run/twinbox && chmod 700 /run/twinbox; else: export "
		"XDG_RUNTIME_DIR=$(mktemp -d)",
		"root なら: chown root /run/twinbox && chmod 700 /run/twinbox。ほかのユーザーなら: "
		"export XDG_RUNTIME_DIR=$(mktemp -d)"},
	{"lab", "lab", doctor_lab, PLACE_LAB,
		"in the directory of twinbox's sources, where apt-get is: infra/lab/fetch",
		"apt-get のあるマシンで、twinbox のソースのディレクトリから: infra/lab/fetch"},
	{"user namespaces", "ユーザー名前空間", doctor_userns, PLACE_NEITHER, USERNS_CURE,
		USERNS_CURE},
	{"stale containers", "残ったコンテナ", doctor_stale, PLACE_NEITHER, "cbox gc, or gobox gc",
		"cbox gc または gobox gc"},
	{"rootfs", "rootfs", doctor_rootfs, PLACE_NEITHER,
		"make rootfs; installed: sudo twinbox-rootfs /var/lib/twinbox/rootfs",
		"make rootfs。インストールしたものなら: sudo twinbox-rootfs "
		"/var/lib/twinbox/rootfs"},
	{"Go", "Go", doctor_go, PLACE_NEITHER, "make deps", "make deps"},
	{"tools", "道具", doctor_tools, PLACE_NEITHER, "sudo apt-get install iproute2 strace",
		"sudo apt-get install iproute2 strace"},
};

/* The command's exit status comes from the last line. */
int doctor_print(FILE *out, struct error *e)
{
	bool runs[] = {[PLACE_NATIVE] = true, [PLACE_LAB] = true, [PLACE_NEITHER] = true};

	error_clear(e);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char detail[DETAIL_MAX] = "";
		bool passes = checks[i].passes(detail);

		fprintf(out, "%-4s  %s: %s\n", passes ? "ok" : "fail",
			language_pick(checks[i].name, checks[i].ja), detail);
		if (!passes)
			fprintf(out, language_pick("      cure: %s\n", "      直し方: %s\n"),
				language_pick(checks[i].cure, checks[i].cure_ja));
		runs[checks[i].decides] &= passes;
	}
	fprintf(out, "%s\n",
		runs[PLACE_NATIVE]
			? language_pick("native: containers with limits run on this machine",
				  "native: 制限付きのコンテナを、このマシンで動かせます")
		: runs[PLACE_LAB]
			? language_pick("lab: containers with limits run in the lab; make "
					"compare and make lab boot it",
				  "lab: 制限付きのコンテナを、lab で動かせます。make "
				  "compare と make lab が起動します")
			: language_pick("nowhere: no container with limits can run; the cures "
					"are above",
				  "nowhere: 制限付きのコンテナを動かせる場所がありません。直し"
				  "方は上にあります"));
	return runs[PLACE_NATIVE] || runs[PLACE_LAB] ? 0 : 1;
}
