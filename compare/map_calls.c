/*
 * map_calls.c: from the lines of strace to the calls between fork and exec.
 *
 * The parent's begin with the first pipe that it makes for the fork (Go tells an error of the child
 * through one; a user namespace's map is waited for at another) or with the fork itself, and end
 * where it waits for the child. The child's end with its exec. Start-up, and what Go's scheduler
 * does meanwhile on other threads, is left out: "runtime" of shared/sysprocattr.json names it.
 *
 * Each call has a text for people and a key that is compared: without numbers of descriptors, and
 * of a clone only what the child is, not how its memory is shared until the exec.
 */
#include "map.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* How glibc's fork(3) and Go's vfork go about the memory of the child; gone at the exec. */
static const char *const until_exec[] = {
	"CLONE_VM", "CLONE_VFORK", "CLONE_CHILD_CLEARTID", "CLONE_CHILD_SETTID"};

static bool begins(const char *text, const char *words)
{
	return !strncmp(text, words, strlen(words));
}

static bool is_fork(const struct trace_call *c)
{
	static const char *const names[] = {"clone", "clone3", "fork", "vfork"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(c->name, names[i]))
			return !strstr(c->args, "CLONE_THREAD");
	return false;
}

/* A path that varies at p: writes its name, returns its length; 0: it is another. */
static size_t put_path(const struct map_names *names, const char *p, FILE *out)
{
	const struct {
		const char *path, *name;
	} paths[] = {{names->place->root, "{root}"}, {names->place->cgroup, "{cgroup}"}};
	size_t n;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		n = strlen(paths[i].path);
		if (n && !strncmp(p, paths[i].path, n)) {
			fputs(paths[i].name, out);
			return n;
		}
	}
	if (begins(p, "/dev/pts/")) {
		fputs("/dev/pts/N", out);
		n = strlen("/dev/pts/");
		return n + strspn(p + n, "0123456789");
	}
	if (begins(p, "/proc/") && isdigit((unsigned char)p[6])) {
		long pid = strtol(p + 6, NULL, 10);

		fprintf(out, "/proc/%s",
			pid == names->child    ? "CHILD"
			: pid == names->parent ? "PARENT"
					       : "PID");
		n = strlen("/proc/");
		return n + strspn(p + n, "0123456789");
	}
	return 0;
}

/* "<...>" behind a descriptor at p: what it is. Returns the end. */
static const char *put_descriptor(const struct map_names *names, const char *p, FILE *out)
{
	const char *end = strchr(p, '>');
	size_t n = put_path(names, (fputc('<', out), p + 1), out);

	if (!end)
		end = p + strlen(p) - 1;
	if (begins(p + 1, "/memfd:")) { /* map_run.c made it */
		fputs("stderr>", out);
		return end + (begins(end, ">(deleted)") ? strlen(">(deleted)") : 1);
	}
	if (begins(p + 1, "anon_inode:["))
		fwrite(p + 13, 1, strcspn(p + 13, "]>"), out);
	else if (!n && p[1] != '/')
		fwrite(p + 1, 1, strcspn(p + 1, ":>"), out); /* pipe:[4711] */
	else
		fwrite(p + 1 + n, 1, (size_t)(end - (p + 1 + n)), out);
	fputc('>', out);
	return end + 1;
}

/* A number outside of quotes at p. Returns the end. */
static const char *put_number(const struct map_names *names, const char *p, bool key, FILE *out)
{
	size_t n =
		begins(p, "0x") ? 2 + strspn(p + 2, "0123456789abcdef") : strspn(p, "0123456789");

	if (p[n] == '<' && p[n + 1] != '<') { /* not 1<<CAP_CHOWN */
		if (!key)
			fwrite(p, 1, n, out);
		return put_descriptor(names, p + n, out);
	}
	/* A small static program lies at 0x400000 and has its heap behind it. */
	if (n > 8 || (begins(p, "0x") && n > 7))
		fputs("ADDRESS", out);
	else
		fwrite(p, 1, n, out);
	return p + n;
}

/* The arguments as words. malloc'd. */
static char *rewrite(const struct map_names *names, const char *args, bool key)
{
	char *text = NULL;
	size_t size, n;
	FILE *out = text_stream(&text, &size);
	bool quoted = false;

	for (const char *p = args; *p;) {
		bool word = p == args || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');

		if (*p == '\\' && quoted && p[1]) {
			fwrite(p, 1, 2, out);
			p += 2;
		} else if (*p == '/' && (n = put_path(names, p, out))) {
			p += n;
		} else if (!quoted && begins(p, "AT_FDCWD<")) {
			fputs("AT_FDCWD", out);
			p += 8 + strcspn(p + 8, ">");
			p += *p ? 1 : 0;
		} else if (!quoted && word && isdigit((unsigned char)*p)) {
			p = put_number(names, p, key, out);
		} else {
			quoted ^= *p == '"';
			fputc(*p++, out);
		}
	}
	fclose(out);
	return text;
}

