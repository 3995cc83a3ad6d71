/* state_file.c: see state_file.h. The JSON itself is read and written by json.c. */
#include "state_file.h"

#include "json.h"

#include <string.h>

json_t *state_json(const struct state *s)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "name", s->name,
		"runtime", s->runtime, "pid", (json_int_t)s->pid, "startTime",
		(json_int_t)s->start_time, "created", (json_int_t)s->created, "cgroup", s->cgroup,
		"link", s->link, "linkAddress", s->link_address, "rootfs", s->rootfs, "pidFile",
		s->pid_file);
}

int state_print(const struct state *s, FILE *out, struct error *e)
{
	json_t *value = state_json(s);
	int result = 0;

	if (!value)
		return error_say(e, "a state file can hold only paths in UTF-8");
	if (json_object_set_new(value, "version", json_integer(STATE_VERSION)) < 0 ||
		json_write(value, out) < 0)
		result = error_say(e, "out of memory");
	json_decref(value);
	return result;
}

/* Copies what the file says into s; false where something is missing, unknown or too big. */
static bool unpack(json_t *root, struct state *s)
{
	const char *name, *runtime, *cgroup, *link, *link_address, *rootfs, *pid_file;
	json_int_t version, pid, start_time, created;

	if (json_unpack_ex(root, NULL, JSON_STRICT,
		    "{s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "version", &version,
		    "name", &name, "runtime", &runtime, "pid", &pid, "startTime", &start_time,
		    "created", &created, "cgroup", &cgroup, "link", &link, "linkAddress",
		    &link_address, "rootfs", &rootfs, "pidFile", &pid_file) < 0)
		return false;
	const struct {
		const char *from;
		char *to;
		size_t size;
	} texts[] = {
		{name, s->name, sizeof(s->name)},
		{runtime, s->runtime, sizeof(s->runtime)},
		{cgroup, s->cgroup, sizeof(s->cgroup)},
		{link, s->link, sizeof(s->link)},
		{link_address, s->link_address, sizeof(s->link_address)},
		{rootfs, s->rootfs, sizeof(s->rootfs)},
		{pid_file, s->pid_file, sizeof(s->pid_file)},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i].from);

		if (n >= texts[i].size)
			return false;
		memcpy(texts[i].to, texts[i].from, n + 1);
	}
	if (pid < 0 || pid > INT32_MAX || start_time < 0 || created < 0 ||
		created > STATE_CREATED_MAX)
		return false;
	s->pid = (pid_t)pid;
	s->start_time = (uint64_t)start_time;
	s->created = created;
	return true;
}

/* True for an absolute path that names something below its root and never climbs out of it. */
static bool stays_below(const char *path)
{
	bool names_something = false;

	if (path[0] != '/')
		return false;
	while (*path) {
		size_t slashes = strspn(path, "/"), n = strcspn(path + slashes, "/");

		path += slashes;
		if (n == 2 && strncmp(path, "..", 2) == 0)
			return false;
		names_something |= n > 0 && !(n == 1 && *path == '.');
		path += n;
	}
	return names_something;
}

/* gc removes what a state names, so that it must be something a runtime can have made. */
static bool is_sound(const struct state *s, const char *name)
{
	return strcmp(s->name, name) == 0 && (!s->cgroup[0] || stays_below(s->cgroup)) &&
	       !strchr(s->link, '/') && (!s->pid_file[0] || s->pid_file[0] == '/');
}

int state_parse(const char *path, const char *name, const char *text, size_t size, struct state *s,
	struct error *e)
{
	json_t *root = NULL, *version;
	int result = 0;

	memset(s, 0, sizeof(*s));
	if (json_read(path, text, size, &root, e) < 0)
		return error_hint(
			e, "nothing was removed; when %s no longer runs: rm %s", name, path);
	version = json_object_get(root, "version");
	if (json_is_integer(version) && json_integer_value(version) != STATE_VERSION) {
		error_say(e, "%s: version %" JSON_INTEGER_FORMAT " is not known", path,
			json_integer_value(version));
		result = error_hint(
			e, "nothing was removed; the runtime that wrote it can collect it");
	} else if (!unpack(root, s) || !is_sound(s, name)) {
		error_say(e, "%s: is not what a runtime has written", path);
		result = error_hint(
			e, "nothing was removed; when %s no longer runs: rm %s", name, path);
	}
	json_decref(root);
	return result;
}
