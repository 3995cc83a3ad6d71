/* state_file.c: see state_file.h. go/state_file.go reads and prints the same bytes. */
#include "state_file.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void state_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20)
			fprintf(out, "\\u%04x", *p);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

bool state_is_utf8(const char *text)
{
	json_t *string = json_string(text);
	bool valid = string != NULL;

	json_decref(string);
	return valid;
}

static void print_member(const char *key, const char *text, const char *end, FILE *out)
{
	fprintf(out, "  \"%s\": ", key);
	state_print_text(text, out);
	fputs(end, out);
}

void state_print(const struct state *s, FILE *out)
{
	fprintf(out, "{\n  \"version\": %d,\n", STATE_VERSION);
	print_member("name", s->name, ",\n", out);
	print_member("runtime", s->runtime, ",\n", out);
	fprintf(out, "  \"pid\": %d,\n", s->pid);
	fprintf(out, "  \"startTime\": %" PRIu64 ",\n", s->start_time);
	fprintf(out, "  \"created\": %" PRId64 ",\n", s->created);
	print_member("cgroup", s->cgroup, ",\n", out);
	print_member("link", s->link, ",\n", out);
	print_member("rootfs", s->rootfs, ",\n", out);
	print_member("pidFile", s->pid_file, "\n}\n", out);
}

/* Copies what the file says into the fields of s; false where something is missing or too big. */
static bool unpack(json_t *root, struct state *s)
{
	const char *name, *runtime, *cgroup, *link, *rootfs, *pid_file;
	json_int_t version, pid, start_time, created;

	if (json_unpack_ex(root, NULL, JSON_STRICT,
			   "{s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "version", &version,
			   "name", &name, "runtime", &runtime, "pid", &pid, "startTime",
			   &start_time, "created", &created, "cgroup", &cgroup, "link", &link,
			   "rootfs", &rootfs, "pidFile", &pid_file) < 0)
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
		{rootfs, s->rootfs, sizeof(s->rootfs)},
		{pid_file, s->pid_file, sizeof(s->pid_file)},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strlen(texts[i].from) >= texts[i].size)
			return false;
		strcpy(texts[i].to, texts[i].from);
	}
	if (pid < 0 || pid > INT32_MAX || start_time < 0 || created < 0)
		return false;
	s->pid = (pid_t)pid;
	s->start_time = (uint64_t)start_time;
	s->created = created;
	return true;
}

/* True when printing s again gives text: nothing unknown, doubled, rounded or cut off in it. */
static bool prints_as(const struct state *s, const char *text, size_t size)
{
	char *again = NULL;
	size_t again_size = 0;
	FILE *out = open_memstream(&again, &again_size);
	bool same;

	if (!out)
		return false;
	state_print(s, out);
	same = fclose(out) == 0 && again_size == size && memcmp(again, text, size) == 0;
	free(again);
	return same;
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

int state_parse(const char *path, const char *name, const char *text, size_t size,
		struct state *s, struct error *e)
{
	json_t *root = json_loadb(text, size, 0, NULL);
	json_t *version = json_object_get(root, "version");
	int result = 0;

	memset(s, 0, sizeof(*s));
	if (json_is_integer(version) && json_integer_value(version) != STATE_VERSION) {
		error_say(e, "state file %s: version %" JSON_INTEGER_FORMAT " is not known", path,
			  json_integer_value(version));
		result = error_hint(e, "nothing was removed; the runtime that wrote it can collect it");
	} else if (!unpack(root, s) || !prints_as(s, text, size) || !is_sound(s, name)) {
		error_say(e, "state file %s is damaged", path);
		result = error_hint(e, "nothing was removed; when %s no longer runs: rm %s", name, path);
	}
	json_decref(root);
	return result;
}
