/*
 * trace_normal.c: the two forms of a call. What only this run or this column could say (numbers of
 * processes and descriptors, addresses, the time, where the project lies) becomes a word; of the
 * key, what the kernel wrote into the caller's memory is left out too.
 */
#include "trace.h"

#include "values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 64
#define LABELS_MAX 1024
#define TEXT_MAX   300 /* bytes of an argument that are worth showing */

/* Arguments by position, one bit each: what the kernel fills in, and sizes of buffers for it. */
static const struct shape {
	const char *call;
	unsigned int out, dropped;
	bool counts; /* it returns a number of bytes */
} shapes[] = {
	{"read", 1 << 1, 1 << 2, true},
	{"pread64", 1 << 1, 1 << 2, true},
	{"readlink", 1 << 1, 1 << 2, true},
	{"readlinkat", 1 << 2, 1 << 3, true},
	{"getdents64", 1 << 1, 1 << 2, true},
	{"getcwd", 1 << 0, 1 << 1, true},
	{"getrandom", 1 << 0, 0, true},
	{"recvmsg", 1 << 1, 0, true},
	{"recvfrom", 1 << 1, 0, true},
	{"write", 0, 1 << 2, true},
	{"sendmsg", 0, 0, true},
	{"sendto", 0, 0, true},
	{"sched_getaffinity", 1 << 2, 0, true},
	{"newfstatat", 1 << 2, 0, false},
	{"fstat", 1 << 1, 0, false},
	{"fstatfs", 1 << 1, 0, false},
	{"rt_sigaction", 1 << 2, 0, false},
	{"rt_sigprocmask", 1 << 2, 0, false},
	{"prlimit64", 1 << 3, 0, false},
	{"getsockname", 1 << 1 | 1 << 2, 0, false},
	{"getsockopt", 1 << 3 | 1 << 4, 0, false},
	{"clock_gettime", 1 << 1, 0, false},
	{"sigaltstack", 1 << 1, 0, false},
	{"capget", 1 << 1, 0, false},
	{"wait4", 1 << 1, 0, false},
};

/* Calls in which every number that is one of ours is a process or a thread. */
static const char *const of_processes[] = {"wait4", "waitid", "kill", "tgkill", "clone", "clone3",
	"getpid", "gettid", "getppid", "set_tid_address", "pidfd_open", "setpgid", NULL};

/* Numbers behind these words are processes, or a time (NULL: any number); they become a word. */
static const struct {
	const char *before;
	bool process;
	const char *word;
} numbers[] = {
	{"/proc/", true, NULL},
	{"." RUN_NAME ".", true, NULL},
	{"si_pid=", true, NULL},
	{"\\\"pid\\\": ", true, NULL},
	{"\\\"pid\\\":\\\"", true, NULL},
	{"\\\"created\\\": ", false, "TIME"},
	{"\\\"startTime\\\": ", false, "TIME"},
	{"cgroup=", false, "<cgroup>"},
	{"nl_pid=", false, "PORT"},
	{"nl_pid=-", false, "PORT"},
};

/* After everything else: what two compilers or languages write for the same. */
static const struct {
	const char *from, *to;
} same[] = {
	{", sa_restorer=ADDR", ""},
	{"|SA_RESTORER", ""},
	{"nl_pid=-PORT", "nl_pid=PORT"},
	{"sa_flags=SA_RESTORER", "sa_flags=0"},
	{"\\\"runtime\\\": \\\"gobox\\\"", "\\\"runtime\\\": \\\"cbox\\\""},
};

struct normal {
	const struct trace *t;
	const struct trace_names *names;
	char *labels[WHO_COUNT][LABELS_MAX]; /* what a descriptor is where strace cannot say */
	bool numbers_are_processes;
	enum trace_who who;
};

static bool listed(const char *name, const char *const list[])
{
	while (*list && strcmp(name, *list) != 0)
		list++;
	return *list;
}

static const struct shape *shape_of(const char *call)
{
	static const struct shape none = {.call = ""};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!strcmp(shapes[i].call, call))
			return &shapes[i];
	return &none;
}

static const char *process_word(const struct trace *t, long number)
{
	for (size_t i = 0; i < t->threads_n; i++) {
		if (t->threads[i].tid != number)
			continue;
		return number == t->pids[WHO_PARENT]  ? "PARENT"
		       : number == t->pids[WHO_CHILD] ? "CHILD"
						      : "THREAD";
	}
	return NULL;
}

