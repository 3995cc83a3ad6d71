/*
 * cgroup.c: see cgroup.h. The first stage: the container is born into its cgroup, so the cgroup
 * stands before there is a process. cgroup_remove.c is the way back.
 * What the files do: Documentation/admin-guide/cgroup-v2.rst.
 */
#include "cgroup.h"

#include "cgroup_devices.h"
#include "cgroup_files.h"
#include "events.h"
#include "json.h"
#include "resources.h"
#include "small_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CONTROLLERS_MAX 512  /* bytes of a list of controllers */
#define CREATE_TRIES	1000 /* each failure means that another container has just ended */

int cgroup_path(struct container *c, struct error *e)
{
	const char *given = c->spec->cgroups_path;

	c->cgroup[0] = '\0';
	if (given && cgroup_check_path(given, e) < 0)
		return -1;
	if (given)
		snprintf(c->cgroup, sizeof(c->cgroup), "%s", given);
	else if (c->spec->has_resources)
		snprintf(c->cgroup, sizeof(c->cgroup), CGROUP_PARENT "/%s", c->name);
	return 0;
}

static int refuse_controller(const char *file, size_t n, struct error *e)
{
	char name[sizeof(struct shown) + 1]; /* longer than what is shown of it */

	snprintf(name, sizeof(name), "%.*s", (int)n, file);
	error_say(e, "controller %s is missing in %s/cgroup.controllers", json_shown(name).text,
		CGROUP_ROOT);
	return error_hint(e, "cgroup v1 may hold it on this machine; the lab "
			     "(make lab) has every controller");
}

/* File by file: a name of linux.resources.unified may hold spaces, which part words in a list. */
static int check_controllers(int root, const struct spec *s, struct error *e)
{
	char available[CONTROLLERS_MAX] = "";

	for (size_t i = 0; i < resources_count(s); i++) {
		struct limit limit;
		size_t n;

		if (!resources_limit(s, i, &limit))
			continue;
		if (!available[0] && small_file_read(root, "cgroup.controllers", available,
					     sizeof(available)) < 0)
			return error_sys(e, "reading %s/cgroup.controllers", CGROUP_ROOT);
		n = strcspn(limit.file, ".");
		if (!resources_has_word(available, limit.file, n))
			return refuse_controller(limit.file, n, e);
	}
	return 0;
}

static int open_root(struct container *c, struct error *e)
{
	c->cgroup_root = cgroup_open_root(e);
	if (c->cgroup_root < 0)
		return -1;
	if (check_controllers(c->cgroup_root, c->spec, e) == 0)
		return 0;
	close(c->cgroup_root);
	c->cgroup_root = -1;
	return -1;
}

int cgroup_check(struct container *c, struct error *e)
{
	return c->spec->cgroups_path || c->spec->has_resources ? open_root(c, e) : 0;
}

/*
 * A container that makes cgroups of its own (as an init system does) has moved its processes down:
 * cgroup v2 takes none into a cgroup whose children have controllers. /proc/PID/cgroup says where.
 */
static void find_below(struct container *c)
{
	char path[64], text[2 * PATH_MAX];
	size_t n = strlen(c->cgroup);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", c->target_pid);
	file = fopen(path, "re");
	while (file && fgets(text, sizeof(text), file)) {
		const char *line = text + strlen("0::");
		int length = (int)strcspn(line, "\n");

		if (strncmp(text, "0::", strlen("0::")) != 0)
			continue;
		if (strncmp(line, c->cgroup, n) == 0 && line[n] == '/' && length < PATH_MAX)
			snprintf(c->cgroup, sizeof(c->cgroup), "%.*s", length, line);
		break;
	}
	if (file)
		fclose(file);
}

int cgroup_open(struct container *c, struct error *e)
{
	char path[sizeof(CGROUP_ROOT) + PATH_MAX];

	if (!c->cgroup[0])
		return 0;
	find_below(c);
	snprintf(path, sizeof(path), CGROUP_ROOT "%s", c->cgroup);
	events_call(c, "open(\"%s\")", path);
	c->cgroup_fd = open(path, CGROUP_DIR_FLAGS);
	return c->cgroup_fd < 0 ? error_sys(e, "opening cgroup %s", c->cgroup) : 0;
}

/* Lets the children of dir have the controllers: only those that are not enabled there yet. */
static int enable_controllers(
	struct container *c, int dir, const char *path, const char *needed, struct error *e)
{
	char enabled[CONTROLLERS_MAX], missing[2 * CONTROLLERS_MAX] = "";
	size_t used = 0;

