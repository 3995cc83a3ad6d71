/* spec_read.c: see spec_read.h. go/spec_read.go is its twin. */
#include "spec_read.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Appends to a text of size bytes; what does not fit is left out. */
static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t size, const char *format, ...)
{
	size_t n = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, size - n, format, args);
	va_end(args);
}

static void where_text(const struct where *at, char *text, size_t size)
{
	if (!at->parent) {
		append(text, size, "%s: ", at->key);
		return;
	}
	where_text(at->parent, text, size);
	if (!at->key)
		append(text, size, "[%zu]", at->index);
	else
		append(text, size, "%s%s", at->parent->parent ? "." : "", json_shown(at->key).text);
}

int spec_refuse(const struct where *at, struct error *e, const char *format, ...)
{
	char text[sizeof(e->message)] = "";
	va_list args;

	where_text(at, text, sizeof(text));
	if (at->parent)
		append(text, sizeof(text), ": ");
	va_start(args, format);
	vsnprintf(text + strlen(text), sizeof(text) - strlen(text), format, args);
	va_end(args);
	return error_say(e, "%s", text);
}

int spec_refuse_root(const struct where *at, const char *path, struct error *e)
{
	if (strcmp(path, "/") != 0)
		return 0;
	return spec_refuse(at, e, "must not be the container's root");
}

int spec_no_memory(const struct where *at, struct error *e)
{
	char text[sizeof(e->message)] = "";

	where_text(at, text, sizeof(text));
	return error_sys(e, "reading %s", text);
}

int spec_refuse_type(const struct where *at, json_t *value, const char *wanted, struct error *e)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return spec_refuse(at, e, "must be %s, not %s", wanted, names[json_typeof(value)]);
}

static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

/* Refuses the first, by its bytes, of the names that are in no row. */
static int check_names(const struct where *at, json_t *value, const struct field *fields, size_t n,
	struct error *e)
{
	const char *name, *unknown = NULL;
	json_t *member;

	json_object_foreach(value, name, member)
	{
		if (!find_field(fields, n, name) && (!unknown || strcmp(name, unknown) < 0))
			unknown = name;
	}
	if (!unknown)
		return 0;
	return spec_refuse(&(struct where){at, unknown, 0}, e, "not supported by this runtime");
}

int read_object(const struct where *at, json_t *value, const struct field *fields, size_t n,
	struct error *e)
{
	if (!json_is_object(value))
		return spec_refuse_type(at, value, "an object", e);
	if (check_names(at, value, fields, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		struct where here = {at, f->name, 0};
		json_t *member = json_object_get(value, f->name);

		if (!member && f->required)
			return spec_refuse(&here, e, "missing");
		if (member && f->read(&here, member, f, e) < 0)
			return -1;
	}
	return 0;
}

/* A length or number between f->min and f->max. */
static int refuse_range(
	const struct where *at, const struct field *f, const char *unit, struct error *e)
{
	return spec_refuse(
		at, e, "must be %lld to %lld%s", (long long)f->min, (long long)f->max, unit);
}

int read_list(const struct where *at, json_t *value, const struct field *f, void **list, size_t *n,
	size_t size,
	int (*element)(const struct where *at, json_t *value, void *place, struct error *e),
	struct error *e)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return spec_refuse_type(at, value, "an array", e);
	if ((int64_t)count < f->min)
		return spec_refuse(at, e, "must not be empty");
	if (f->max && (int64_t)count > f->max)
		return spec_refuse(at, e, "must have %lld elements at most", (long long)f->max);
	/* One more, zeroed: the NULL that ends a list of strings. */
	*list = calloc(count + 1, size);
	if (!*list)
		return spec_no_memory(at, e);
	for (*n = 0; *n < count; (*n)++) {
		struct where here = {at, NULL, *n};
		void *place = (char *)*list + *n * size;

		if (element(&here, json_array_get(value, *n), place, e) < 0) {
			(*n)++; /* half an element is the caller's to free as well */
			return -1;
		}
	}
	return 0;
}

void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strings){0};
}

int read_bool(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	if (!json_is_boolean(value))
		return spec_refuse_type(at, value, "true or false", e);
	*(bool *)f->into = json_is_true(value);
	return 0;
}

/* The number of a field in its range. */
static int read_integer(const struct where *at, json_t *value, const struct field *f,
	int64_t *number, struct error *e)
{
	if (!json_is_integer(value))
		return spec_refuse_type(at, value, "a number", e);
	*number = json_integer_value(value);
	if (*number < f->min || *number > f->max)
		return refuse_range(at, f, "", e);
	return 0;
}

