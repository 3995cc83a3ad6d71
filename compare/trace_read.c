/*
 * trace_read.c: what `strace -f -o FILE` wrote, as calls.
 *
 * Every line begins with a thread. A call that another thread's line interrupted comes in two
 * halves ("<unfinished ...>", "<... NAME resumed>"), which are joined at the place of the first.
 * Lines that begin with a blank are the bytes of the call that ended last (-e write=all).
 */
#include "trace.h"
#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const char unfinished[] = " <unfinished ...>";

struct reader {
	struct trace *t;
	size_t line;
	size_t ended; /* 1 + index of the call that ended last: bytes that follow are its */
	struct half {
		int tid;
		size_t call;
		char *text;
	} * halves; /* calls that have not ended */
	size_t n;
};

static struct trace_call *add(struct reader *r, enum trace_kind kind, int tid)
{
	struct trace *t = r->t;
	struct trace_call *c;

	if (t->n == t->space) {
		t->space = t->space ? t->space * 2 : 1024;
		t->calls = realloc(t->calls, t->space * sizeof(*t->calls));
		if (!t->calls)
			abort();
	}
	c = &t->calls[t->n++];
	*c = (struct trace_call){.kind = kind, .tid = tid, .line = r->line, .section = -1};
	return c;
}

/* The ")" that closes the arguments, behind names and brackets; NULL where none does. */
static const char *closing(const char *args)
{
	int depth = 0;

	for (const char *p = args; *p; p++) {
		const char *behind = trace_skip(args, p);

		if (behind > p) {
			p = behind - 1;
		} else if (*p == '/' && p[1] == '*') {
			const char *end = strstr(p, "*/");

			p = end ? end + 1 : p;
		} else if (strchr("([{", *p)) {
			depth++;
		} else if (strchr(")]}", *p)) {
			if (*p == ')' && depth == 0)
				return p;
			depth--;
		}
	}
	return NULL;
}

/* Sets name, args and result from "NAME(ARGS) = RESULT" or the part of it that there is. */
static void split(struct trace_call *c, const char *text)
{
	const char *open = strchr(text, '('), *close = open ? closing(open + 1) : NULL, *equal;

	if (!open) {
		c->name = strdup(text);
		c->args = strdup("");
		return;
	}
	c->name = strndup(text, (size_t)(open - text));
	if (!close) {
		c->args = strdup(open + 1);
		return;
	}
	c->args = strndup(open + 1, (size_t)(close - open - 1));
	equal = close + 1 + strspn(close + 1, " ");
	if (*equal == '=')
		c->result = strdup(equal + 1 + strspn(equal + 1, " "));
}

static struct half *half_of(struct reader *r, int tid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->halves[i].tid == tid)
			return &r->halves[i];
	return NULL;
}

static void drop_half(struct reader *r, struct half *h)
{
	free(h->text);
	*h = r->halves[--r->n];
}

static void begin_half(struct reader *r, int tid, const char *text, size_t n)
{
	struct half *h = half_of(r, tid);

	if (h) /* strace lost its end, as of a thread that execve(2) of another one ended */
		drop_half(r, h);
	r->halves = realloc(r->halves, (r->n + 1) * sizeof(*r->halves));
	if (!r->halves)
		abort();
	split(add(r, TRACE_CALL, tid), text);
	r->halves[r->n++] =
		(struct half){.tid = tid, .call = r->t->n - 1, .text = strndup(text, n)};
}

/* "<... read resumed>REST": the whole text is known now. */
static void end_half(struct reader *r, int tid, const char *rest)
{
	struct half *h = half_of(r, tid);
	struct trace_call *c;
	char *whole;

	rest = strstr(rest, " resumed>");
	if (!h || !rest)
		return;
	rest += strlen(" resumed>");
	if (asprintf(&whole, "%s%s", h->text, rest) < 0)
		abort();
	c = &r->t->calls[h->call];
	free(c->name);
	free(c->args);
	split(c, whole);
	free(whole);
	r->ended = h->call + 1;
	drop_half(r, h);
}

