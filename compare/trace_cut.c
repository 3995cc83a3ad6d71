/*
 * trace_cut.c: whose call it is, and in which stage it was made.
 *
 * Each stage begins and ends with a line in the file of --events, and each line is one write(2), so
 * the marks are in the trace itself. What a process does between two stages belongs to the one
 * that begins then, but for three parts that have no stage: the start of the program, what the
 * parent does before its first stage, and its wait for the child's execve.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

enum { START, PREPARE, CHILD_START = 8, CHILD_EXEC = 14, COMMAND, END = 18 };

const struct trace_section trace_sections[] = {
	{"start", NULL, WHO_PARENT, true, "起動 (言語の実行環境)", "start-up of the language"},
	{"prepare", NULL, WHO_PARENT, true, "準備 (spec、状態ファイル)",
		"before the stages: spec, state"},
	{"cgroup", "cgroup", WHO_PARENT, true, "cgroup", "cgroup"},
	{"namespaces", "namespaces", WHO_PARENT, true, "名前空間", "namespaces"},
	{"identity", "identity", WHO_PARENT, true, "ID の対応付け", "identity"},
	{"network", "network", WHO_PARENT, true, "ネットワーク (ホスト側)",
		"network: the host's end"},
	{"privileges", "privileges", WHO_PARENT, true, "権限 (OOM)", "privileges: OOM score"},
	{"release", "exec", WHO_PARENT, true, "子を進め、execve を待つ", "release of the child"},
	{"child.start", NULL, WHO_CHILD, true, "子の起動", "start of the child"},
	{"child.identity", "identity", WHO_CHILD, true, "ID", "identity"},
	{"child.network", "network", WHO_CHILD, true, "ネットワーク (コンテナ側)",
		"network: the container's end"},
	{"child.hostname", "hostname", WHO_CHILD, true, "ホスト名", "hostname"},
	{"child.mounts", "mounts", WHO_CHILD, true, "マウント", "mounts"},
	{"child.privileges", "privileges", WHO_CHILD, true, "権限", "privileges"},
	{"child.exec", "exec", WHO_CHILD, true, "コマンドの実行", "exec"},
	{"command", NULL, WHO_CHILD, false, "コンテナのコマンド自身",
		"the container's command itself"},
	{"wait", "wait", WHO_PARENT, true, "終了待ち", "wait"},
	{"cleanup", "cleanup", WHO_PARENT, true, "後片付け", "cleanup"},
	{"end", NULL, WHO_PARENT, true, "終了", "end of the runtime"},
};
const size_t trace_sections_n = sizeof(trace_sections) / sizeof(trace_sections[0]);

/* Where one process stands while its calls are walked. */
struct place {
	int section;
	bool gap; /* behind a stage's end: the calls since gap_from wait for the next mark */
	size_t gap_from;
};

const struct trace_section *trace_section_find(const char *id)
{
	for (size_t i = 0; i < trace_sections_n; i++)
		if (!strcmp(trace_sections[i].id, id))
			return &trace_sections[i];
	return NULL;
}

/* The value of a key in a line of events as strace shows it: \"who\":\"parent\". */
static bool value_of(const char *line, const char *key, char out[16])
{
	char mark[32];
	const char *at;
	size_t n;

	snprintf(mark, sizeof(mark), "\\\"%s\\\":\\\"", key);
	at = strstr(line, mark);
	if (!at)
		return false;
	at += strlen(mark);
	n = strcspn(at, "\\");
	if (n > 15)
		n = 15;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

bool trace_mark(const struct trace_call *c, char who[16], char stage[16], char event[16])
{
	static const char begin[] = "\"{\\\"time\\\":";
	const char *line;

	if (c->kind != TRACE_CALL || strcmp(c->name, "write") != 0)
		return false;
	line = trace_skip(c->args, c->args + strspn(c->args, "0123456789"));
	return !strncmp(line, ", ", 2) && !strncmp(line + 2, begin, sizeof(begin) - 1) &&
	       value_of(line, "who", who) && value_of(line, "stage", stage) &&
	       value_of(line, "event", event);
}

/*
 * The kernel makes an interrupted call again: only the last time counts. And a thread that another
 * one's exit_group or execve ends is shown with a call that it never made ("???()", or whatever
 * number is left in the register that strace reads). Both runtimes end in their first thread.
 */
static bool no_call(const struct trace *t, const struct trace_call *c)
{
	return c->kind != TRACE_CALL || (c->result && !strncmp(c->result, "? ERESTART", 10)) ||
	       (c->tid != t->pids[c->who] && (!c->result || *c->result == '?'));
}

static bool is_clone(const struct trace_call *c)
{
	return c->kind == TRACE_CALL && (strstr(c->name, "clone") || strstr(c->name, "fork"));
}

/* The thread that a clone made, as strace numbers it: "2 (+comment 283 in strace's PID NS)". */
static int made(const struct trace_call *c)
{
	const char *outer = c->result ? strstr(c->result, "/* ") : NULL;

	if (outer && strstr(outer, "in strace's PID NS"))
		return atoi(outer + 3);
	return c->result ? atoi(c->result) : 0;
}

static struct trace_thread *thread_find(struct trace *t, int tid)
{
	for (size_t i = t->threads_n; i > 0; i--)
		if (t->threads[i - 1].tid == tid)
			return &t->threads[i - 1];
	return NULL;
}

static struct trace_thread *thread_add(struct trace *t, int tid, enum trace_who who)
{
	t->threads = realloc(t->threads, (t->threads_n + 1) * sizeof(*t->threads));
	if (!t->threads)
		abort();
	t->threads[t->threads_n] = (struct trace_thread){tid, who};
	if (!t->pids[who])
		t->pids[who] = tid;
	return &t->threads[t->threads_n++];
}

/*
 * The clone that made a new thread: the one that returned its number, whenever that was; else the
 * last that never returned.
 */
static const struct trace_call *maker(const struct trace *t, int tid)
{
	const struct trace_call *open = NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (!is_clone(&t->calls[i]))
			continue;
		if (made(&t->calls[i]) == tid)
			return &t->calls[i];
		if (!t->calls[i].result && t->calls[i].tid != tid)
			open = &t->calls[i];
	}
	return open;
}

