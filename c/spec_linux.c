/* spec_linux.c: the spec's object "linux" but for its resources; go/spec_linux.go is its twin. */
#include "spec_read.h"

#include <string.h>

static int read_namespace_type(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char *name = NULL;
	int failed = read_string(at, value, &(struct field){.into = &name}, e);
	int *id = f->into;

	if (!failed) {
		for (*id = 0; *id < NS_COUNT && strcmp(namespace_kinds[*id].name, name) != 0;
			(*id)++)
			;
		if (*id == NS_COUNT)
			failed = spec_refuse(at, e, "no such namespace: %s", json_shown(name).text);
	}
	free(name);
	return failed;
}

static int read_namespace(const struct where *at, json_t *value, struct spec *s, struct error *e)
{
	int id = NS_COUNT;
	char *path = NULL;
	const struct field fields[] = {
		{"type", read_namespace_type, &id, 0, 0, true},
		{"path", read_path, &path, 0, 0, false},
	};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0) {
		free(path);
		return -1;
	}
	if (s->namespaces[id].wanted) {
		free(path);
		return spec_refuse(at, e, "%s is listed twice", namespace_kinds[id].name);
	}
	s->namespaces[id] = (struct spec_namespace){true, path};
	return 0;
}

static int read_namespaces(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	json_t *element;
	size_t i;

	if (!json_is_array(value))
		return spec_refuse_type(at, value, "an array", e);
	json_array_foreach(value, i, element)
	{
		if (read_namespace(&(struct where){at, NULL, i}, element, f->into, e) < 0)
			return -1;
	}
	return 0;
}

static int mapping_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	struct spec_idmap *m = place;
	const struct field fields[] = {
		{"containerID", read_u32, &m->container_id, 0, UINT32_MAX - 1, true},
		{"hostID", read_u32, &m->host_id, 0, UINT32_MAX - 1, true},
		{"size", read_u32, &m->size, 1, UINT32_MAX, true},
	};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	if ((uint64_t)m->container_id + m->size > UINT32_MAX ||
		(uint64_t)m->host_id + m->size > UINT32_MAX)
		return spec_refuse(at, e, "goes beyond the last id, 4294967294");
	return 0;
}

/* True when [a, a+n) and [b, b+m) have a number in common. */
static bool overlap(uint64_t a, uint64_t n, uint64_t b, uint64_t m)
{
	return a < b + m && b < a + n;
}

/* No id twice on either side: the kernel would refuse the map with no more than EINVAL. */
static int check_overlap(
	const struct where *at, const struct spec_idmap *maps, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct spec_idmap *a = &maps[i], *b = &maps[j];
			struct where here = {at, NULL, i};

			if (overlap(a->container_id, a->size, b->container_id, b->size))
				return spec_refuse(
					&here, e, "container ids overlap with element %zu", j);
			if (overlap(a->host_id, a->size, b->host_id, b->size))
				return spec_refuse(
					&here, e, "host ids overlap with element %zu", j);
		}
	}
	return 0;
}

static int read_mappings(const struct where *at, json_t *value, const struct field *f,
	struct spec_idmap **maps, size_t *n, struct error *e)
{
	void *list = NULL;
	int failed = read_list(at, value, f, &list, n, sizeof(**maps), mapping_element, e);

	*maps = list;
	return failed ? failed : check_overlap(at, *maps, *n, e);
}

static int read_uid_mappings(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;

	return read_mappings(at, value, f, &s->uid_mappings, &s->uid_mappings_n, e);
}

static int read_gid_mappings(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;

	return read_mappings(at, value, f, &s->gid_mappings, &s->gid_mappings_n, e);
}

static bool is_systemd_path(const char *path)
{
	const char *first = strchr(path, ':');

	return path[0] != '/' && first && strchr(first + 1, ':');
}

static int read_cgroups_path(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char **path = f->into;

	if (json_is_string(value) && is_systemd_path(json_string_value(value))) {
		spec_refuse(
			at, e, "systemd's form slice:prefix:name is not supported by this runtime");
		return error_hint(e, "give a path below the cgroup mount, such as /twinbox/demo");
	}
	if (read_path(at, value, f, e) < 0)
		return -1;
	if (strcmp(*path, "/") == 0)
		return spec_refuse(at, e, "must not be the root cgroup");
	return 0;
}

/* maskedPaths, readonlyPaths: places in the container that get a mount each. */
static int read_covered_paths(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	const struct strings *paths = f->into;

	if (read_paths(at, value, f, e) < 0)
		return -1;
	for (size_t i = 0; i < paths->n; i++) {
		if (spec_refuse_root(&(struct where){at, NULL, i}, paths->v[i], e) == 0)
			continue;
		if (strcmp(f->name, "readonlyPaths") == 0)
			error_hint(e, "add \"readonly\": true to root, which makes the root "
				      "itself read-only");
		return -1;
	}
	return 0;
}

int spec_read_linux(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"namespaces", read_namespaces, s, 0, 0, false},
		{"uidMappings", read_uid_mappings, s, 1, MAPPINGS_MAX, false},
		{"gidMappings", read_gid_mappings, s, 1, MAPPINGS_MAX, false},
		{"cgroupsPath", read_cgroups_path, &s->cgroups_path, 0, 0, false},
		{"resources", spec_read_resources, s, 0, 0, false},
		{"maskedPaths", read_covered_paths, &s->masked_paths, 0, 0, false},
		{"readonlyPaths", read_covered_paths, &s->readonly_paths, 0, 0, false},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}
