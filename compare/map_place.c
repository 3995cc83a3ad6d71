/*
 * map_place.c: where the programs of `compare map` run.
 *
 * In a mount namespace of its own whose mounts are shared, as systemd leaves those of a machine:
 * only there does it show who makes them private. Nothing reaches the host: they are made slaves
 * of its mounts first (mount_namespaces(7)).
 */
#include "map.h"

#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270 /* statfs(2) */

static int share_mounts(struct error *e)
{
	if (unshare(CLONE_NEWNS))
		return error_sys(e, "making a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
		mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL))
		return error_sys(e, "making mounts shared");
	return 0;
}

/* Any user may read and run it. */
static int copy_program(const char *from, const char *to, struct error *e)
{
	size_t n;
	char *bytes = read_whole(AT_FDCWD, from, &n);
	int fd = bytes ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755) : -1;
	ssize_t done = fd >= 0 ? write(fd, bytes, n) : -1;

	free(bytes);
	if (fd >= 0 && (fchmod(fd, 0755) || close(fd)))
		done = -1;
	if (done < 0 || (size_t)done != n)
		return error_sys(e, "copying %s to %s", from, to);
	return 0;
}

static int make_cgroup(struct map_place *p, struct error *e)
{
	struct statfs fs;
	char path[PATH_MAX];

	if (statfs(CGROUP_MOUNT, &fs) || fs.f_type != CGROUP2_MAGIC) {
		error_say(e, "there is no cgroup v2 at " CGROUP_MOUNT);
		return error_hint(e, "`make map` finds a place that has it");
	}
	snprintf(path, sizeof(path), CGROUP_MOUNT "/twinbox-map.%d", getpid());
	if (mkdir(path, 0755))
		return error_sys(e, "making %s", path);
	snprintf(p->cgroup, sizeof(p->cgroup), "%s", path);
	return 0;
}

static int read_version(struct map_place *p, struct error *e)
{
	char path[PATH_MAX + 32], *text;

	snprintf(path, sizeof(path), "%s/go/version", p->programs);
	text = read_whole(AT_FDCWD, path, NULL);
	if (!text) {
		error_sys(e, "reading %s", path);
		return error_hint(e, "`make map` builds the programs");
	}
	snprintf(p->go, sizeof(p->go), "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

int map_place_make(struct map_place *p, const char *programs, struct error *e)
{
	char from[PATH_MAX + 32], to[PATH_MAX + 32], dir[] = "/tmp/twinbox-map.XXXXXX";
	char version[32];

	memset(p, 0, sizeof(*p));
	snprintf(p->programs, sizeof(p->programs), "%s", programs);
	p->strace = trace_strace(version, e);
	if (!p->strace || read_version(p, e) || share_mounts(e))
		return -1;
	if (!mkdtemp(dir))
		return error_sys(e, "making %s", dir);
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	snprintf(p->root, sizeof(p->root), "%s/root", dir);
	/* The child may be another user. */
	if (chmod(p->dir, 0755) || mkdir(p->root, 0755))
		return error_sys(e, "making %s", p->root);
	snprintf(from, sizeof(from), "%s/c/child", programs);
	snprintf(to, sizeof(to), "%s/child", p->root);
	if (copy_program(from, to, e))
		return -1;
	return make_cgroup(p, e);
}

void map_place_free(struct map_place *p)
{
	char path[PATH_MAX + 32];

	if (p->cgroup[0])
		rmdir(p->cgroup);
	if (p->dir[0]) {
		snprintf(path, sizeof(path), "%s/child", p->root);
		unlink(path);
		rmdir(p->root);
		snprintf(path, sizeof(path), "%s/strace", p->dir);
		unlink(path);
		rmdir(p->dir);
	}
	memset(p, 0, sizeof(*p));
}