/* The value of "NAME=" in args, up to the next "," or "}"; malloc'd or NULL. */
static char *argument(const char *args, const char *name)
{
	const char *p = strstr(args, name);

	return p ? strndup(p + strlen(name), strcspn(p + strlen(name), ",}")) : NULL;
}

/* Of a fork: its flags and the cgroup; neither addresses nor sizes. malloc'd. */
static char *fork_words(const struct map_names *names, const struct trace_call *c, bool key)
{
	char *flags = argument(c->args, "flags="), *signal = argument(c->args, "exit_signal="),
	     *cgroup = argument(c->args, "cgroup="), *rest = flags, *word, *text = NULL, *place;
	size_t size;
	FILE *out = text_stream(&text, &size);
	bool first = true;

	while (flags && (word = strsep(&rest, "|"))) {
		bool drop = false;

		for (size_t i = 0; key && i < sizeof(until_exec) / sizeof(until_exec[0]); i++)
			drop = drop || !strcmp(word, until_exec[i]);
		if (drop || !strcmp(word, "0"))
			continue;
		fprintf(out, "%s%s", first ? "" : "|", word);
		first = false;
	}
	if (signal)
		fprintf(out, "%s%s", first ? "" : "|", signal);
	if (cgroup) {
		place = rewrite(names, cgroup, key);
		fprintf(out, ", cgroup=%s", place);
		free(place);
	}
	fclose(out);
	free(flags);
	free(signal);
	free(cgroup);
	return text;
}

/* Groups and processes by name: their numbers differ from run to run. */
static void name_numbers(const struct map_names *names, const char *call, char **args)
{
	const char *p = !strcmp(call, "setpgid") ? strstr(*args, ", ")
			: !strcmp(call, "ioctl") ? strstr(*args, "TIOCSPGRP, [")
						 : NULL;
	char *text;
	long number;

	if (!p)
		return;
	p += strcspn(p, "0123456789");
	number = strtol(p, NULL, 10);
	if (!number)
		return;
	text = text_format("%.*s%s%s", (int)(p - *args), *args,
		number == names->child	  ? "CHILD"
		: number == names->parent ? "PARENT"
					  : "GROUP",
		p + strspn(p, "0123456789"));
	free(*args);
	*args = text;
}

/* "ioctl TIOCSCTTY", "prctl PR_SET_KEEPCAPS": what the call is for. malloc'd. */
static char *name_of(const struct trace_call *c)
{
	static const struct {
		const char *name;
		size_t field;
	} which[] = {{"ioctl", 1}, {"prctl", 0}, {"ptrace", 0}, {"fcntl", 1}};
	char *fields[3] = {0}, *name = NULL;
	size_t n = trace_fields(c->args, fields, 3);

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]) && !name; i++)
		if (!strcmp(c->name, which[i].name) && which[i].field < n)
			name = text_format("%s %s", c->name, fields[which[i].field]);
	for (size_t i = 0; i < n; i++)
		free(fields[i]);
	return name ? name : strdup(c->name);
}

/* Of rt_sigaction: the signal and what becomes of it. malloc'd. */
static char *signal_words(const char *args)
{
	char *handler = argument(args, "sa_handler="), *text;

	text = text_format("%.*s, %s", (int)strcspn(args, ","), args, handler ? handler : "NULL");
	free(handler);
	return text;
}

/* Go's child resets every signal that Go handles: some sixty calls in a row are shown as one. */
static bool fold(struct map_calls *out, const struct trace_call *c, enum map_phase phase)
{
	struct map_call *last = out->n ? &out->v[out->n - 1] : NULL;

	if (!last || last->phase != phase || strcmp(last->name, "rt_sigaction") != 0 ||
		strcmp(c->name, "rt_sigaction") != 0 || !strstr(last->key, "SIG_DFL") ||
		!strstr(c->args, "sa_handler=SIG_DFL"))
		return false;
	free(last->text);
	free(last->key);
	last->text = strdup("rt_sigaction(SIG*, SIG_DFL)");
	last->key = strdup(last->text);
	return true;
}

/* Its arguments as they are compared or shown. malloc'd. */
static char *words_of(const struct map_names *names, const struct trace_call *c, bool key)
{
	char *text = is_fork(c)				? fork_words(names, c, key)
		     : !strcmp(c->name, "rt_sigaction") ? signal_words(c->args)
							: rewrite(names, c->args, key);

	name_numbers(names, c->name, &text);
	return text;
}

