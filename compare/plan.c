/* plan.c: see plan.h. */
#include "plan.h"

#include "values.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *read_whole(int dirfd, const char *path, size_t *n)
{
	size_t space = 4096, len = 0;
	char *text = NULL;
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	for (;;) {
		char *more = realloc(text, space);
		ssize_t got;

		if (!more)
			break;
		text = more;
		got = read(fd, text + len, space - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (got == 0) {
			close(fd);
			text[len] = '\0';
			if (n)
				*n = len;
			return text;
		}
		len += (size_t)got;
		if (space - len < 2)
			space *= 2;
	}
	int saved = errno;
	close(fd);
	free(text);
	errno = saved;
	return NULL;
}

/* The project is the first directory upwards from this program that has shared/specs. */
static int find_project(struct plan *p, struct error *e)
{
	ssize_t n = readlink("/proc/self/exe", p->bin, sizeof(p->bin) - 1);
	char *slash, probe[PATH_MAX + 16];

	if (n < 0)
		return error_sys(e, "finding this program");
	p->bin[n] = '\0';
	slash = strrchr(p->bin, '/');
	*slash = '\0';
	snprintf(p->root, sizeof(p->root), "%s", p->bin);
	while ((slash = strrchr(p->root, '/'))) {
		snprintf(probe, sizeof(probe), "%s/shared/specs", p->root);
		if (!access(probe, F_OK))
			return 0;
		*slash = '\0';
	}
	if (!getcwd(p->root, sizeof(p->root)))
		return error_sys(e, "finding the working directory");
	return 0;
}

static int join(char *out, const char *dir, const char *name, struct error *e)
{
	if (snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return error_say(e, "%s/%s: path too long", dir, name);
	return 0;
}

/* What the OCI specification says of linux.cgroupsPath, and what cbox does where it is missing. */
static void find_cgroup(struct plan *p)
{
	const char *path = NULL;
	json_t *resources = NULL;

	json_unpack(p->spec, "{s?:{s?:s,s?:o}}", "linux", "cgroupsPath", &path, "resources",
		&resources);
	if (path)
		snprintf(p->cgroup, sizeof(p->cgroup), "%s", path);
	else if (resources)
		snprintf(p->cgroup, sizeof(p->cgroup), "/twinbox/%s", RUN_NAME);
}

static int read_spec(struct plan *p, struct error *e)
{
	json_error_t json;

	p->spec = json_load_file(p->spec_path, JSON_REJECT_DUPLICATES, &json);
	if (!p->spec)
		return error_say(
			e, "%s:%d:%d: %s", p->spec_path, json.line, json.column, json.text);
	if (!json_is_object(p->spec))
		return error_say(e, "%s: not a JSON object", p->spec_path);
	find_cgroup(p);
	json_unpack(p->spec, "{s?:{s?:{s?:s},s?:{s?:s}}}", "veth", "host", "name", &p->host_link,
		"container", "name", &p->peer_link);
	return 0;
}

/* BUILD/compare, and the lock in it. */
static int take_results(struct plan *p, const char *build, struct error *e)
{
	char path[PATH_MAX];

	if ((mkdir(build, 0755) && errno != EEXIST) || (mkdir(p->results, 0755) && errno != EEXIST))
		return error_sys(e, "making %s", p->results);
	if (join(path, p->results, "lock", e))
		return -1;
	p->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->lock < 0)
		return error_sys(e, "opening %s", path);
	if (flock(p->lock, LOCK_EX | LOCK_NB))
		return error_say(e, "another compare is running here (it holds %s)", path);
	return 0;
}

static int make_scratch(struct plan *p, struct error *e)
{
	const char *tmp = getenv("TMPDIR");

	if (join(p->scratch, tmp && *tmp == '/' ? tmp : "/tmp", "twinbox-compare.XXXXXX", e))
		return -1;
	if (!mkdtemp(p->scratch)) {
		error_sys(e, "making a temporary directory %s", p->scratch);
		p->scratch[0] = '\0';
		return -1;
	}
	return 0;
}

int plan_places(struct plan *p, struct error *e)
{
	memset(p, 0, sizeof(*p));
	p->lock = -1;
	return find_project(p, e) || join(p->results, p->root, "build/compare", e) ? -1 : 0;
}

int plan_make(struct plan *p, const char *spec_path, const char *rootfs, struct error *e)
{
	char build[PATH_MAX], path[PATH_MAX];

	if (plan_places(p, e) || join(build, p->root, "build", e))
		return -1;
	if (!spec_path) {
		if (join(path, p->root, "shared/specs/full.json", e))
			return -1;
		spec_path = path;
	}
	if (!realpath(spec_path, p->spec_path))
		return error_sys(e, "finding the spec %s", spec_path);
	if (read_spec(p, e))
		return -1;
	if (!rootfs) {
		if (join(path, build, "rootfs", e))
			return -1;
		rootfs = path;
	}
	if (!realpath(rootfs, p->rootfs)) {
		error_sys(e, "finding the rootfs %s", rootfs);
		return error_hint(e, "`make rootfs` makes it");
	}
	p->host_mounts = read_whole(AT_FDCWD, "/proc/self/mountinfo", NULL);
	if (!p->host_mounts)
		return error_sys(e, "reading /proc/self/mountinfo");
	return take_results(p, build, e) || make_scratch(p, e) ? -1 : 0;
}

int plan_ease(const struct plan *p, struct plan *eased, struct error *e)
{
	json_t *resources;

	*eased = *p;
	eased->spec = json_deep_copy(p->spec);
	resources = json_object_get(json_object_get(eased->spec, "linux"), "resources");
	json_object_del(json_object_get(resources, "cpu"), "quota");
	json_object_del(json_object_get(resources, "unified"), "cpu.max");
	if (join(eased->spec_path, p->scratch, "eased.json", e))
		return -1;
	if (json_dump_file(eased->spec, eased->spec_path, JSON_INDENT(2)))
		return error_say(e, "cannot write %s", eased->spec_path);
	return 0;
}

void plan_free_eased(struct plan *eased)
{
	json_decref(eased->spec);
	eased->spec = NULL;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	remove(path);
	return 0;
}

void plan_free(struct plan *p)
{
	/*
	 * Never through a symbolic link. (FTW_MOUNT would leave files alone: on an overlay their
	 * st_dev is not the directory's.)
	 */
	if (p->scratch[0])
		nftw(p->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (p->lock >= 0)
		close(p->lock);
	json_decref(p->spec);
	free(p->host_mounts);
	memset(p, 0, sizeof(*p));
}

bool plan_namespace(const struct plan *p, const char *type)
{
	json_t *list = json_object_get(json_object_get(p->spec, "linux"), "namespaces"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "type"));

		if (name && !strcmp(name, type))
			return true;
	}
	return false;
}
