/* spec_print.c: the normalised spec, as `check` shows it; go/spec_print.go is its twin. */
#include "capabilities.h"
#include "json.h"
#include "rlimits.h"
#include "spec.h"

#include <errno.h>

/* The tree under way. jansson gives NULL where memory is short, and put() then remembers it. */
struct tree {
	bool failed;
};

static void put(struct tree *t, json_t *object, const char *key, json_t *value)
{
	t->failed |= json_object_set_new_nocheck(object, key, value) < 0;
}

static void add(struct tree *t, json_t *array, json_t *value)
{
	t->failed |= json_array_append_new(array, value) < 0;
}

/* Only what is there: an empty object or list is left out. */
static void put_filled(struct tree *t, json_t *object, const char *key, json_t *value)
{
	if (value && json_object_size(value) == 0 && json_array_size(value) == 0)
		json_decref(value);
	else
		put(t, object, key, value);
}

static void put_string(struct tree *t, json_t *object, const char *key, const char *text)
{
	if (text)
		put(t, object, key, json_string_nocheck(text));
}

static void put_integer(struct tree *t, json_t *object, const char *key, int64_t number)
{
	put(t, object, key, json_integer(number));
}

static void put_number(struct tree *t, json_t *object, const char *key, struct spec_number number)
{
	if (number.given)
		put_integer(t, object, key, number.value);
}

static void put_bool(struct tree *t, json_t *object, const char *key, bool value)
{
	put(t, object, key, json_boolean(value));
}

static json_t *strings_tree(struct tree *t, const struct strings *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		add(t, array, json_string_nocheck(list->v[i]));
	return array;
}

static json_t *key_values_tree(struct tree *t, const struct spec_key_values *list)
{
	json_t *object = json_object();

	for (size_t i = 0; i < list->n; i++)
		put_string(t, object, list->v[i].key, list->v[i].value);
	return object;
}

static json_t *root_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object();

	put_string(t, o, "path", s->root.path);
	put_bool(t, o, "readonly", s->root.readonly);
	return o;
}

static json_t *user_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object(), *gids = json_array();

	for (size_t i = 0; i < s->process.additional_gids_n; i++)
		add(t, gids, json_integer(s->process.additional_gids[i]));
	put_filled(t, o, "additionalGids", gids);
	put_integer(t, o, "gid", s->process.gid);
	put_integer(t, o, "uid", s->process.uid);
	return o;
}

static json_t *capability_set_tree(struct tree *t, uint64_t set)
{
	json_t *array = json_array();

	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		if (set & 1ULL << i)
			add(t, array, json_string_nocheck(capability_names[i]));
	}
	return array;
}

static json_t *capabilities_tree(struct tree *t, const struct spec_capabilities *c)
{
	json_t *o = json_object();

	put(t, o, "ambient", capability_set_tree(t, c->ambient));
	put(t, o, "bounding", capability_set_tree(t, c->bounding));
	put(t, o, "effective", capability_set_tree(t, c->effective));
	put(t, o, "inheritable", capability_set_tree(t, c->inheritable));
	put(t, o, "permitted", capability_set_tree(t, c->permitted));
	return o;
}

static json_t *rlimits_tree(struct tree *t, const struct spec *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->process.rlimits_n; i++) {
		const struct spec_rlimit *r = &s->process.rlimits[i];
		json_t *o = json_object();

		put_integer(t, o, "hard", (int64_t)r->hard);
		put_integer(t, o, "soft", (int64_t)r->soft);
		put_string(t, o, "type", rlimit_names[r->resource]);
		add(t, array, o);
	}
	return array;
}

static json_t *process_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object();

	put(t, o, "args", strings_tree(t, &s->process.args));
	if (s->process.capabilities.given)
		put(t, o, "capabilities", capabilities_tree(t, &s->process.capabilities));
	put_string(t, o, "cwd", s->process.cwd);
	put_filled(t, o, "env", strings_tree(t, &s->process.env));
	put_bool(t, o, "noNewPrivileges", s->process.no_new_privileges);
	put_number(t, o, "oomScoreAdj", s->process.oom_score_adj);
	put_filled(t, o, "rlimits", rlimits_tree(t, s));
	put_bool(t, o, "terminal", s->process.terminal);
	put(t, o, "user", user_tree(t, s));
	return o;
}

