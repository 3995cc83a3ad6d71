/* mounts_prepare.c: detached mounts, see mounts_prepare.h. go/mounts_prepare.go does the same. */
#include "mounts_prepare.h"

#include "events.h"
#include "mount_options.h"
#include "mounts_cgroup.h"
#include "mounts_syscalls.h"
#include "rootfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What the options of one mount come to, in the terms of mount_setattr(2). */
struct folded {
	uint64_t set, clear;
	uint64_t propagation; /* MS_PRIVATE, ... with MS_REC; 0: as it is, which is private */
	bool recursive;	      /* rbind */
	bool has_mode;
};

static struct folded mounts_fold(const struct spec_mount *mount)
{
	struct folded f = {0};

	for (size_t i = 0; i < mount->options.n; i++) {
		const char *option = mount->options.v[i];
		const struct mount_option *o = mount_option_find(mount->type, option);

		if (!o)
			continue; /* refused by the spec's reader */
		if (o->class == OPTION_ATTR) {
			f.set = (f.set & ~o->clear) | o->set;
			f.clear |= o->clear;
		}
		if (o->class == OPTION_PROPAGATION)
			f.propagation = o->set;
		if (o->class == OPTION_BIND)
			f.recursive = o->set & MS_REC;
		if (o->class == OPTION_PARAMETER && strncmp(option, "mode=", 5) == 0)
			f.has_mode = true;
	}
	return f;
}

/* What must be new for the container so that a user namespace may mount the type. */
static const char *mounts_own_namespace(const char *type)
{
	static const struct {
		const char *type, *namespace;
	} table[] = {
		{"proc", "pid"}, {"sysfs", "network"}, {"mqueue", "ipc"}, {"cgroup", "cgroup"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].type, type) == 0)
			return table[i].namespace;
	return NULL;
}

/* The kernel's own words about the file system, if it has any: fsopen(2), "e tmpfs: Bad ...". */
static int mounts_explain(int fs, const char *type, struct error *e)
{
	const char *namespace = mounts_own_namespace(type);
	char words[200];
	ssize_t n = read(fs, words, sizeof(words) - 1);

	if (n > 2) {
		words[n] = '\0';
		words[strcspn(words, "\n")] = '\0';
		return error_hint(e, "the kernel says: %s", words + 2);
	}
	if (e->errnum == EPERM && namespace)
		return error_hint(
			e, "in a user namespace this needs a %s namespace of its own", namespace);
	return -1;
}

/* Sets one parameter of the file system: "size=65536k", or a flag such as "newinstance". */
static int mounts_parameter(
	struct container *c, int fs, const char *type, const char *option, struct error *e)
{
	size_t key_length = strcspn(option, "=");
	const char *value = option[key_length] ? option + key_length + 1 : NULL;
	char key[32];

	snprintf(key, sizeof(key), "%.*s", (int)key_length, option);
	events_call(c, "fsconfig(\"%s\")", option);
	if (fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0) {
		error_sys(e, "setting %s of a new %s", option, type);
		return mounts_explain(fs, type, e);
	}
	return 0;
}

static int mounts_parameters(struct container *c, int fs, const char *type,
	const struct strings *options, struct error *e)
{
	for (size_t i = 0; options && i < options->n; i++) {
		const struct mount_option *o = mount_option_find(type, options->v[i]);

		if (o && o->class == OPTION_PARAMETER &&
			mounts_parameter(c, fs, type, options->v[i], e) < 0)
			return -1;
	}
	return 0;
}

int mounts_filesystem(struct container *c, const char *type, const char *source,
	const struct strings *options, const char *mode, uint64_t attr, struct error *e)
{
	/* OCI's "cgroup" is the kernel's cgroup or cgroup2; version 2 is all that we support. */
	const char *name = strcmp(type, "cgroup") == 0 ? "cgroup2" : type;
	int fs, fd = -1;

	events_call(c, "fsopen(\"%s\")", name);
	fs = fsopen(name, FSOPEN_CLOEXEC);
	if (fs < 0)
		return error_sys(e, "opening file system %s", name);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0) {
		error_sys(e, "setting the source of a new %s", type);
		goto out;
	}
	if (mode[0] && mounts_parameter(c, fs, type, mode, e) < 0)
		goto out;
	if (mounts_parameters(c, fs, type, options, e) < 0)
		goto out;
	if (strcmp(type, "cgroup") == 0 && mounts_cgroup_options(c, fs, e) < 0)
		goto out;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		error_sys(e, "making a new %s", type);
		mounts_explain(fs, type, e);
		goto out;
	}
	events_call(c, "fsmount(0x%" PRIx64 ")", attr);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attr);
	if (fd < 0) {
		error_sys(e, "mounting a new %s", type);
		mounts_explain(fs, type, e);
	}
out:
	close(fs);
	return fd;
}

/* True when path is dir or lies below it; *rest is then what follows, "/" for dir itself. */
static bool mounts_is_below(const char *path, const char *dir, const char **rest)
{
	size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return false;
	*rest = path[n] ? path + n : "/";
	return true;
}

/*
 * A tmpfs without mode= takes the mode of the directory that it covers, as runc and crun have it.
 * That directory is in the rootfs, or in the last mount before this one that lies above it.
 */
