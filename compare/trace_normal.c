/*
 * trace_normal.c: the two forms of a call. What only this run or this column could say (numbers of
 * processes and descriptors, addresses, the time, where the project lies) becomes a word; of the
 * key, what the kernel wrote into the caller's memory is left out too.
 */
#include "trace_words.h"
#include "values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 64
#define TEXT_MAX   300 /* bytes of an argument that are worth showing */

/* Arguments by position, one bit each: what the kernel fills in, and sizes of buffers for it. */
static const struct shape {
	const char *call;
	unsigned int out, dropped;
	bool counts; /* it returns a number of bytes, or that of a key */
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
	{"keyctl", 0, 0, true},
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

/* "-1 ENOENT (No such file...)" -> "ENOENT"; numbers of bytes and addresses say nothing. */
static char *result_word(struct normal *n, const struct trace_call *c, const struct shape *shape)
{
	const char *r = c->result;
	char *text;

	if (!r || *r == '?')
		return text_format("?");
	if (!strncmp(r, "-1 ", 3))
		return text_format("%.*s", (int)strcspn(r + 3, " "), r + 3);
	if (!strcmp(c->name, "socket"))
		return text_format("<socket>");
	if (shape->counts || !strncmp(r, "0<", 2) || !strncmp(r, "0x", 2))
		return text_format("0");
	/* Of poll(2) the descriptors follow that are ready, by number. */
	text = words_of(n, r);
	text[strcspn(text, " ")] = '\0';
	return text;
}

/* The messages that a recvmsg from a netlink socket took: "RTM_NEWLINK, NLMSG_ERROR". */
static char *received(const char *args)
{
	static const char mark[] = "nlmsg_type=";
	char *text = NULL;
	size_t size;
	FILE *out = text_stream(&text, &size);

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
	FILE *k = text_stream(&key, &key_size), *x = text_stream(&text, &text_size);

	n->numbers_are_processes = listed(c->name, of_processes) || strstr(c->args, "/pid>");
	fprintf(k, "%s(", c->name);
	fprintf(x, "%s(", c->name);
	for (size_t i = 0; i < count; i++) {
		char *word = words_of(n, fields[i]);
		bool out = shape->out >> i & 1, failed = c->result && *c->result == '-';

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
	const char *from = args;

	while (*from && *from != '"') {
		const char *behind = trace_skip(args, from);

		from = behind > from ? behind : from + 1;
	}
	return *from ? strndup(from + 1, (size_t)(string_end(from) - from) - 2) : strdup("?");
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
		path = words_of_path(n, what);
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