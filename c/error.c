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

/* Writes text with every control character made visible. */
static void print_safely(const char *text, FILE *out)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\x%02x", *p);
		else
			fputc(*p, out);
	}
}

void error_print(const struct error *e, const char *program, FILE *out)
{
	fprintf(out, "%s: ", program);
	if (e->stage[0])
		fprintf(out, "%s: ", e->stage);
	print_safely(e->message, out);
	if (e->errnum)
		fprintf(out, ": %s (%s)", strerror(e->errnum), error_name(e->errnum));
	fputc('\n', out);
	if (e->hint[0]) {
		fputs("hint: ", out);
		print_safely(e->hint, out);
		fputc('\n', out);
	}
}