/*
 * execve(2) in a thread that is not the first: the thread takes the first one's number, and its
 * call is resumed under that. "+++ superseded by execve in pid 69 +++"
 */
static void superseded(struct reader *r, int tid, const char *text)
{
	const char *number = strstr(text, "in pid ");
	struct half *h = number ? half_of(r, atoi(number + strlen("in pid "))) : NULL, *old;

	if (!h)
		return;
	old = half_of(r, tid);
	if (old)
		drop_half(r, old);
	h = half_of(r, atoi(number + strlen("in pid ")));
	h->tid = tid;
}

/* " | 00000  14 00 00 00 12 00 01 03  ...  text |": up to sixteen bytes. */
static void take_bytes(struct reader *r, const char *line)
{
	struct trace_call *c = r->ended ? &r->t->calls[r->ended - 1] : NULL;
	const char *p = line + strlen(" | 00000  ");
	char bytes[16];
	size_t n = 0;

	if (!c || strlen(line) < 12)
		return;
	while (n < sizeof(bytes) && isxdigit((unsigned char)p[0]) &&
		isxdigit((unsigned char)p[1])) {
		char hex[3] = {p[0], p[1], '\0'};

		bytes[n++] = (char)strtoul(hex, NULL, 16);
		p += 2;
		/* One blank between bytes, two in the middle; more: the row is over. */
		p += *p == ' ' ? 1 : 0;
		if (n == 8)
			p += *p == ' ' ? 1 : 0;
	}
	c->data = realloc(c->data, c->data_n + n + 1);
	if (!c->data)
		abort();
	memcpy(c->data + c->data_n, bytes, n);
	c->data_n += n;
}

static void take_line(struct reader *r, char *line)
{
	size_t n = strlen(line), tail = strlen(unfinished);
	char *rest;
	int tid = (int)strtol(line, &rest, 10);

	if (rest == line) {
		if (!strncmp(line, " | ", 3))
			take_bytes(r, line);
		return;
	}
	rest += strspn(rest, " ");
	if (!strncmp(rest, "<... ", 5)) {
		end_half(r, tid, rest);
	} else if (!strncmp(rest, "--- ", 4)) {
		add(r, TRACE_SIGNAL, tid)->name = strdup(rest);
	} else if (!strncmp(rest, "+++ ", 4)) {
		if (!strncmp(rest, "+++ superseded", 14))
			superseded(r, tid, rest);
		add(r, TRACE_EXIT, tid)->name = strdup(rest);
	} else if (n > tail && !strcmp(line + n - tail, unfinished)) {
		line[n - tail] = '\0';
		begin_half(r, tid, rest, strlen(rest));
	} else {
		split(add(r, TRACE_CALL, tid), rest);
		r->ended = r->t->n;
	}
}

void trace_read_text(struct trace *t, const char *text, size_t n)
{
	struct reader r = {.t = t};
	const char *end = text + n, *lf;

	for (; text < end; text = lf + 1) {
		char *line;

		lf = memchr(text, '\n', (size_t)(end - text));
		r.line++;
		if (!lf) {
			if (!t->partial &&
				asprintf(&t->partial, "strace was ended: line %zu is torn",
					r.line) < 0)
				abort();
			break;
		}
		line = text_format("%.*s", (int)(lf - text), text);
		take_line(&r, line);
		free(line);
	}
	while (r.n > 0)
		drop_half(&r, &r.halves[0]);
	free(r.halves);
}

int trace_read(struct trace *t, const char *path, struct error *e)
{
	size_t n;
	char *text = read_whole(AT_FDCWD, path, &n);

	if (!text)
		return error_sys(e, "reading the trace %s", path);
	trace_read_text(t, text, n);
	free(text);
	return 0;
}

void trace_free(struct trace *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct trace_call *c = &t->calls[i];

		free(c->name), free(c->args), free(c->result), free(c->data);
		free(c->key), free(c->text);
	}
	free(t->calls), free(t->threads), free(t->partial);
	memset(t, 0, sizeof(*t));
}