	if (!needed[0])
		return 0;
	if (small_file_read(dir, "cgroup.subtree_control", enabled, sizeof(enabled)) < 0)
		return error_sys(e, "reading %s/cgroup.subtree_control", path);
	for (const char *p = needed; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (!resources_has_word(enabled, p, n))
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, "%s+%.*s",
				used ? " " : "", (int)n, p);
		p += n;
	}
	if (used == 0)
		return 0;
	events_call(c, "write(%s/cgroup.subtree_control, \"%s\")", path, missing);
	if (small_file_write(dir, "cgroup.subtree_control", missing) == 0)
		return 0;
	error_sys(e, "writing %s to %s/cgroup.subtree_control", missing, path);
	/* The no-internal-process rule. */
	if (e->errnum == EBUSY)
		error_hint(e, "processes live in that cgroup itself: cgroup v2 gives controllers "
			      "only to children of a cgroup without processes");
	return -1;
}

static int explain_mkdir(
	struct container *c, int dir, const char *path, const char *name, struct error *e)
{
	struct stat st;

	error_sys(e, "creating cgroup %s", path);
	if (e->errnum == EEXIST && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISDIR(st.st_mode))
		error_hint(e, "that is one of the kernel's files; choose another --name or "
			      "linux.cgroupsPath");
	else if (e->errnum == EEXIST)
		error_hint(e,
			"another container uses %s; `%s list` shows it, `%s gc` removes what "
			"a crash left",
			path, c->program, c->program);
	else if (e->errnum == EACCES || e->errnum == EPERM || e->errnum == EROFS)
		error_hint(e, "cgroups belong to root; run as root, name a cgroup of your own in "
			      "linux.cgroupsPath, or leave linux.resources out");
	return -1;
}

/* Makes the cgroup called name in dir and opens it; a parent may be there already. */
static int enter(struct container *c, int dir, const char *path, const char *name, bool leaf,
	struct error *e)
{
	bool made;
	int next;

	events_call(c, "mkdirat(%s)", path);
	made = mkdirat(dir, name, 0755) == 0;
	if (!made && (leaf || errno != EEXIST))
		return explain_mkdir(c, dir, path, name, e);
	next = openat(dir, name, CGROUP_DIR_FLAGS);
	if (next < 0)
		error_sys(e, "opening cgroup %s", path);
	else if (made && !leaf)
		fsetxattr(next, CGROUP_MARK, NULL, 0,
			0); /* without it the parent only stays behind */
	if (next < 0 && leaf)
		unlinkat(dir, name, AT_REMOVEDIR);
	return next;
}

/*
 * One walk from the root to the leaf; returns the leaf's descriptor. ENOENT and ENODEV in e mean
 * that a parent went away under our feet.
 */
static int make_path(struct container *c, int root, const char *needed, struct error *e)
{
	const char *rest = c->cgroup;
	char name[NAME_MAX + 1], path[PATH_MAX] = "";
	int dir = root, next;

	while (cgroup_next_name(&rest, name)) {
		next = enable_controllers(c, dir, path, needed, e);
		snprintf(path, sizeof(path), "%.*s", (int)(rest - c->cgroup), c->cgroup);
		if (next == 0)
			next = enter(c, dir, path, name, !rest[0], e);
		cgroup_close_below(root, dir);
		if (next < 0)
			return -1;
		dir = next;
	}
	return dir;
}

static int write_limits(struct container *c, int dir, struct error *e)
{
	for (size_t i = 0; i < resources_count(c->spec); i++) {
		struct limit limit;

		if (!resources_limit(c->spec, i, &limit))
			continue;
		events_call(c, "write(%s, \"%s\")", limit.file, limit.value);
		if (small_file_write(dir, limit.file, limit.value) == 0)
			continue;
		error_sys(e, "writing %s to %s", limit.value, limit.file);
		if (e->errnum == ENOENT)
			error_hint(e, "this kernel has no %s; take that limit out of the spec",
				limit.file);
		return -1;
	}
	return 0;
}

static int make_leaf(struct container *c, int root, const char *needed, struct error *e)
{
	int dir = -1;

	/* Parents are shared: the last container in one removes it just while we pass. */
	for (int i = 0; i < CREATE_TRIES && dir < 0; i++) {
		dir = make_path(c, root, needed, e);
		if (dir < 0 && !cgroup_is_gone(e->errnum))
			break;
	}
	if (dir < 0)
		cgroup_remove_parents(root, c->cgroup);
	return dir;
}

int cgroup_create(struct container *c, struct error *e)
{
	char needed[CONTROLLERS_MAX];
	struct error ignored;
	int dir;

	if (!c->cgroup[0])
		return 0;
	if ((c->cgroup_root < 0 && open_root(c, e) < 0) ||
		resources_controllers(c->spec, needed, sizeof(needed), e) < 0)
		return -1;
	dir = make_leaf(c, c->cgroup_root, needed, e);
	if (dir < 0)
		return -1;
	if (write_limits(c, dir, e) < 0 || cgroup_devices_restrict(c, dir, e) < 0) {
		cgroup_remove_in(
			c->cgroup_root, c->cgroup, &(struct cgroup_claim){.fd = dir}, &ignored);
		close(dir);
		return -1;
	}
	c->cgroup_fd = dir;
	events_fact(c, "path", "%s", c->cgroup);
	return 0;
}