static json_t *mounts_tree(struct tree *t, const struct spec *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->mounts_n; i++) {
		const struct spec_mount *m = &s->mounts[i];
		json_t *o = json_object();

		put_string(t, o, "destination", m->destination);
		put_filled(t, o, "options", strings_tree(t, &m->options));
		put_string(t, o, "source", m->source);
		put_string(t, o, "type", m->type);
		add(t, array, o);
	}
	return array;
}

static json_t *namespaces_tree(struct tree *t, const struct spec *s)
{
	json_t *array = json_array();

	for (int id = 0; id < NS_COUNT; id++) {
		json_t *o;

		if (!s->namespaces[id].wanted)
			continue;
		o = json_object();
		put_string(t, o, "path", s->namespaces[id].path);
		put_string(t, o, "type", namespace_kinds[id].name);
		add(t, array, o);
	}
	return array;
}

static json_t *mappings_tree(struct tree *t, const struct spec_idmap *maps, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		put_integer(t, o, "containerID", maps[i].container_id);
		put_integer(t, o, "hostID", maps[i].host_id);
		put_integer(t, o, "size", maps[i].size);
		add(t, array, o);
	}
	return array;
}

static json_t *resources_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object(), *cpu = json_object(), *memory = json_object();
	json_t *pids = json_object();

	put_number(t, cpu, "period", s->resources.cpu_period);
	put_number(t, cpu, "quota", s->resources.cpu_quota);
	put_number(t, cpu, "shares", s->resources.cpu_shares);
	put_filled(t, o, "cpu", cpu);
	put_number(t, memory, "limit", s->resources.memory_limit);
	put_number(t, memory, "swap", s->resources.memory_swap);
	put_filled(t, o, "memory", memory);
	put_number(t, pids, "limit", s->resources.pids_limit);
	put_filled(t, o, "pids", pids);
	put_filled(t, o, "unified", key_values_tree(t, &s->resources.unified));
	return o;
}

static json_t *linux_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object();

	put_string(t, o, "cgroupsPath", s->cgroups_path);
	put_filled(t, o, "gidMappings", mappings_tree(t, s->gid_mappings, s->gid_mappings_n));
	put_filled(t, o, "maskedPaths", strings_tree(t, &s->masked_paths));
	put_filled(t, o, "namespaces", namespaces_tree(t, s));
	put_filled(t, o, "readonlyPaths", strings_tree(t, &s->readonly_paths));
	if (s->has_resources)
		put(t, o, "resources", resources_tree(t, s));
	put_filled(t, o, "uidMappings", mappings_tree(t, s->uid_mappings, s->uid_mappings_n));
	return o;
}

static void put_address(
	struct tree *t, json_t *object, const char *key, const struct spec_address *a)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%u.%u.%u.%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3]);

	if (a->prefix != 32)
		snprintf(text + n, sizeof(text) - (size_t)n, "/%u", a->prefix);
	if (a->given)
		put_string(t, object, key, text);
}

static json_t *veth_end_tree(struct tree *t, const struct spec_veth_end *end)
{
	json_t *o = json_object();

	put_address(t, o, "address", &end->address);
	put_address(t, o, "gateway", &end->gateway);
	put_string(t, o, "name", end->name);
	return o;
}

static json_t *veth_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object();

	put(t, o, "container", veth_end_tree(t, &s->veth.container));
	put(t, o, "host", veth_end_tree(t, &s->veth.host));
	put_integer(t, o, "mtu", s->veth.mtu);
	return o;
}

static json_t *spec_tree(struct tree *t, const struct spec *s)
{
	json_t *o = json_object();

	put_filled(t, o, "annotations", key_values_tree(t, &s->annotations));
	put_string(t, o, "hostname", s->hostname);
	put_filled(t, o, "linux", linux_tree(t, s));
	put_filled(t, o, "mounts", mounts_tree(t, s));
	put_string(t, o, "ociVersion", s->oci_version);
	put(t, o, "process", process_tree(t, s));
	put(t, o, "root", root_tree(t, s));
	if (s->has_veth)
		put(t, o, "veth", veth_tree(t, s));
	return o;
}

int spec_print(const struct spec *s, FILE *out, struct error *e)
{
	struct tree t = {false};
	json_t *tree = spec_tree(&t, s);
	int failed = !tree || t.failed ? -1 : 0;

	errno = ENOMEM;
	if (!failed)
		failed = json_write(tree, out);
	json_decref(tree);
	if (failed)
		return error_sys(e, "printing the spec");
	return fflush(out) != 0 || ferror(out) ? error_sys(e, "writing the output") : 0;
}