/* True when what was written so far ends with these words. */
static bool behind(const char *start, const char *p, const char *words)
{
	size_t n = strlen(words);

	return (size_t)(p - start) >= n && !strncmp(p - n, words, n);
}

/* Writes the number at p, or its word; returns where it ends. */
static const char *put_number(struct normal *n, const char *start, const char *p, FILE *out)
{
	char *end;
	long value = strtol(p, &end, 10);
	const char *word = n->numbers_are_processes ? process_word(n->t, value) : NULL;

	for (size_t i = 0; value && !word && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (behind(start, p, numbers[i].before))
			word = numbers[i].process ? process_word(n->t, value) : numbers[i].word;
	if (word)
		fputs(word, out);
	else
		fwrite(p, 1, (size_t)(end - p), out);
	return end;
}

/* A path of this run at p becomes its name. Returns how many bytes of p it took. */
static size_t put_place(const struct normal *n, const char *p, FILE *out)
{
	const struct {
		const char *path, *word;
	} places[] = {{n->names->run, "$RUN"}, {n->names->program, "$RUNTIME"},
		{n->names->rootfs, "$ROOTFS"}, {n->names->project, "$PROJECT"}};

	if (*p != '/')
		return 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = places[i].path ? strlen(places[i].path) : 0;

		if (len > 1 && !strncmp(p, places[i].path, len) &&
			!isalnum((unsigned char)p[len]) && !strchr("-_.", p[len] ? p[len] : '/')) {
			fputs(places[i].word, out);
			return len;
		}
	}
	return 0;
}

/* Everything from p to end: places and numbers become words. */
static void put_plain(struct normal *n, const char *p, const char *end, FILE *out)
{
	const char *start = p;

	while (p < end) {
		size_t taken = put_place(n, p, out);

		if (taken)
			p += taken;
		else if (isdigit((unsigned char)*p) &&
			 (p == start || !isdigit((unsigned char)p[-1])))
			p = put_number(n, start, p, out);
		else
			fputc(*p++, out);
	}
}

/* The end of "<...>" at p: what is in it may hold "->" and further brackets. */
static const char *bracket_end(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		if (*p == '<')
			depth++;
		else if (*p == '>' && p[-1] != '-' && --depth == 0)
			return p + 1;
	}
	return p;
}

/* "5</dev>" and the like: what the descriptor is, and not its number. Returns the end. */
static const char *put_descriptor(struct normal *n, long fd, const char *p, FILE *out)
{
	static const struct {
		const char *kind, *word;
	} kinds[] = {{"UNIX", "socket"}, {"NETLINK", "netlink"}, {"pipe:", "pipe"},
		{"pid:", "pidfd"}, {"socket:", "socket"}};
	static const char *const standard[] = {"stdin", "stdout", "stderr"};
	const char *end = bracket_end(p), *inside = p + 1, *stop;

	fputc('<', out);
	if (fd >= 0 && fd < 3 && n->who == WHO_PARENT) {
		fputs(standard[fd], out);
	} else if (fd >= 0 && fd < LABELS_MAX && n->labels[n->who][fd]) {
		fputs(n->labels[n->who][fd], out);
	} else if (!strncmp(inside, "anon_inode:[", 12)) {
		fwrite(inside + 12, 1, strcspn(inside + 12, "]"), out);
	} else if (*inside == '/') {
		stop = inside + strcspn(inside, "<>");
		put_plain(n, inside, stop, out);
	} else {
		const char *word = NULL;

		for (size_t i = 0; !word && i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (!strncmp(inside, kinds[i].kind, strlen(kinds[i].kind)))
				word = kinds[i].word;
		fputs(word ? word : "descriptor", out);
	}
	fputc('>', out);
	return !strncmp(end, "(deleted)", 9) ? end + 9 : end;
}

static const char *string_end(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* One thing outside of quotes: an address, a number with or without its descriptor, a letter. */
static const char *put_token(struct normal *n, const char *start, const char *p, FILE *out)
{
	const char *end = p;

	if (p[0] == '0' && p[1] == 'x') {
		for (end = p + 2; isxdigit((unsigned char)*end); end++)
			;
		if (end - p >= 8)
			fputs("ADDR", out);
		else
			fwrite(p, 1, (size_t)(end - p), out);
		return end;
	}
	while (isdigit((unsigned char)*end))
		end++;
	if (*end == '<' && end[1] != '<') /* not 1<<CAP_CHOWN */
		return put_descriptor(n, strtol(p, NULL, 10), end, out);
	return put_number(n, start, p, out);
}

/* One argument, or the result, as words. malloc'd. */
static char *rewrite(struct normal *n, const char *raw)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *p = raw;

	while (*p) {
		bool word_begins = p == raw || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');

		if (*p == '"') {
			const char *end = string_end(p);

			put_plain(n, p, end, out);
			p = end;
		} else if (!strncmp(p, " /* ", 4) && strstr(p, "*/")) {
			p = strstr(p, "*/") + 2;
		} else if (!strncmp(p, "AT_FDCWD<", 9)) {
			fputs("AT_FDCWD", out);
			p = bracket_end(p + 8);
		} else if (word_begins && isdigit((unsigned char)*p)) {
			p = put_token(n, raw, p, out);
		} else {
			fputc(*p++, out);
		}
	}
	fclose(out);
	return text;
}

/* Replaces every from in text, in place: what replaces it is never longer. */
static void unify(char *text)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		size_t from = strlen(same[i].from), to = strlen(same[i].to);

		for (char *at = text; (at = strstr(at, same[i].from)); at += to) {
			memcpy(at, same[i].to, to);
			memmove(at + to, at + from, strlen(at + from) + 1);
		}
	}
}

