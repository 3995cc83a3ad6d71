/* text.c: see text.h. */
#include "text.h"

#include <string.h>

/* Columns that one character takes: two for CJK, kana and full-width forms. */
static int char_width(const unsigned char *s, size_t len)
{
	unsigned int code = len == 3 ? (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u) : 0;

	return len == 4 || (code >= 0x1100 && code < 0x1160) || (code >= 0x2e80 && code < 0xa4d0) ||
			       (code >= 0xac00 && code < 0xd7a4) ||
			       (code >= 0xf900 && code < 0xfb00) ||
			       (code >= 0xff00 && code < 0xff61)
		       ? 2
		       : 1;
}

static size_t char_length(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

int text_width(const char *text)
{
	int width = 0;

	for (const char *p = text; *p;) {
		size_t len = strnlen(p, char_length((unsigned char)*p));

		width += char_width((const unsigned char *)p, len);
		p += len;
	}
	return width;
}

void text_put(FILE *out, const char *text, int width, bool pad)
{
	bool cut = text_width(text) > width;
	int used = 0;

	for (const char *p = text; *p;) {
		size_t len = strnlen(p, char_length((unsigned char)*p));
		int w = char_width((const unsigned char *)p, len);

		if (used + w > width - cut)
			break;
		fwrite(p, 1, len, out);
		used += w;
		p += len;
	}
	if (cut) {
		fputs("…", out);
		used++;
	}
	for (; pad && used < width; used++)
		fputc(' ', out);
}

/* Where the next line ends: at a blank, or behind a wide character, which Japanese breaks at. */
static const char *line_end(const char *p, int width)
{
	const char *end = p;
	int used = 0;

	while (*p) {
		size_t len = strnlen(p, char_length((unsigned char)*p));
		int w = char_width((const unsigned char *)p, len);

		if (used + w > width)
			return end;
		used += w;
		p += len;
		if (!*p || *p == ' ' || w == 2)
			end = p;
	}
	return p;
}

void text_wrap(FILE *out, const char *text, int indent, int width)
{
	while (*text) {
		const char *end = line_end(text, width);

		if (end == text)
			end = text + strlen(text);
		fprintf(out, "%*s%.*s\n", indent, "", (int)(end - text), text);
		text = end + strspn(end, " ");
	}
}
