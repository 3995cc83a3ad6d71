/* gc_scene.h: what a runtime leaves behind, for the tests of gc, cleanup and list. */
#ifndef TWINBOX_TEST_GC_SCENE_H
#define TWINBOX_TEST_GC_SCENE_H

#include "state_scene.h"

#include "gc.h"

#include <net/if.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>

static char *told; /* what gc_all() printed last */

static inline int run_gc(bool dry_run, struct error *e)
{
	size_t size;
	FILE *out;
	int failed;

	free(told);
	told = NULL;
	out = open_memstream(&told, &size);
	failed = gc_all(dry_run, out, e);
	fclose(out);
	return failed;
}

static inline int teardown(void **unused)
{
	free(told);
	told = NULL;
	return scene_clear(unused);
}

/* What a runtime does before it is killed half-way. */
struct left {
	const char *name;
	const char *cgroup;
	const char *link;
	const char *pid_file;
	pid_t pid; /* 0: killed before it had a process */
	bool lie;  /* the pid is by now another process's */
};

static inline struct container container_of(const struct left *left, struct spec *spec)
{
	struct container c = scene_container(left->name);

	*spec = scene_spec;
	c.spec = spec;
	c.pid_file = left->pid_file;
	if (left->cgroup)
		snprintf(c.cgroup, sizeof(c.cgroup), "%s", left->cgroup);
	spec->has_veth = left->link != NULL;
	spec->veth.host.name = (char *)left->link;
	return c;
}

static inline void leave(void *argument)
{
	struct left *left = argument;
	struct spec spec;
	struct container c = container_of(left, &spec);
	struct error e;

	if (state_create(&c, &e) < 0)
		_exit(1);
	c.pid = left->lie ? getpid() : left->pid;
	if (c.pid > 0 && state_update(&c, &e) < 0)
		_exit(1);
}

static inline const char *cgroup_name(const char *more)
{
	static char names[4][64];
	static int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "/twinbox-test-%d%s", getpid(), more);
	return name;
}

static inline const char *cgroup_full(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), CGROUP_ROOT "%s", name);
	return path;
}

/* address: NULL for one of the kernel's choice. */
static inline void make_link(const char *name, const char *address)
{
	char command[128];

	snprintf(command, sizeof(command), "ip link add %s %s %s type veth peer name peer-of-it",
		name, address ? "address" : "", address ? address : "");
	assert_int_equal(system(command), 0);
}

#endif
