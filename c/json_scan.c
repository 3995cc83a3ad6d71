/* json_scan.c: what is JSON and what is not; go/json_scan.go is the same, function for function. */
#include "json.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A key of an object that is being read: its text after escapes, in scanner.text. */
struct key {
	size_t offset; /* of its quote in the file */
	size_t text, len;
};

struct scanner {
	const char *label;
	const unsigned char *data;
	size_t len, at;
	unsigned int depth, values;
	struct key *keys; /* of all objects that are open, the innermost last */
	size_t keys_n, keys_max;
	unsigned char *text; /* of those keys; never longer than the file */
	size_t text_n;
	struct error *e;
};

static int scan_value(struct scanner *s);

static int __attribute__((format(printf, 3, 4)))
refuse(struct scanner *s, size_t at, const char *format, ...)
{
	char what[160];
	size_t line = 1, column = 1;
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	for (size_t i = 0; i < at; i++) {
		column++;
		if (s->data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return error_say(s->e, "%s:%zu:%zu: %s", s->label, line, column, what);
}

/* Refuses the byte under way: "expected a value, not ']'". */
static int refuse_byte(struct scanner *s, const char *expected)
{
	if (s->at == s->len)
		return refuse(s, s->at, "expected %s, not the end of the file", expected);
	if (s->data[s->at] > 0x20 && s->data[s->at] < 0x7f)
		return refuse(s, s->at, "expected %s, not '%c'", expected, s->data[s->at]);
	return refuse(s, s->at, "expected %s, not byte 0x%02x", expected, s->data[s->at]);
}

/* The next byte, -1 at the end. */
static int peek(const struct scanner *s)
{
	return s->at < s->len ? s->data[s->at] : -1;
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->len && memchr(" \t\n\r", s->data[s->at], 4))
		s->at++;
}

static int scan_word(struct scanner *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len - s->at < n || memcmp(s->data + s->at, word, n) != 0)
		return refuse_byte(s, "a value");
	s->at += n;
	return 0;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int scan_number(struct scanner *s)
{
	size_t begin = s->at;
	bool negative = peek(s) == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative, n = 0;

	s->at += negative;
	if (!is_digit(peek(s)))
		return refuse_byte(s, "a digit");
	if (peek(s) == '0' && s->at + 1 < s->len && is_digit(s->data[s->at + 1]))
		return refuse(s, begin, "a number must not begin with 0");
	for (; is_digit(peek(s)); s->at++) {
		unsigned int digit = s->data[s->at] - '0';

		if (n > (limit - digit) / 10)
			return refuse(s, begin, "the number does not fit into 64 bits with sign");
		n = n * 10 + digit;
	}
	if (peek(s) == '.' || peek(s) == 'e' || peek(s) == 'E')
		return refuse(
			s, begin, "a number must be an integer, without fraction or exponent");
	return 0;
}

/* Keeps one character of a key, as UTF-8. */
static void keep(struct scanner *s, bool key, uint32_t c)
{
	unsigned char *p = s->text + s->text_n;

	if (!key)
		return;
	if (c < 0x80) {
		*p++ = (unsigned char)c;
	} else if (c < 0x800) {
		*p++ = (unsigned char)(0xc0 | c >> 6);
		*p++ = (unsigned char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*p++ = (unsigned char)(0xe0 | c >> 12);
		*p++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (unsigned char)(0x80 | (c & 0x3f));
	} else {
		*p++ = (unsigned char)(0xf0 | c >> 18);
		*p++ = (unsigned char)(0x80 | (c >> 12 & 0x3f));
		*p++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (unsigned char)(0x80 | (c & 0x3f));
	}
	s->text_n = (size_t)(p - s->text);
}

/* Reads the four digits after "\u"; -1 where they are not there. */
static int32_t scan_hex(struct scanner *s)
{
	int32_t n = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		int c = peek(s);

		if (is_digit(c))
			n = n * 16 + c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			n = n * 16 + (c | 0x20) - 'a' + 10;
		else
			return refuse_byte(s, "four hexadecimal digits");
	}
	return n;
}

/* After the backslash. */
static int scan_escape(struct scanner *s, bool key)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	size_t begin = s->at - 1;
	int32_t high, low;

	for (size_t i = 0; names[i]; i++) {
		if (peek(s) == names[i]) {
			s->at++;
			keep(s, key, (uint32_t)meanings[i]);
			return 0;
		}
	}
	if (peek(s) != 'u')
		return refuse_byte(s, "one of \"\\/bfnrtu after a backslash");
	s->at++;
	high = scan_hex(s);
	if (high < 0)
		return -1;
	if (high == 0)
		return refuse(s, begin, "a string must not hold NUL");
	if (high >= 0xdc00 && high <= 0xdfff)
		return refuse(s, begin, "a low surrogate without a high one");
	if (high >= 0xd800 && high <= 0xdbff) {
		if (s->len - s->at < 2 || memcmp(s->data + s->at, "\\u", 2) != 0)
			return refuse(s, begin, "a high surrogate without a low one");
		s->at += 2;
		low = scan_hex(s);
		if (low < 0)
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(s, begin, "a high surrogate without a low one");
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	keep(s, key, (uint32_t)high);
	return 0;
}

/* One character of more than one byte: no overlong form, no surrogate, at most U+10FFFF. */
static int scan_utf8(struct scanner *s, bool key)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = s->data[s->at];
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t c = first & (0xff >> (n + 1));

	if (first < 0xc0 || first > 0xf7 || s->len - s->at < n)
		return refuse(s, s->at, "not UTF-8");
	for (size_t i = 1; i < n; i++) {
		if ((s->data[s->at + i] & 0xc0) != 0x80)
			return refuse(s, s->at, "not UTF-8");
		c = c << 6 | (s->data[s->at + i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return refuse(s, s->at, "not UTF-8");
	s->at += n;
	keep(s, key, c);
	return 0;
}

static int scan_string(struct scanner *s, bool key)
{
	size_t begin = s->at++;

	for (;;) {
		int c = peek(s);

		if (c < 0)
			return refuse(s, begin, "the string does not end");
		if (c < 0x20)
			return refuse(s, s->at, "control character 0x%02x in a string", c);
		if (c >= 0x80) {
			if (scan_utf8(s, key) < 0)
				return -1;
			continue;
		}
		s->at++;
		if (c == '"')
			return 0;
		if (c != '\\')
			keep(s, key, (uint32_t)c);
		else if (scan_escape(s, key) < 0)
			return -1;
	}
}

static int scan_key(struct scanner *s)
{
	struct key key = {.offset = s->at, .text = s->text_n};

	if (peek(s) != '"')
		return refuse_byte(s, "a key in quotes");
	if (scan_string(s, true) < 0)
		return -1;
	key.len = s->text_n - key.text;
	if (s->keys_n == s->keys_max) {
		size_t max = s->keys_max ? s->keys_max * 2 : 64;
		struct key *keys = reallocarray(s->keys, max, sizeof(*keys));

		if (!keys)
			return error_sys(s->e, "reading %s", s->label);
		s->keys = keys;
		s->keys_max = max;
	}
	s->keys[s->keys_n++] = key;
	skip_space(s);
	if (peek(s) != ':')
		return refuse_byte(s, "':' after the key");
	s->at++;
	return 0;
}

/* By text, and the same text by place. */
static int compare_keys(const void *left, const void *right, void *text)
{
	const struct key *a = left, *b = right;
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp((char *)text + a->text, (char *)text + b->text, n);

	if (order != 0)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->offset < b->offset ? -1 : 1;
}

/* At the end of an object whose keys begin at first: sorted, so that many keys cost little. */
static int check_keys(struct scanner *s, size_t first)
{
	const struct key *twice = NULL;

	qsort_r(s->keys + first, s->keys_n - first, sizeof(*s->keys), compare_keys, s->text);
	for (size_t i = first + 1; i < s->keys_n; i++) {
		const struct key *a = &s->keys[i - 1], *b = &s->keys[i];

		if (a->len == b->len && memcmp(s->text + a->text, s->text + b->text, a->len) == 0 &&
			(!twice || b->offset < twice->offset))
			twice = b;
	}
	if (twice) {
		s->text[twice->text + twice->len] = '\0';
		return refuse(s, twice->offset, "key \"%s\" is given twice",
			json_shown((char *)s->text + twice->text).text);
	}
	return 0;
}

/* After '{'. */
static int scan_object(struct scanner *s)
{
	size_t first = s->keys_n, text = s->text_n;

	skip_space(s);
	if (peek(s) == '}') {
		s->at++;
		return 0;
	}
	for (;;) {
		skip_space(s);
		if (scan_key(s) < 0 || scan_value(s) < 0)
			return -1;
		skip_space(s);
		if (peek(s) == '}')
			break;
		if (peek(s) != ',')
			return refuse_byte(s, "',' or '}'");
		s->at++;
	}
	s->at++;
	if (check_keys(s, first) < 0)
		return -1;
	s->keys_n = first;
	s->text_n = text;
	return 0;
}

/* After '['. */
static int scan_array(struct scanner *s)
{
	skip_space(s);
	if (peek(s) == ']') {
		s->at++;
		return 0;
	}
	for (;;) {
		if (scan_value(s) < 0)
			return -1;
		skip_space(s);
		if (peek(s) == ']')
			break;
		if (peek(s) != ',')
			return refuse_byte(s, "',' or ']'");
		s->at++;
	}
	s->at++;
	return 0;
}

static int scan_value(struct scanner *s)
{
	int c, failed;

	skip_space(s);
	if (++s->values > JSON_MAX_VALUES)
		return refuse(s, s->at, "more than %d values", JSON_MAX_VALUES);
	c = peek(s);
	switch (c) {
	case '{':
	case '[':
		if (++s->depth > JSON_MAX_DEPTH)
			return refuse(s, s->at, "more than %d levels", JSON_MAX_DEPTH);
		s->at++;
		failed = c == '{' ? scan_object(s) : scan_array(s);
		s->depth--;
		return failed;
	case '"':
		return scan_string(s, false);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return c == '-' || is_digit(c) ? scan_number(s) : refuse_byte(s, "a value");
	}
}

static int scan_file(struct scanner *s)
{
	skip_space(s);
	if (s->at == s->len)
		return refuse(s, s->at, "the file is empty");
	if (scan_value(s) < 0)
		return -1;
	skip_space(s);
	if (s->at < s->len)
		return refuse_byte(s, "the end of the file");
	return 0;
}

int json_check(const char *label, const char *data, size_t len, struct error *e)
{
	struct scanner s = {
		.label = label, .data = (const unsigned char *)data, .len = len, .e = e};
	int failed;

	s.text = malloc(len + 1);
	if (!s.text)
		return error_sys(e, "reading %s", label);
	failed = scan_file(&s);
	free(s.keys);
	free(s.text);
	return failed;
}