int read_int(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	int64_t number = 0;

	if (read_integer(at, value, f, &number, e) < 0)
		return -1;
	*(int *)f->into = (int)number;
	return 0;
}

int read_u32(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	int64_t number = 0;

	if (read_integer(at, value, f, &number, e) < 0)
		return -1;
	*(uint32_t *)f->into = (uint32_t)number;
	return 0;
}

int read_u64(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	int64_t number = 0;

	if (read_integer(at, value, f, &number, e) < 0)
		return -1;
	*(uint64_t *)f->into = (uint64_t)number;
	return 0;
}

int read_number(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_number *into = f->into;

	if (read_integer(at, value, f, &into->value, e) < 0)
		return -1;
	into->given = true;
	return 0;
}

int read_limit(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_number *into = f->into;

	if (json_is_integer(value) && json_integer_value(value) == -1) {
		*into = (struct spec_number){true, -1};
		return 0;
	}
	if (json_is_integer(value) &&
		(json_integer_value(value) < f->min || json_integer_value(value) > f->max))
		return refuse_range(at, f, ", or -1 for no limit", e);
	return read_number(at, value, f, e);
}

int read_string(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	int64_t len = (int64_t)json_string_length(value);
	char **into = f->into;

	if (!json_is_string(value))
		return spec_refuse_type(at, value, "a string", e);
	if (len < f->min)
		return spec_refuse(at, e, "must not be empty");
	if (f->max && len > f->max)
		return spec_refuse(at, e, "must be %lld bytes at most", (long long)f->max);
	*into = strdup(json_string_value(value));
	return *into ? 0 : spec_no_memory(at, e);
}

/* Takes away "//" and a "/" at the end; -1 where a part is "." or "..". */
static int clean_path(char *path)
{
	char *out = path;

	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 0)
			break;
		if ((n == 1 && p[0] == '.') || (n == 2 && memcmp(p, "..", 2) == 0))
			return -1;
		*out++ = '/';
		memmove(out, p, n);
		out += n;
		p += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
	return 0;
}

int read_path(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	const struct field any = {.into = f->into, .min = 1, .max = PATH_MAX - 1};
	char **into = f->into;

	if (read_string(at, value, &any, e) < 0)
		return -1;
	if ((*into)[0] != '/')
		return spec_refuse(at, e, "must be an absolute path");
	if (clean_path(*into) < 0)
		return spec_refuse(at, e, "must not have a part \".\" or \"..\"");
	return 0;
}

static int string_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	return read_string(at, value, &(struct field){.into = place}, e);
}

static int path_element(const struct where *at, json_t *value, void *place, struct error *e)
{
	return read_path(at, value, &(struct field){.into = place}, e);
}

static int read_texts(const struct where *at, json_t *value, const struct field *f,
	int (*element)(const struct where *, json_t *, void *, struct error *), struct error *e)
{
	struct strings *into = f->into;
	void *list = NULL;
	int failed = read_list(at, value, f, &list, &into->n, sizeof(char *), element, e);

	into->v = list;
	return failed;
}

int read_strings(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	return read_texts(at, value, f, string_element, e);
}

int read_paths(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	return read_texts(at, value, f, path_element, e);
}

static int compare_pairs(const void *left, const void *right)
{
	const struct spec_key_value *a = left, *b = right;

	return strcmp(a->key, b->key);
}

int read_key_values(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec_key_values *into = f->into;
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return spec_refuse_type(at, value, "an object", e);
	into->v = calloc(json_object_size(value) + 1, sizeof(*into->v));
	if (!into->v)
		return spec_no_memory(at, e);
	json_object_foreach(value, key, member)
	{
		into->v[into->n].key = strdup(key);
		if (!into->v[into->n++].key)
			return spec_no_memory(at, e);
	}
	qsort(into->v, into->n, sizeof(*into->v), compare_pairs);
	for (size_t i = 0; i < into->n; i++) {
		struct where here = {at, into->v[i].key, 0};
		struct field string = {.into = &into->v[i].value};

		if (!into->v[i].key[0])
			return spec_refuse(at, e, "a name must not be empty");
		if (read_string(&here, json_object_get(value, into->v[i].key), &string, e) < 0)
			return -1;
	}
	return 0;
}
