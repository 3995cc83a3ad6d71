/*
 * bundle.c: see bundle.h. What is changed here is what a twin takes from its command line
 * (rootfs, command, no terminal on a pipe), and what a reference cannot know (column->drops).
 */
#include "bundle.h"

#include <string.h>

static void drop_namespaces(json_t *spec, const char *const *drops)
{
	json_t *list = json_object_get(json_object_get(spec, "linux"), "namespaces");

	for (; *drops; drops++) {
		for (size_t i = json_array_size(list); i-- > 0;) {
			json_t *type = json_object_get(json_array_get(list, i), "type");

			if (json_is_string(type) && !strcmp(json_string_value(type), *drops))
				json_array_remove(list, i);
		}
	}
}

/* The object called name in parent, made where it is missing. */
static json_t *object(json_t *parent, const char *name)
{
	json_t *o = json_object_get(parent, name);

	if (!json_is_object(o)) {
		o = json_object();
		json_object_set_new(parent, name, o);
	}
	return o;
}

int bundle_write(const struct plan *p, const struct column *c, const char *const command[],
	const char *dir, struct error *e)
{
	json_t *spec = json_deep_copy(p->spec), *args = json_array();
	char path[PATH_MAX];
	int result = 0;

	for (; *command; command++)
		json_array_append_new(args, json_string(*command));
	json_object_set_new(object(spec, "process"), "args", args);
	json_object_set_new(object(spec, "process"), "terminal", json_false());
	json_object_set_new(object(spec, "root"), "path", json_string(p->rootfs));
	if (p->cgroup[0])
		json_object_set_new(object(spec, "linux"), "cgroupsPath", json_string(p->cgroup));
	json_object_del(spec, "veth");
	drop_namespaces(spec, c->drops);

	if (snprintf(path, sizeof(path), "%s/config.json", dir) >= (int)sizeof(path) ||
		json_dump_file(spec, path, JSON_INDENT(2)))
		result = error_say(e, "cannot write %s", path);
	json_decref(spec);
	return result;
}
