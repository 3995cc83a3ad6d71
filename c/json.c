/* json.c: see json.h. go/json.go is its twin; what is refused is decided in json_scan.c. */
#include "json.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct shown json_shown(const char *text)
{
	struct shown shown;
	size_t n = strlen(text);

	if (n <= 64) {
		memcpy(shown.text, text, n + 1);
		return shown;
	}
	/* Never the half of a character. */
	for (n = 64; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	memcpy(shown.text, text, n);
	memcpy(shown.text + n, "...", 4);
	return shown;
}

size_t json_character_size(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint32_t c = n == 1 ? *p : *p & (0xff >> (n + 1));

	if (n > left || (n > 1 && (*p < 0xc0 || *p > 0xf7)))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

/*
 * A tree is hundreds of small pieces that come and go together: they lie side by side in one
 * region, which is empty again once all of them are given back. What finds no room there is
 * malloc(3)'s. Programs that look for errors with memory are built without it.
 */
#ifndef JSON_BY_MALLOC
#define JSON_BY_MALLOC 0
#endif
enum { REGION_BYTES = 1 << 16, PIECE_ALIGN = sizeof(max_align_t) };
static _Thread_local struct {
	size_t used, pieces;
	_Alignas(PIECE_ALIGN) char bytes[REGION_BYTES];
} region;

static void *take(size_t size)
{
	size_t rounded = (size + PIECE_ALIGN - 1) & ~(size_t)(PIECE_ALIGN - 1);

	if (size > REGION_BYTES || rounded > REGION_BYTES - region.used)
		return malloc(size);
	region.used += rounded;
	region.pieces++;
	return region.bytes + region.used - rounded;
}

static void give_back(void *piece)
{
	char *at = piece;

	if (at < region.bytes || at >= region.bytes + REGION_BYTES)
		free(piece);
	else if (--region.pieces == 0)
		region.used = 0;
}

static void prepare_jansson(void)
{
	size_t seed;

	if (!JSON_BY_MALLOC)
		json_set_alloc_funcs(take, give_back);
	/* jansson's own way to a seed for its hash tables opens /dev/urandom. */
	if (getrandom(&seed, sizeof(seed), 0) == sizeof(seed))
		json_object_seed(seed);
}

int json_read(const char *label, const char *data, size_t len, json_t **out, struct error *e)
{
	prepare_jansson();
	if (json_scan(label, data, len, out, e) == 0)
		return 0;
	*out = NULL;
	return -1;
}

static void json_write_string(const char *text, FILE *out)
{
	putc_unlocked('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20)
			fprintf(out, "\\u%04x", *p);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else
			putc_unlocked(*p, out);
	}
	putc_unlocked('"', out);
}

static void json_write_line(FILE *out, int level)
{
	fprintf(out, "\n%*s", level * 2, "");
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static int json_write_value(json_t *value, FILE *out, int level);

static int json_write_object(json_t *value, FILE *out, int level)
{
	size_t n = 0, size = json_object_size(value);
	const char **keys, *key;
	json_t *member;
	int failed = 0;

	if (size == 0) {
		fputs("{}", out);
		return 0;
	}
	keys = calloc(size, sizeof(*keys));
	if (!keys)
		return -1;
	json_object_foreach(value, key, member) keys[n++] = key;
	qsort(keys, n, sizeof(*keys), compare_texts);
	fputc('{', out);
	for (size_t i = 0; i < n && !failed; i++) {
		if (i > 0)
			fputc(',', out);
		json_write_line(out, level + 1);
		json_write_string(keys[i], out);
		fputs(": ", out);
		failed = json_write_value(json_object_get(value, keys[i]), out, level + 1);
	}
	json_write_line(out, level);
	fputc('}', out);
	free(keys);
	return failed;
}

static int json_write_array(json_t *value, FILE *out, int level)
{
	size_t size = json_array_size(value);
	int failed = 0;

	if (size == 0) {
		fputs("[]", out);
		return 0;
	}
	fputc('[', out);
	for (size_t i = 0; i < size && !failed; i++) {
		if (i > 0)
			fputc(',', out);
		json_write_line(out, level + 1);
		failed = json_write_value(json_array_get(value, i), out, level + 1);
	}
	json_write_line(out, level);
	fputc(']', out);
	return failed;
}

static int json_write_value(json_t *value, FILE *out, int level)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_write_object(value, out, level);
	case JSON_ARRAY:
		return json_write_array(value, out, level);
	case JSON_STRING:
		json_write_string(json_string_value(value), out);
		return 0;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return 0;
	default:
		fputs(json_is_true(value) ? "true" : "false", out);
		return 0;
	}
}

int json_write(json_t *value, FILE *out)
{
	int failed = json_write_value(value, out, 0);

	fputc('\n', out);
	return failed;
}