static void add(struct map_calls *out, const struct map_names *names, const struct trace_call *c,
	enum map_phase phase)
{
	struct map_call *more;
	char *args[2], *failure;

	if (fold(out, c, phase))
		return;
	more = realloc(out->v, (out->n + 1) * sizeof(*more));
	if (!more)
		abort();
	out->v = more;
	for (int key = 0; key < 2; key++)
		args[key] = words_of(names, c, key);
	failure = c->result && c->result[0] == '-'
			  ? text_format(" = %.*s", (int)strcspn(c->result, "("), c->result)
			  : strdup("");
	for (size_t n = strlen(failure); n && failure[n - 1] == ' '; n--)
		failure[n - 1] = '\0';
	more[out->n++] = (struct map_call){.phase = phase,
		.name = name_of(c),
		.text = text_format("%s(%s)%s", c->name, args[0], failure),
		.key = text_format("%s(%s)%s", c->name, args[1], failure)};
	free(args[0]);
	free(args[1]);
	free(failure);
}

/* What Go's scheduler does whenever it likes. */
static bool is_runtime(const struct trace_call *c, bool other_thread)
{
	json_t *list = json_object_get(map_list("runtime"), "calls"), *name;
	size_t i;

	/* SIGURG came, by which Go's scheduler preempts; the kernel begins the call again. */
	if (c->result && !strncmp(c->result, "? ERESTART", strlen("? ERESTART")))
		return true;
	/* A thread is born with its signals blocked; sysmon preempts by tgkill(getpid(), ...). */
	if (strstr(c->args, "CLONE_THREAD") ||
		(other_thread &&
			(!strcmp(c->name, "rt_sigprocmask") || !strcmp(c->name, "getpid"))))
		return true;
	json_array_foreach(
		list, i, name) if (!strcmp(json_string_value(name), c->name)) return true;
	return false;
}

static void take_parents(
	const struct trace *t, size_t fork, const struct map_names *names, struct map_calls *out)
{
	int tid = t->calls[fork].tid;
	size_t from = fork, ended = 0, before = fork;

	for (size_t i = 0; i < fork; i++) {
		if (t->calls[i].tid != tid || t->calls[i].kind != TRACE_CALL)
			continue;
		if (!strcmp(t->calls[i].name, "pipe2") && from == fork)
			from = i;
		before = i;
	}
	/* Who the parent is, for a child that will ask whether it is still there. */
	if (from == fork && before < fork && !strcmp(t->calls[before].name, "getpid"))
		from = before;
	for (size_t i = from; i < t->n && !ended; i++) {
		const struct trace_call *c = &t->calls[i];

		if (c->kind != TRACE_CALL || c->tid == names->child)
			continue;
		ended = !strcmp(c->name, "wait4") || !strcmp(c->name, "waitid") ||
			!strcmp(c->name, "exit_group");
		if (!ended && !is_runtime(c, c->tid != tid))
			add(out, names, c, i > fork ? MAP_AFTER : MAP_BEFORE);
	}
}

/* The first call that made a child (not a thread), or t->n. */
static size_t find_fork(const struct trace *t)
{
	size_t i = 0;

	while (i < t->n &&
		!(t->calls[i].kind == TRACE_CALL && is_fork(&t->calls[i]) && t->calls[i].result))
		i++;
	return i;
}

bool map_calls_moved(const struct trace *t)
{
	size_t fork = find_fork(t);

	for (size_t i = 0; i < fork && fork < t->n; i++) {
		const struct trace_call *c = &t->calls[i];

		if (c->kind == TRACE_CALL && !strcmp(c->name, "pipe2") &&
			c->tid != t->calls[fork].tid)
			return true;
	}
	return false;
}

int map_calls_cut(const struct trace *t, const struct map_place *place, struct map_calls *out,
	struct error *e)
{
	struct map_names names = {.place = place};
	size_t fork = find_fork(t);

	if (fork == t->n)
		return error_say(e, "no fork in the trace");
	names.parent = t->calls[fork].tid;
	names.child = (pid_t)strtol(t->calls[fork].result, NULL, 10);
	take_parents(t, fork, &names, out);
	for (size_t i = fork; i < t->n; i++) {
		const struct trace_call *c = &t->calls[i];

		if (c->kind != TRACE_CALL || c->tid != names.child)
			continue;
		if (!strcmp(c->name, "execve"))
			break;
		add(out, &names, c, MAP_CHILD);
		/* strace is its tracer already, and there is only one: no exec will follow. */
		if (!strcmp(c->name, "ptrace") && c->result && c->result[0] == '-')
			break;
	}
	return 0;
}

void map_calls_free(struct map_calls *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].key);
		free(c->v[i].name);
		free(c->v[i].text);
	}
	free(c->v);
	c->v = NULL;
	c->n = 0;
}
