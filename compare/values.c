/* values.c: see values.h. */
#include "values.h"

#include "error.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FAILED_PREFIX "error: "
#define ABSENT_TEXT   "absent"

static void *must(void *memory)
{
	if (!memory) {
		fputs("compare: out of memory\n", stderr);
		abort();
	}
	return memory;
}

FILE *text_stream(char **text, size_t *size)
{
	return must(open_memstream(text, size));
}

/* Length of the UTF-8 sequence at s (at most n bytes), or 0 where it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

char *text_printable(const char *bytes, size_t n)
{
	const unsigned char *in = (const unsigned char *)bytes;
	char *out = must(malloc(4 * n + 1)), *o = out;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(in + i, n - i);

		if (len && in[i] >= 0x20 && in[i] != 0x7f) {
			memcpy(o, in + i, len);
			o += len;
			i += len;
		} else {
			o += sprintf(o, "\\x%02x", in[i++]);
		}
	}
	*o = '\0';
	return out;
}

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		must(NULL);
	return text;
}

char *text_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	return text;
}

static struct value *find(const struct values *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].id, id))
			return &s->v[i];
	return NULL;
}

const struct value *values_get(const struct values *s, const char *id)
{
	return find(s, id);
}

void values_put(struct values *s, const char *id, enum value_kind kind, const char *text)
{
	char *name = text_printable(id, strlen(id));
	struct value *v = find(s, name);

	if (v) {
		free(name);
		free(v->text);
	} else {
		if (s->n == s->space) {
			s->space = s->space ? 2 * s->space : 64;
			s->v = must(realloc(s->v, s->space * sizeof(*s->v)));
		}
		v = &s->v[s->n++];
		v->id = name;
	}
	v->kind = kind;
	v->text = text_printable(text, strlen(text));
}

void values_set(struct values *s, const char *id, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	values_put(s, id, VALUE_TEXT, text);
	free(text);
}

void values_absent(struct values *s, const char *id)
{
	values_put(s, id, VALUE_ABSENT, ABSENT_TEXT);
}

void values_skip(struct values *s, const char *id, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	values_put(s, id, VALUE_SKIPPED, text);
	free(text);
}

void values_failed(struct values *s, const char *id, int errnum, const char *format, ...)
{
	va_list args;
	char *what, *text;

	va_start(args, format);
	what = format_text(format, args);
	va_end(args);
	text = errnum ? text_format("%s (%s)", error_name(errnum), what) : strdup(what);
	values_put(s, id, VALUE_FAILED, must(text));
	free(text);
	free(what);
}

void values_free(struct values *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].id);
		free(s->v[i].text);
	}
	free(s->v);
	memset(s, 0, sizeof(*s));
}

json_t *value_to_json(const struct value *v)
{
	switch (v->kind) {
	case VALUE_TEXT:
		return json_string(v->text);
	case VALUE_ABSENT:
		return json_string(ABSENT_TEXT);
	case VALUE_FAILED:
		return json_sprintf(FAILED_PREFIX "%s", v->text);
	case VALUE_SKIPPED:
		break;
	}
	return json_null();
}

void values_put_json(struct values *s, const char *id, const json_t *json)
{
	const char *text = json_string_value(json);

	if (!text)
		values_put(s, id, VALUE_SKIPPED, "");
	else if (!strcmp(text, ABSENT_TEXT))
		values_absent(s, id);
	else if (!strncmp(text, FAILED_PREFIX, strlen(FAILED_PREFIX)))
		values_put(s, id, VALUE_FAILED, text + strlen(FAILED_PREFIX));
	else
		values_put(s, id, VALUE_TEXT, text);
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind || a->kind == VALUE_FAILED)
		return false;
	return a->kind != VALUE_TEXT || !strcmp(a->text, b->text);
}