size_t trace_fields(const char *args, char *fields[], size_t max)
{
	size_t n = 0;
	int depth = 0;
	const char *from = args, *p = args;

	while (n < max && *args) {
		if (*p == '"') {
			p = string_end(p);
			continue;
		}
		if (*p && strchr("([{", *p))
			depth++;
		else if (*p && strchr(")]}", *p))
			depth--;
		if (!*p || (*p == ',' && depth == 0 && n + 1 < max)) {
			fields[n++] = strndup(from, (size_t)(p - from));
			if (!*p)
				break;
			from = p + 1 + strspn(p + 1, " ");
			p = from;
			continue;
		}
		p++;
	}
	return n;
}

/* "-1 ENOENT (No such file...)" -> "ENOENT"; numbers of bytes and addresses say nothing. */
static char *result_word(struct normal *n, const struct trace_call *c, const struct shape *shape)
{
	const char *r = c->result;
	char *text;

	if (!r || *r == '?')
		return strdup("?");
	if (!strncmp(r, "-1 ", 3))
		return strndup(r + 3, strcspn(r + 3, " "));
	if (!strcmp(c->name, "socket"))
		return strdup("<socket>");
	if (shape->counts || !strncmp(r, "0<", 2) || !strncmp(r, "0x", 2))
		return strdup("0");
	/* Of poll(2) the descriptors follow that are ready, by number. */
	text = rewrite(n, r);
	text[strcspn(text, " ")] = '\0';
	return text;
}

/* The messages that a recvmsg from a netlink socket took: "RTM_NEWLINK, NLMSG_ERROR". */
static char *received(const char *args)
{
	static const char mark[] = "nlmsg_type=";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const char *p = args; (p = strstr(p, mark));) {
		p += sizeof(mark) - 1;
		fputs(", ", out);
		if (!strncmp(p, "0x", 2))
			fputs(netlink_type((unsigned int)strtoul(p, NULL, 16)), out);
		else
			fwrite(p, 1, strcspn(p, ",} "), out);
	}
	fclose(out);
	return text;
}

/* Of its first argument. In another network namespace strace knows it only as a socket. */
static bool is_netlink(const struct normal *n, const struct trace_call *c)
{
	long fd = strtol(c->args, NULL, 10);
	const char *label = fd >= 0 && fd < LABELS_MAX ? n->labels[c->who][fd] : NULL;

	return label && !strcmp(label, "netlink");
}

static bool netlink_form(struct normal *n, struct trace_call *c)
{
	char *message, *types;
	bool sends = !strcmp(c->name, "sendmsg") || !strcmp(c->name, "sendto");

	if (!is_netlink(n, c))
		return false;
	if (sends && c->data_n) {
		message = netlink_text(c->data, c->data_n, n->t->pids[WHO_CHILD]);
		c->key = text_format("%s(<netlink>, %s)", c->name, message);
		c->text = strdup(c->key);
		free(message);
		return true;
	}
	if (strcmp(c->name, "recvmsg") != 0)
		return false;
	types = received(c->args);
	c->key = strdup("recvmsg(<netlink>)");
	c->text = text_format("recvmsg(<netlink>%s)", types);
	free(types);
	return true;
}

