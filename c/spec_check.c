/*
 * spec_check.c: what no single object of the spec can say: rules between them.
 * go/spec_check.go has the same rules in the same order.
 */
#include "capabilities.h"
#include "identity.h"
#include "spec_read.h"

#include <unistd.h>

/* Something in the spec that only makes sense in a namespace made new for the container. */
struct need {
	const char *field;
	bool (*used)(const struct spec *s);
	enum namespace_id namespace;
};

static bool uses_hostname(const struct spec *s)
{
	return s->hostname;
}

static bool uses_readonly_root(const struct spec *s)
{
	return s->root.readonly;
}

static bool uses_mounts(const struct spec *s)
{
	return s->mounts_n > 0;
}

static bool uses_masked_paths(const struct spec *s)
{
	return s->masked_paths.n > 0;
}

static bool uses_readonly_paths(const struct spec *s)
{
	return s->readonly_paths.n > 0;
}

static bool uses_uid_mappings(const struct spec *s)
{
	return s->uid_mappings_n > 0;
}

static bool uses_gid_mappings(const struct spec *s)
{
	return s->gid_mappings_n > 0;
}

static bool uses_veth(const struct spec *s)
{
	return s->has_veth;
}

/* Without them the host itself would get the name, the mounts or the address. */
static const struct need needs[] = {
	{"hostname", uses_hostname, NS_UTS},
	{"root.readonly", uses_readonly_root, NS_MOUNT},
	{"mounts", uses_mounts, NS_MOUNT},
	{"linux.maskedPaths", uses_masked_paths, NS_MOUNT},
	{"linux.readonlyPaths", uses_readonly_paths, NS_MOUNT},
	{"linux.uidMappings", uses_uid_mappings, NS_USER},
	{"linux.gidMappings", uses_gid_mappings, NS_USER},
	{"veth", uses_veth, NS_NETWORK},
};

static int check_needs(const struct where *at, const struct spec *s, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct need *need = &needs[i];
		const char *name = namespace_kinds[need->namespace].name;

		if (!need->used(s) || spec_makes(s, need->namespace))
			continue;
		spec_refuse(
			&(struct where){at, need->field, 0}, e, "needs a new %s namespace", name);
		return error_hint(
			e, "add { \"type\": \"%s\" } to linux.namespaces, without a path", name);
	}
	return 0;
}

/* What the kernel refuses with no more than EINVAL: map_write() in kernel/user_namespace.c. */
static int check_map_bytes(const struct where *at, const char *file, const struct spec_idmap *maps,
	size_t n, struct error *e)
{
	char text[IDENTITY_TEXT_MAX];
	long most = sysconf(_SC_PAGESIZE) - 1;
	size_t bytes = identity_text(maps, n, text);

	if (bytes <= (size_t)most)
		return 0;
	spec_refuse(
		at, e, "makes %zu bytes of %s; the kernel takes %ld at most", bytes, file, most);
	return error_hint(e, "use fewer ranges: those that follow each other on both sides can be "
			     "one");
}

/* A new user namespace without maps would leave the container with nobody's ids. */
static int check_maps(const struct where *at, const struct spec *s, struct error *e)
{
	struct where uids = {at, "linux.uidMappings", 0}, gids = {at, "linux.gidMappings", 0};

	if (!spec_makes(s, NS_USER))
		return 0;
	if (s->uid_mappings_n == 0)
		return spec_refuse(&uids, e, "missing: a new user namespace needs it");
	if (s->gid_mappings_n == 0)
		return spec_refuse(&gids, e, "missing: a new user namespace needs it");
	if (check_map_bytes(&uids, "uid_map", s->uid_mappings, s->uid_mappings_n, e) < 0)
		return -1;
	return check_map_bytes(&gids, "gid_map", s->gid_mappings, s->gid_mappings_n, e);
}

static bool is_mapped(const struct spec_idmap *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
			return true;
	}
	return false;
}

/* In a new user namespace an id that is not mapped cannot be taken (setresuid(2): EINVAL). */
static int check_user(const struct where *at, const struct spec *s, struct error *e)
{
	struct where gids = {at, "process.user.additionalGids", 0};

	if (!spec_makes(s, NS_USER))
		return 0;
	if (!is_mapped(s->uid_mappings, s->uid_mappings_n, s->process.uid))
		return spec_refuse(&(struct where){at, "process.user.uid", 0}, e,
			"%u is not in linux.uidMappings", s->process.uid);
	if (!is_mapped(s->gid_mappings, s->gid_mappings_n, s->process.gid))
		return spec_refuse(&(struct where){at, "process.user.gid", 0}, e,
			"%u is not in linux.gidMappings", s->process.gid);
	for (size_t i = 0; i < s->process.additional_gids_n; i++) {
		uint32_t gid = s->process.additional_gids[i];

		if (!is_mapped(s->gid_mappings, s->gid_mappings_n, gid))
			return spec_refuse(&(struct where){&gids, NULL, i}, e,
				"%u is not in linux.gidMappings", gid);
	}
	return 0;
}

/* What capset(2) and PR_CAP_AMBIENT would refuse: each set lies within another. */
static int check_capabilities(const struct where *at, const struct spec *s, struct error *e)
{
	const struct spec_capabilities *c = &s->process.capabilities;
	const struct {
		const char *name, *within;
		uint64_t set, limit;
	} rules[] = {
		{"effective", "permitted", c->effective, c->permitted},
		{"inheritable", "bounding", c->inheritable, c->bounding},
		{"ambient", "permitted", c->ambient, c->permitted},
		{"ambient", "inheritable", c->ambient, c->inheritable},
	};
	struct where capabilities = {at, "process.capabilities", 0};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		struct where here = {&capabilities, rules[i].name, 0};
		uint64_t beyond = rules[i].set & ~rules[i].limit;

		if (beyond)
			return spec_refuse(&here, e, "%s is not in %s",
				capability_names[__builtin_ctzll(beyond)], rules[i].within);
	}
	return 0;
}

int spec_check(const struct where *at, const struct spec *s, struct error *e)
{
	if (check_needs(at, s, e) < 0 || check_maps(at, s, e) < 0 || check_user(at, s, e) < 0)
		return -1;
	return check_capabilities(at, s, e);
}
