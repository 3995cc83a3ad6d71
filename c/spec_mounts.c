/* spec_mounts.c: the spec's list "mounts"; go/spec_mounts.go is its twin. */
#include "mount_options.h"
#include "spec_read.h"

#include <string.h>

static const char *const mount_types[] = {
	"bind",
	"cgroup",
	"devpts",
	"mqueue",
	"proc",
	"sysfs",
	"tmpfs",
};

static int read_mount_type(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char **type = f->into;

	if (read_string(at, value, f, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(mount_types); i++) {
		if (strcmp(mount_types[i], *type) == 0)
			return 0;
	}
	return spec_refuse(
		at, e, "mount type %s is not supported by this runtime", json_shown(*type).text);
}

/* Each option known for this type, its value as the option wants it. */
static int check_options(const struct where *at, const struct spec_mount *m, struct error *e)
{
	struct where options = {at, "options", 0};
	bool bind = false;

	for (size_t i = 0; i < m->options.n; i++) {
		const char *option = m->options.v[i];
		const struct mount_option *o = mount_option_find(m->type, option);
		struct where here = {&options, NULL, i};

		if (!o)
			return spec_refuse(&here, e, "%s mounts have no option %s", m->type,
				json_shown(option).text);
		if (!mount_option_valid(o, option))
			return spec_refuse(&here, e, "bad value: %s", json_shown(option).text);
		bind |= o->class == OPTION_BIND;
	}
	/* Other runtimes know a bind mount by its options alone (OCI config.md, "Mounts"). */
	if (strcmp(m->type, "bind") == 0 && !bind)
		return spec_refuse(&options, e, "a bind mount needs the option bind or rbind");
	return 0;
}

static int check_source(const struct where *at, struct spec_mount *m, struct error *e)
{
	struct where source = {at, "source", 0};

	if (!m->source && strcmp(m->type, "bind") == 0)
		return spec_refuse(&source, e, "missing");
	if (!m->source)
		m->source = strdup(m->type);
	if (!m->source)
		return spec_no_memory(at, e);
	if (strcmp(m->type, "bind") == 0 && m->source[0] != '/')
		return spec_refuse(&source, e, "must be an absolute path");
	return 0;
}

static int mount_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	struct spec_mount *m = place;
	const struct field fields[] = {
		{"destination", read_path, &m->destination, 0, 0, true},
		{"type", read_mount_type, &m->type, 1, 0, true},
		{"source", read_string, &m->source, 1, 4095, false},
		{"options", read_strings, &m->options, 0, 0, false},
	};

	if (read_object(at, value, fields, ARRAY_SIZE(fields), e) < 0)
		return -1;
	if (spec_refuse_root(&(struct where){at, "destination", 0}, m->destination, e) < 0)
		return -1;
	if (check_source(at, m, e) < 0)
		return -1;
	return check_options(at, m, e);
}

int spec_read_mounts(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	void *list = NULL;
	int failed = read_list(
		at, value, f, &list, &s->mounts_n, sizeof(struct spec_mount), mount_element, e);

	s->mounts = list;
	return failed;
}
