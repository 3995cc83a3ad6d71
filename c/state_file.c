/* state_file.c: see state_file.h. The JSON itself is read and written by json.c. */
#include "state_file.h"

#include "json.h"

#include <string.h>

void state_free(struct state *s)
{
	json_decref(s->record);
	s->record = NULL;
}

/* What is known before anything is made. */
static json_t *plan_json(const struct state *s)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "name", s->name, "runtime",
		s->runtime, "created", (json_int_t)s->created, "cgroup", s->cgroup, "link", s->link,
		"linkAddress", s->link_address, "rootfs", s->rootfs, "pidFile", s->pid_file);
}

json_t *state_json(const struct state *s)
{
	json_t *value = plan_json(s);

	if (value && (json_object_set_new(value, "pid", json_integer(s->pid)) < 0 ||
			     json_object_set_new(value, "startTime",
				     json_integer((json_int_t)s->start_time)) < 0)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

int state_print(const struct state *s, FILE *out, struct error *e)
{
	json_t *value = plan_json(s);
	int result = 0;

	if (!value)
		return error_say(e, "a state file can hold only paths in UTF-8");
	if (json_object_set_new(value, "version", json_integer(STATE_VERSION)) < 0 ||
		json_write(value, out) < 0)
		result = error_say(e, "out of memory");
	json_decref(value);
	return result;
}

/* Copies the first record into s; false where something is missing, unknown or too big. */
static bool unpack_plan(json_t *root, struct state *s)
{
	const char *name, *runtime, *link, *link_address;
	json_int_t version, created;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}",
		    "version", &version, "name", &name, "runtime", &runtime, "created", &created,
		    "cgroup", &s->cgroup, "link", &link, "linkAddress", &link_address, "rootfs",
		    &s->rootfs, "pidFile", &s->pid_file) < 0)
		return false;
	const struct {
		const char *from;
		char *to; /* NULL: stays in the record */
		size_t size;
	} texts[] = {
		{name, s->name, sizeof(s->name)},
		{runtime, s->runtime, sizeof(s->runtime)},
		{link, s->link, sizeof(s->link)},
		{link_address, s->link_address, sizeof(s->link_address)},
		{s->cgroup, NULL, PATH_MAX},
		{s->rootfs, NULL, PATH_MAX},
		{s->pid_file, NULL, PATH_MAX},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i].from);

		if (n >= texts[i].size)
			return false;
		if (texts[i].to)
			memcpy(texts[i].to, texts[i].from, n + 1);
	}
	s->created = created;
	return created >= 0 && created <= STATE_CREATED_MAX;
}

static bool unpack_process(json_t *root, struct state *s)
{
	json_int_t pid, start_time;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:I, s:I}", "pid", &pid, "startTime",
		    &start_time) < 0 ||
		pid < 1 || pid > INT32_MAX || start_time < 0)
		return false;
	s->pid = (pid_t)pid;
	s->start_time = (uint64_t)start_time;
	return true;
}

static bool unpack_spec(json_t *root, size_t *size)
{
	json_int_t bytes;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:I}", "spec", &bytes) < 0 || bytes < 0 ||
		bytes > SPEC_MAX_BYTES)
		return false;
	*size = (size_t)bytes;
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

/* Takes the next record off text: 1, 0 where its end is not there yet, -1 where it is no JSON. */
static int next_record(const char *path, struct state_text *text, json_t **record, struct error *e)
{
	const char *end = memmem(text->data, text->size, "\n}\n", 3);
	size_t size = end ? (size_t)(end + 3 - text->data) : 0;

	if (!end)
		return 0;
	if (json_read(path, text->data, size, record, e) < 0)
		return -1;
	text->data += size;
	text->size -= size;
	return 1;
}

static int not_written(const char *path, struct error *e)
{
	return error_say(e, "%s: is not what a runtime has written", path);
}

static int parse_plan(
	const char *path, const char *name, json_t *record, struct state *s, struct error *e)
{
	json_t *version = json_object_get(record, "version");

	if (json_is_integer(version) && json_integer_value(version) != STATE_VERSION) {
		error_say(e, "%s: version %" JSON_INTEGER_FORMAT " is not known", path,
			json_integer_value(version));
		return error_hint(
			e, "nothing was removed; the runtime that wrote it can collect it");
	}
	return unpack_plan(record, s) && is_sound(s, name) ? 0 : not_written(path, e);
}

/* The records after the first one, as far as they have come. */
static int parse_rest(const char *path, struct state_text rest, struct state *s,
	struct state_text *spec, struct error *e)
{
	json_t *record = NULL;
	int found = next_record(path, &rest, &record, e);
	size_t size = 0;

	if (found > 0 && !unpack_process(record, s))
		found = not_written(path, e);
	json_decref(record);
	record = NULL;
	if (found > 0)
		found = next_record(path, &rest, &record, e);
	if (found > 0 && (!unpack_spec(record, &size) || rest.size > size))
		found = not_written(path, e);
	json_decref(record);
	if (found > 0 && rest.size == size)
		*spec = rest;
	return found < 0 ? -1 : 0;
}

int state_parse(const char *path, const char *name, const struct state_text *text, struct state *s,
	struct state_text *spec, struct error *e)
{
	struct state_text rest = *text;
	json_t *record = NULL;
	int found, result;

	memset(s, 0, sizeof(*s));
	*spec = (struct state_text){0};
	error_clear(e);
	found = next_record(path, &rest, &record, e);
	/* The first one is written before the file has its name: without an end it is not ours. */
	if (found == 0 && json_read(path, text->data, text->size, &record, e) == 0)
		not_written(path, e);
	result = found > 0 ? parse_plan(path, name, record, s, e) : -1;
	if (result == 0)
		result = parse_rest(path, rest, s, spec, e);
	if (result == 0)
		s->record = record;
	else
		json_decref(record);
	if (result < 0 && !e->hint[0])
		error_hint(e, "nothing was removed; when %s no longer runs: rm %s", name, path);
	return result;
}
