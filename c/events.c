/* events.c: see events.h. Every function here is quiet and cheap without --events and -v. */
#include "events.h"

#include "json.h"
#include "why.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 4096, /* at most PIPE_BUF, so that a line into a pipe is never torn */
	TELL_MAX_BYTES = 1024,
	VALUE_MAX_BYTES = 512,
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/*
 * Appends text to the string in buffer as the inside of a JSON string, with no control character: a
 * terminal may see it. False where not all of it fits; what is there then ends with a whole
 * character.
 */
static bool append_escaped(char *buffer, size_t size, const char *text)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
	size_t used = strlen(buffer);

	while (p < end) {
		size_t n = json_character_size(p, (size_t)(end - p)), out_n = n;
		int control = control_size(p);
		const void *out = p;
		char escape[8];

		if (*p == '"' || *p == '\\' || control > 0 || n == 0) {
			out = escape;
			out_n = (size_t)snprintf(escape, sizeof(escape),
				n == 0	      ? "\\ufffd"
				: control > 0 ? "\\u%04x"
					      : "\\%c",
				p[control > 1]);
		}
		if (used + out_n >= size)
			return false;
		memcpy(buffer + used, out, out_n);
		used += out_n;
		buffer[used] = '\0';
		p += n ? n : 1;
	}
	return true;
}

static void append(char *buffer, size_t size, const char *text)
{
	size_t used = strlen(buffer);

	snprintf(buffer + used, size - used, "%s", text);
}

/* One line, one write(2). A reader that went away must not end the container: errors are dropped.
 */
static void write_line(
	struct container *c, const char *stage, const char *event, int64_t time, const char *more)
{
	char line[LINE_MAX_BYTES];
	int n = snprintf(line, sizeof(line),
		"{\"time\":%" PRId64 ",\"who\":\"%s\",\"stage\":\"%s\",\"event\":\"%s\"%s}\n", time,
		c->is_child ? "child" : "parent", stage, event, more);

	if (n > 0 && (size_t)n < sizeof(line) && write(c->events_fd, line, (size_t)n) < 0)
		return;
}

/* -v: a line for people; what does not fit is cut, but for its end. */
static void __attribute__((format(printf, 2, 3))) tell(struct container *c, const char *format, ...)
{
	char line[TELL_MAX_BYTES];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line) - 1;
		while (((unsigned char)line[n - 1] & 0xc0) == 0x80)
			n--; /* never within a character */
		line[n - 1] = '\n';
	}
	if (n > 0 && write(c->log_fd, line, (size_t)n) < 0)
		return;
}

#define STAGE_COLOUR "\033[36m"
#define GOOD	     "\033[32m"
#define BAD	     "\033[31m"

/* A stage's line begins with its name; text follows, good or bad news in its colour. */
static void tell_stage(struct container *c, const char *stage, const char *colour, const char *text,
	const char *more)
{
	const char *plain = c->colour ? "\033[0m" : "";

	tell(c, "%s%s%s: %s%s%s%s\n", c->colour ? STAGE_COLOUR : "", stage, plain,
		c->colour ? colour : "", text, c->colour && *colour ? plain : "", more);
}

/*
 * The facts for people: "path":"/x","pid":"7" as " (path /x, pid 7)". What JSON escapes stays
 * escaped: a terminal must not see it either.
 */
static void readable(const char *facts, char *out, size_t size)
{
	size_t used = 0;
	bool within = false;

	if (*facts)
		used = (size_t)snprintf(out, size, " (");
	for (const char *p = facts; *p && used + 4 < size; p++) {
		if (*p == '\\' && p[1]) {
			out[used++] = *p++;
			out[used++] = *p;
		} else if (*p == '"') {
			within = !within;
		} else if (within) {
			out[used++] = *p;
		} else {
			if (*p == ',')
				out[used++] = ',';
			out[used++] = ' ';
		}
	}
	if (*facts)
		out[used++] = ')';
	out[used] = '\0';
}

void events_begin(struct container *c, const char *stage)
{
	c->stage = stage;
	c->facts[0] = '\0';
	if (c->events_fd < 0 && !c->verbose)
		return;
	c->stage_begin = now();
	if (c->events_fd >= 0)
		write_line(c, stage, "begin", c->stage_begin, "");
	if (c->verbose)
		tell_stage(c, stage, "", why_stage(c, stage), "");
}

void events_ok(struct container *c, const char *stage)
{
	char more[sizeof(c->facts) + 64];
	int64_t time;

	c->stage = NULL;
	if (c->events_fd < 0 && !c->verbose)
		return;
	time = now();
	more[0] = '\0';
	if (c->facts[0])
		snprintf(more, sizeof(more), ",\"facts\":{%s}", c->facts);
	if (c->events_fd >= 0)
		write_line(c, stage, "ok", time, more);
	if (!c->verbose)
		return;
	readable(c->facts, more, sizeof(more) - 32);
	if (c->stage_begin > 0)
		snprintf(more + strlen(more), 32, ", %" PRId64 " us",
			(time - c->stage_begin) / 1000);
	tell_stage(c, stage, GOOD, c->japanese ? "完了" : "ok", more);
}

void events_error(struct container *c, const char *stage, const struct error *e)
{
	char more[2048];

	c->stage = NULL;
	if (c->events_fd >= 0) {
		more[0] = '\0';
		append(more, sizeof(more), ",\"errno\":\"");
		append(more, sizeof(more), e->errnum ? error_name(e->errnum) : "");
		append(more, sizeof(more), "\",\"message\":\"");
		append_escaped(more, sizeof(more) - 1, e->message);
		append(more, sizeof(more), "\"");
		write_line(c, stage, "error", now(), more);
	}
	if (c->verbose)
		tell_stage(c, stage, BAD, c->japanese ? "エラー" : "error", "");
}

void events_fact(struct container *c, const char *key, const char *format, ...)
{
	char value[VALUE_MAX_BYTES], fact[sizeof(c->facts)];
	va_list args;

	if (c->events_fd < 0 && !c->verbose)
		return;
	fact[0] = '\0';
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	append(fact, sizeof(fact), c->facts[0] ? ",\"" : "\"");
	append(fact, sizeof(fact), key);
	append(fact, sizeof(fact), "\":\"");
	/* All of it or, without room, nothing. */
	if (!append_escaped(fact, sizeof(fact) - 1, value) ||
		strlen(c->facts) + strlen(fact) + 1 >= sizeof(c->facts))
		return;
	append(c->facts, sizeof(c->facts), fact);
	append(c->facts, sizeof(c->facts), "\"");
}

void events_call(struct container *c, const char *format, ...)
{
	char call[TELL_MAX_BYTES], shown[sizeof(call) * 4 + 8];
	va_list args;

	if (!c->verbose)
		return;
	va_start(args, format);
	vsnprintf(call, sizeof(call), format, args);
	va_end(args);
	error_visible(call, shown, sizeof(shown));
	tell_stage(c, c->stage ? c->stage : c->program, "", "  ", shown);
}

int events_open(struct container *c, const char *path, struct error *e)
{
	/* O_RDWR would not block on a FIFO without a reader, but would hide that nobody reads. */
	c->events_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->events_fd < 0)
		return error_sys(e, "opening events file %s", path);
	return 0;
}
