/*
 * json_scan.c: what is JSON and what is not; go/json_scan.go is the same, function for function.
 * What gives a value in *out gives a new reference.
 */
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct scanner {
	const char *label;
	const unsigned char *data;
	size_t len, at;
	unsigned int depth, values;
	/*
	 * Texts after escapes, each with its NUL: the keys whose values are being read, the
	 * innermost last, and the string under way. With their quotes they are never longer than
	 * the file.
	 */
	char *text;
	size_t text_n;
	struct error *e;
};

static int scan_value(struct scanner *s, json_t **out);

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
	for (int c = peek(s); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = peek(s))
		s->at++;
}

/* jansson says so by NULL or -1, and not always by errno. */
static int lacks_memory(struct scanner *s)
{
	errno = ENOMEM;
	return error_sys(s->e, "reading %s", s->label);
}

static int give(struct scanner *s, json_t *value, json_t **out)
{
	*out = value;
	return value ? 0 : lacks_memory(s);
}

static int scan_word(struct scanner *s, const char *word, json_t *value, json_t **out)
{
	size_t n = strlen(word);

	if (s->len - s->at < n || memcmp(s->data + s->at, word, n) != 0)
		return refuse_byte(s, "a value");
	s->at += n;
	return give(s, value, out);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static int scan_number(struct scanner *s, json_t **out)
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
	return give(s, json_integer((json_int_t)(negative ? -n : n)), out);
}

/* Keeps one character of a text, as UTF-8. */
static void keep(struct scanner *s, uint32_t c)
{
	char *p = s->text + s->text_n;

	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xc0 | c >> 6);
		*p++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*p++ = (char)(0xe0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	} else {
		*p++ = (char)(0xf0 | c >> 18);
		*p++ = (char)(0x80 | (c >> 12 & 0x3f));
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
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

/* After the backslash: keeps the character that is meant. */
static int scan_escape(struct scanner *s)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	size_t begin = s->at - 1;
	int32_t high, low;

	for (size_t i = 0; names[i]; i++) {
		if (peek(s) == names[i]) {
			s->at++;
			keep(s, (uint32_t)meanings[i]);
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
	keep(s, (uint32_t)high);
	return 0;
}

static int scan_utf8(struct scanner *s)
{
	size_t n = json_character_size(s->data + s->at, s->len - s->at);

	if (n == 0)
		return refuse(s, s->at, "not UTF-8");
	s->at += n;
	return 0;
}

/*
 * *out is the text after escapes, kept until the caller takes s->text_n back. What stands between
 * escapes is taken as it is: plain says from where on.
 */
static int scan_string(struct scanner *s, const char **out)
{
	size_t begin = s->at++, plain = s->at;

	*out = s->text + s->text_n;
	for (;;) {
		int c = peek(s);

		if (c < 0)
			return refuse(s, begin, "the string does not end");
		if (c < 0x20)
			return refuse(s, s->at, "control character 0x%02x in a string", c);
		if (c >= 0x80) {
			if (scan_utf8(s) < 0)
				return -1;
			continue;
		}
		s->at++;
		if (c != '"' && c != '\\')
			continue;
		memcpy(s->text + s->text_n, s->data + plain, s->at - 1 - plain);
		s->text_n += s->at - 1 - plain;
		if (c == '"') {
			s->text[s->text_n++] = '\0';
			return 0;
		}
		if (scan_escape(s) < 0)
			return -1;
		plain = s->at;
	}
}

static int scan_key(struct scanner *s, const char **out)
{
	if (peek(s) != '"')
		return refuse_byte(s, "a key in quotes");
	if (scan_string(s, out) < 0)
		return -1;
	skip_space(s);
	if (peek(s) != ':')
		return refuse_byte(s, "':' after the key");
	s->at++;
	return 0;
}

/* After '{', into object. */
static int scan_object(struct scanner *s, json_t *object)
{
	size_t kept = s->text_n, n = 0;
	size_t twice = 0; /* where the first key is that was there; none is at 0 */
	struct shown shown;

	skip_space(s);
	if (peek(s) == '}') {
		s->at++;
		return 0;
	}
	for (;;) {
		const char *key = NULL;
		json_t *value = NULL;
		size_t offset;

		skip_space(s);
		offset = s->at;
		if (scan_key(s, &key) < 0 || scan_value(s, &value) < 0)
			return -1;
		if (json_object_set_new_nocheck(object, key, value) < 0)
			return lacks_memory(s);
		n++;
		if (!twice && json_object_size(object) < n) {
			twice = offset;
			shown = json_shown(key);
		}
		s->text_n = kept;
		skip_space(s);
		if (peek(s) == '}')
			break;
		if (peek(s) != ',')
			return refuse_byte(s, "',' or '}'");
		s->at++;
	}
	s->at++;
	return twice ? refuse(s, twice, "key \"%s\" is given twice", shown.text) : 0;
}

/* After '[', into array. */
static int scan_array(struct scanner *s, json_t *array)
{
	skip_space(s);
	if (peek(s) == ']') {
		s->at++;
		return 0;
	}
	for (;;) {
		json_t *value = NULL;

		if (scan_value(s, &value) < 0)
			return -1;
		if (json_array_append_new(array, value) < 0)
			return lacks_memory(s);
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

static int scan_value(struct scanner *s, json_t **out)
{
	size_t kept = s->text_n;
	const char *text;
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
		if (give(s, c == '{' ? json_object() : json_array(), out) < 0)
			return -1;
		failed = c == '{' ? scan_object(s, *out) : scan_array(s, *out);
		if (failed)
			json_decref(*out);
		s->depth--;
		return failed;
	case '"':
		failed = scan_string(s, &text);
		s->text_n = kept;
		return failed ? -1 : give(s, json_string_nocheck(text), out);
	case 't':
		return scan_word(s, "true", json_true(), out);
	case 'f':
		return scan_word(s, "false", json_false(), out);
	case 'n':
		return scan_word(s, "null", json_null(), out);
	default:
		return c == '-' || is_digit(c) ? scan_number(s, out) : refuse_byte(s, "a value");
	}
}

static int scan_file(struct scanner *s, json_t **out)
{
	skip_space(s);
	if (s->at == s->len)
		return refuse(s, s->at, "the file is empty");
	if (scan_value(s, out) < 0)
		return -1;
	skip_space(s);
	if (s->at == s->len)
		return 0;
	json_decref(*out);
	return refuse_byte(s, "the end of the file");
}

int json_scan(const char *label, const char *data, size_t len, json_t **out, struct error *e)
{
	struct scanner s = {
		.label = label, .data = (const unsigned char *)data, .len = len, .e = e};
	int failed;

	s.text = malloc(len + 1);
	if (!s.text)
		return error_sys(e, "reading %s", label);
	failed = scan_file(&s, out);
	free(s.text);
	return failed;
}
