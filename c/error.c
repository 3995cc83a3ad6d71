/* error.c: see error.h. The words printed here are the same in go/error.go. */
#include "error.h"

#include "hints.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void error_clear(struct error *e)
{
	memset(e, 0, sizeof(*e));
	e->status = EXIT_RUNTIME;
}

static int fill(struct error *e, int errnum, const char *format, va_list args)
{
	error_clear(e);
	e->errnum = errnum;
	vsnprintf(e->message, sizeof(e->message), format, args);
	return -1;
}

int error_sys(struct error *e, const char *format, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, format);
	fill(e, saved, format, args);
	va_end(args);
	errno = saved;
	return -1;
}

int error_say(struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(e, 0, format, args);
	va_end(args);
	return -1;
}

int error_hint(struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->hint, sizeof(e->hint), hints_format(format), args);
	va_end(args);
	return -1;
}

const char *error_name(int errnum)
{
	static _Thread_local char unknown[32];
	const char *name = strerrorname_np(errnum);

	if (name)
		return name;
	snprintf(unknown, sizeof(unknown), "errno %d", errnum);
	return unknown;
}

int control_size(const unsigned char *p)
{
	if (*p < 0x20 || *p == 0x7f)
		return 1;
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f ? 2 : 0;
}

void error_visible(const char *text, char *out, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0;

	/* Room for the longest, and the NUL. */
	while (*p && used + sizeof("\\xNN\\xNN") <= size) {
		int n = control_size(p);

		if (n == 0)
			out[used++] = (char)*p++;
		for (; n > 0; n--)
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", *p++);
	}
	out[used] = '\0';
}

void error_print(const struct error *e, const char *program, FILE *out)
{
	char text[sizeof(e->message) * 4 + 8];

	fprintf(out, "%s: ", program);
	if (e->stage[0])
		fprintf(out, "%s: ", e->stage);
	error_visible(e->message, text, sizeof(text));
	fputs(text, out);
	if (e->errnum)
		fprintf(out, ": %s (%s)", strerror(e->errnum), error_name(e->errnum));
	fputc('\n', out);
	if (e->hint[0]) {
		error_visible(e->hint, text, sizeof(text));
		fprintf(out, "hint: %s\n", text);
	}
}
