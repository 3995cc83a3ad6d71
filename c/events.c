/* events.c: see events.h. Every function here is quiet and cheap without --events and -v. */
#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 }; /* at most PIPE_BUF, so that a line into a pipe is never torn */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Appends text to the string in buffer as the inside of a JSON string; cuts it where it is full. */
static void append_escaped(char *buffer, size_t size, const char *text)
{
	size_t used = strlen(buffer);

	for (const unsigned char *p = (const unsigned char *)text; *p && used + 7 < size; p++) {
		if (*p == '"' || *p == '\\')
			used += (size_t)sprintf(buffer + used, "\\%c", *p);
		else if (*p < 0x20)
			used += (size_t)sprintf(buffer + used, "\\u%04x", *p);
		else
			used += (size_t)sprintf(buffer + used, "%c", *p);
	}
}

static void append(char *buffer, size_t size, const char *text)
{
	size_t used = strlen(buffer);

	snprintf(buffer + used, size - used, "%s", text);
}

/* One line, one write(2). A reader that went away must not end the container: errors are dropped. */
static void write_line(struct container *c, const char *stage, const char *event, int64_t time,
		       const char *more)
{
	char line[LINE_MAX_BYTES];
	int n = snprintf(line, sizeof(line),
			 "{\"time\":%" PRId64 ",\"who\":\"%s\",\"stage\":\"%s\",\"event\":\"%s\"%s}\n",
			 time, c->is_child ? "child" : "parent", stage, event, more);

	if (n > 0 && (size_t)n < sizeof(line) && write(c->events_fd, line, (size_t)n) < 0)
		return;
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
		dprintf(c->log_fd, "%s: begin\n", stage);
}

void events_ok(struct container *c, const char *stage)
{
	char more[sizeof(c->facts) + 16] = "";
	int64_t time;

	c->stage = NULL;
	if (c->events_fd < 0 && !c->verbose)
		return;
	time = now();
	if (c->facts[0])
		snprintf(more, sizeof(more), ",\"facts\":{%s}", c->facts);
	if (c->events_fd >= 0)
		write_line(c, stage, "ok", time, more);
	if (c->verbose && c->stage_begin > 0)
		dprintf(c->log_fd, "%s: ok, %" PRId64 " us\n", stage,
			(time - c->stage_begin) / 1000);
	else if (c->verbose)
		dprintf(c->log_fd, "%s: ok\n", stage);
}

void events_error(struct container *c, const char *stage, const struct error *e)
{
	char more[2048] = "";

	c->stage = NULL;
	if (c->events_fd >= 0) {
		append(more, sizeof(more), ",\"errno\":\"");
		append(more, sizeof(more), e->errnum ? error_name(e->errnum) : "");
		append(more, sizeof(more), "\",\"message\":\"");
		append_escaped(more, sizeof(more) - 2, e->message);
		append(more, sizeof(more), "\"");
		write_line(c, stage, "error", now(), more);
	}
	if (c->verbose)
		dprintf(c->log_fd, "%s: error\n", stage);
}

void events_fact(struct container *c, const char *key, const char *format, ...)
{
	char value[512];
	va_list args;

	if (c->events_fd < 0 || strlen(c->facts) + strlen(key) + sizeof(value) > sizeof(c->facts))
		return;
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	append(c->facts, sizeof(c->facts), c->facts[0] ? ",\"" : "\"");
	append(c->facts, sizeof(c->facts), key);
	append(c->facts, sizeof(c->facts), "\":\"");
	append_escaped(c->facts, sizeof(c->facts) - 1, value);
	append(c->facts, sizeof(c->facts), "\"");
}

void events_call(struct container *c, const char *format, ...)
{
	char call[1024];
	va_list args;

	if (!c->verbose)
		return;
	va_start(args, format);
	vsnprintf(call, sizeof(call), format, args);
	va_end(args);
	dprintf(c->log_fd, "%s:   %s\n", c->stage ? c->stage : c->program, call);
}

int events_open(struct container *c, const char *path, struct error *e)
{
	/* O_RDWR would not block on a FIFO without a reader, but would hide that nobody reads. */
	c->events_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->events_fd < 0)
		return error_sys(e, "opening events file %s", path);
	return 0;
}