static struct trace_thread *thread_of(struct trace *t, int tid)
{
	struct trace_thread *known = thread_find(t, tid), *parent;
	const struct trace_call *c;
	enum trace_who who = WHO_PARENT;

	if (known)
		return known;
	c = t->threads_n ? maker(t, tid) : NULL;
	parent = c ? thread_find(t, c->tid) : NULL;
	if (parent)
		who = parent->who;
	/* The container's process has a pidfd; a thread and a joiner of namespaces have none. */
	if (c && !strstr(c->args, "CLONE_THREAD") && strstr(c->args, "CLONE_PIDFD"))
		who = WHO_CHILD;
	return thread_add(t, tid, who);
}

static int section_of(enum trace_who who, const char *stage)
{
	for (size_t i = 0; i < trace_sections_n; i++)
		if (trace_sections[i].who == who && trace_sections[i].stage &&
			!strcmp(trace_sections[i].stage, stage))
			return (int)i;
	return -1;
}

/* The calls since the last stage's end belong to section. */
static void fill_gap(struct trace *t, struct place *p, enum trace_who who, size_t to, int section)
{
	for (size_t i = p->gap_from; p->gap && i < to; i++)
		if (t->calls[i].kind == TRACE_CALL && t->calls[i].who == who &&
			t->calls[i].section == -2)
			t->calls[i].section = section;
	p->gap = false;
}

static int take_mark(struct trace *t, struct place *p, size_t i, const char *stage,
	const char *event, struct error *e)
{
	enum trace_who who = t->calls[i].who;
	int section = section_of(who, stage);

	if (section < 0)
		return error_say(e, "column %s: line %zu: a stage \"%s\" is not known to compare",
			t->column ? t->column->name : "?", t->calls[i].line, stage);
	fill_gap(t, p, who, i, section);
	p->section = section;
	if (strcmp(event, "begin") != 0) {
		p->gap = true;
		p->gap_from = i + 1;
	}
	return 0;
}

static bool opens(const struct trace_call *c, const char *path)
{
	char *fields[3];
	bool found = false;
	size_t n;

	if (strcmp(c->name, "openat") != 0 && strcmp(c->name, "open") != 0)
		return false;
	n = trace_fields(c->args, fields, sizeof(fields) / sizeof(fields[0]));
	for (size_t i = 0; i < n; i++) {
		size_t len = fields[i][0] == '"' ? trace_spells(fields[i] + 1, path) : 0;

		found = found || (len && !strcmp(fields[i] + 1 + len, "\""));
		free(fields[i]);
	}
	return found;
}

static void place_call(struct trace_call *c, struct place *p, const char *spec)
{
	if (p->section == START && opens(c, spec))
		p->section = PREPARE;
	c->section = p->gap ? -2 : p->section;
	/* From here on it is another program. */
	if (p->section == CHILD_EXEC && !strcmp(c->name, "execve") && c->result &&
		!strcmp(c->result, "0"))
		p->section = COMMAND;
}

int trace_cut(struct trace *t, const char *spec, struct error *e)
{
	struct place places[WHO_COUNT] = {
		[WHO_PARENT] = {.section = START}, [WHO_CHILD] = {.section = CHILD_START}};
	char who[16], stage[16], event[16];

	for (size_t i = 0; i < t->n; i++) {
		struct trace_call *c = &t->calls[i];
		struct place *p;

		c->who = thread_of(t, c->tid)->who;
		p = &places[c->who];
		if (no_call(t, c))
			continue;
		if (is_clone(c) && made(c) > 0)
			thread_of(t, made(c));
		if (!trace_mark(c, who, stage, event))
			place_call(c, p, spec);
		else if (take_mark(t, p, i, stage, event, e))
			return -1;
	}
	for (int w = 0; w < WHO_COUNT; w++)
		fill_gap(t, &places[w], (enum trace_who)w, t->n,
			w == WHO_PARENT && places[w].section == END - 1 ? END : places[w].section);
	return 0;
}