static void mounts_covered_mode(
	const struct mounts *m, const struct mount_entry *entry, char mode[16])
{
	const char *rest = entry->spec->destination;
	int layer = m->root, fd;
	struct stat st;

	for (const struct mount_entry *other = m->entries; other < entry; other++)
		if (mounts_is_below(entry->spec->destination, other->spec->destination, &rest))
			layer = other->fd;
	fd = rootfs_open(layer, rest, O_DIRECTORY, RESOLVE_BELOW);
	if (fd < 0)
		return; /* it will be made: the file system's own default stands */
	if (fstat(fd, &st) == 0)
		snprintf(mode, 16, "mode=%04o", st.st_mode & 07777);
	close(fd);
}

static int mounts_prepare_filesystem(struct container *c, struct mounts *m,
	struct mount_entry *entry, const struct folded *f, struct error *e)
{
	const struct spec_mount *mount = entry->spec;
	bool tmpfs = strcmp(mount->type, "tmpfs") == 0;
	uint64_t attr = f->set;
	char mode[16] = "";

	entry->is_dir = true;
	if (tmpfs && !f->has_mode)
		mounts_covered_mode(m, entry, mode);
	if (tmpfs && (attr & MOUNT_ATTR_RDONLY)) {
		entry->seal = true;
		attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	entry->fd =
		mounts_filesystem(c, mount->type, mount->source, &mount->options, mode, attr, e);
	return entry->fd < 0 ? -1 : 0;
}

/*
 * The source is a path of the host and trusted, links and all. Attributes are changed one by one
 * and never cleared unless an option says so: nosuid, nodev, noexec and ro of the source stay,
 * which a user namespace could not clear anyway (mount_namespaces(7), locked flags).
 */
static int mounts_prepare_bind(
	struct container *c, struct mount_entry *entry, const struct folded *f, struct error *e)
{
	const struct spec_mount *mount = entry->spec;
	struct mount_attr attr = {.attr_set = f->set, .attr_clr = f->clear};
	struct stat st;

	events_call(c, "open_tree(\"%s\", OPEN_TREE_CLONE%s)", mount->source,
		f->recursive ? "|AT_RECURSIVE" : "");
	entry->fd = open_tree(AT_FDCWD, mount->source,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (f->recursive ? AT_RECURSIVE : 0));
	if (entry->fd < 0) {
		error_sys(e, "binding %s", mount->source);
		if (errno == EINVAL && !f->recursive)
			error_hint(e, "it has mounts below it that a user namespace may not leave "
				      "out; use rbind");
		return -1;
	}
	if (fstat(entry->fd, &st) < 0)
		return error_sys(e, "reading the type of %s", mount->source);
	entry->is_dir = S_ISDIR(st.st_mode);
	if ((f->set || f->clear) && sys_setattr(entry->fd, 0, &attr) < 0)
		return error_sys(e, "setting the options of %s", mount->source);
	return 0;
}

static int mounts_prepare_one(
	struct container *c, struct mounts *m, struct mount_entry *entry, struct error *e)
{
	struct folded f = mounts_fold(entry->spec);
	struct mount_attr attr = {.propagation = f.propagation & ~(uint64_t)MS_REC};
	unsigned int recursive = (f.propagation & MS_REC) ? AT_RECURSIVE : 0;
	int rc = strcmp(entry->spec->type, "bind") == 0
			 ? mounts_prepare_bind(c, entry, &f, e)
			 : mounts_prepare_filesystem(c, m, entry, &f, e);

	if (rc < 0)
		return -1;
	if (f.propagation && sys_setattr(entry->fd, recursive, &attr) < 0)
		return error_sys(e, "setting the propagation of %s", entry->spec->destination);
	if (strcmp(entry->spec->type, "devpts") == 0)
		m->devpts = entry->fd;
	if (strcmp(entry->spec->destination, "/dev") == 0)
		m->dev = strcmp(entry->spec->type, "tmpfs") == 0 ? entry : NULL;
	return 0;
}

int mounts_prepare(struct container *c, struct mounts *m, struct error *e)
{
	m->entries = calloc(c->spec->mounts_n + 1, sizeof(*m->entries));
	if (!m->entries)
		return error_sys(e, "making room for the mounts");
	for (; m->n < c->spec->mounts_n; m->n++) {
		m->entries[m->n].spec = &c->spec->mounts[m->n];
		m->entries[m->n].fd = -1;
		if (mounts_prepare_one(c, m, &m->entries[m->n], e) < 0) {
			m->n++;
			return -1;
		}
	}
	return m->dev ? devices_create(c, m->dev->fd, m->device_fds, e) : 0;
}

/*
 * pivot_root(2) wants a mount, so the directory becomes one: a copy of the mount it lies on. With
 * AT_RECURSIVE, as runc and crun bind it: somebody may have mounted /usr below it, and a user
 * namespace may not leave such a mount out to see what it hides (EINVAL).
 */
int mounts_prepare_root(struct container *c, struct mounts *m, struct error *e)
{
	struct stat st;

	events_call(c, "open_tree(\"%s\", OPEN_TREE_CLONE|AT_RECURSIVE)", c->rootfs);
	m->root =
		open_tree(AT_FDCWD, c->rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (m->root < 0) {
		error_sys(e, "opening rootfs %s", c->rootfs);
		if (errno == ENOENT)
			error_hint(e, "`make rootfs` makes build/rootfs");
		if (errno == EACCES)
			error_hint(e,
				"root of the container's user namespace is nobody special here: "
				"each directory on the way needs x for others");
		return -1;
	}
	if (fstat(m->root, &st) < 0)
		return error_sys(e, "reading the type of rootfs %s", c->rootfs);
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return error_sys(e, "opening rootfs %s", c->rootfs);
	}
	events_fact(c, "root", "%s", c->rootfs);
	return 0;
}