static bool worth_showing(const char *result)
{
	return *result && strcmp(result, "0") != 0 && *result != '<';
}

static void forms(struct normal *n, struct trace_call *c)
{
	const struct shape *shape = shape_of(c->name);
	char *fields[FIELDS_MAX], *key = NULL, *text = NULL, *result;
	size_t count = trace_fields(c->args, fields, FIELDS_MAX), key_size, text_size, done = 0;
	FILE *k = open_memstream(&key, &key_size), *x = open_memstream(&text, &text_size);

	n->numbers_are_processes = listed(c->name, of_processes) || strstr(c->args, "/pid>");
	fprintf(k, "%s(", c->name);
	fprintf(x, "%s(", c->name);
	for (size_t i = 0; i < count; i++) {
		char *word = rewrite(n, fields[i]);
		bool out = shape->out >> i & 1, failed = c->result && *c->result == '-';

		unify(word);
		free(fields[i]);
		if (!(shape->dropped >> i & 1)) {
			fprintf(k, "%s%s", done ? ", " : "", out ? "…" : word);
			fprintf(x, "%s%.*s%s", done ? ", " : "", TEXT_MAX,
				out && failed ? "…" : word, strlen(word) > TEXT_MAX ? "…" : "");
			done++;
		}
		free(word);
	}
	result = result_word(n, c, shape);
	fprintf(k, ") = %s", result);
	fputc(')', x);
	if (worth_showing(result))
		fprintf(x, " = %s", result);
	fclose(k);
	fclose(x);
	free(result);
	c->key = key;
	c->text = text;
}

static void label(struct normal *n, enum trace_who who, long fd, char *text)
{
	if (fd < 0 || fd >= LABELS_MAX) {
		free(text);
		return;
	}
	free(n->labels[who][fd]);
	n->labels[who][fd] = text;
}

/* "proc" of the first or second argument in quotes. */
static char *quoted(const char *args)
{
	const char *from = strchr(args, '"');

	return from ? strndup(from + 1, (size_t)(string_end(from) - from) - 2) : strdup("?");
}

/*
 * A file system under construction and a mount that is not attached have no path: they are called
 * after what they were made from.
 */
static void remember(struct normal *n, const struct trace_call *c)
{
	long fd =
		c->result && isdigit((unsigned char)*c->result) ? strtol(c->result, NULL, 10) : -1;
	long of = strtol(c->args, NULL, 10);
	char *what = NULL, *path = NULL;
	FILE *place;
	size_t size;

	if (fd < 0)
		return;
	if (!strcmp(c->name, "close"))
		label(n, c->who, of, NULL);
	else if (!strchr(c->result, '<'))
		return;
	else if (!strcmp(c->name, "fsopen")) {
		what = quoted(c->args);
		label(n, c->who, fd, text_format("fs %s", what));
	} else if (!strcmp(c->name, "open_tree")) {
		what = quoted(c->args);
		place = open_memstream(&path, &size);
		put_plain(n, what, what + strlen(what), place);
		fclose(place);
		label(n, c->who, fd, text_format("mount of %s", path));
	} else if (!strcmp(c->name, "socket") && strstr(c->args, "AF_NETLINK")) {
		label(n, c->who, fd, strdup("netlink"));
	} else if (!strcmp(c->name, "fsmount")) {
		const char *fs = of >= 0 && of < LABELS_MAX ? n->labels[c->who][of] : NULL;

		label(n, c->who, fd, text_format("mount of %s", fs ? fs + strlen("fs ") : "?"));
	} else {
		label(n, c->who, fd, NULL);
	}
	free(what);
	free(path);
}

void trace_normal(struct trace *t, const struct trace_names *names)
{
	struct normal *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->t = t;
	n->names = names;
	for (size_t i = 0; i < t->n; i++) {
		struct trace_call *c = &t->calls[i];

		if (c->section < 0)
			continue;
		n->who = c->who;
		if (!netlink_form(n, c))
			forms(n, c);
		remember(n, c);
		c->changes = trace_changes(c);
	}
	for (int who = 0; who < WHO_COUNT; who++)
		for (size_t fd = 0; fd < LABELS_MAX; fd++)
			free(n->labels[who][fd]);
	free(n);
}
