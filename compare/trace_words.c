/* trace_words.c: see trace_words.h. */
#include "trace_words.h"

#include "values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Numbers behind these words are processes, or a time (NULL: any number); they become a word. */
static const struct {
	const char *before;
	bool process;
	const char *word;
} numbers[] = {
	{"/proc/", true, NULL},
	{"." RUN_NAME ".", false, "TIME"},
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
	{"\\\"runtime\\\": \\\"gobox-bridge\\\"", "\\\"runtime\\\": \\\"cbox\\\""},
};

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

/* The byte that strace wrote at *p, which goes behind it: \n, \" and \\, or up to three digits. */
static unsigned char byte_at(const char **p)
{
	static const char letters[] = "tnvfr", bytes[] = "\t\n\v\f\r";
	const char *letter, *from = *p + 1;
	unsigned int value = 0;

	if (**p != '\\' || !*from) {
		unsigned char byte = (unsigned char)**p;

		*p += byte != '\0';
		return byte;
	}
	for (*p = from; *p < from + 3 && **p >= '0' && **p <= '7'; ++*p)
		value = value * 8 + (unsigned int)(**p - '0');
	if (*p > from)
		return (unsigned char)value;
	letter = strchr(letters, *(*p)++);
	return (unsigned char)(letter ? bytes[letter - letters] : *from);
}

/* in_json: as a string of JSON that strace wrote, the state file's: with a \ before these two. */
static size_t spells(const char *text, const char *path, bool in_json)
{
	const char *p = text;

	for (; *path; path++) {
		if (in_json && strchr("\"\\", *path) && byte_at(&p) != '\\')
			return 0;
		if (!*p || byte_at(&p) != (unsigned char)*path)
			return 0;
	}
	return (size_t)(p - text);
}

size_t trace_spells(const char *text, const char *path)
{
	size_t n = spells(text, path, false);

	return n ? n : spells(text, path, true);
}

/* A longer name than the one that ends before p: "/a-b" is not in "/a". */
static bool name_goes_on(const char *p)
{
	unsigned char next = *p ? byte_at(&p) : '\0';

	return isalnum(next) || next >= 0x80 || (next && strchr("-_.", next));
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
		size_t len = places[i].path ? trace_spells(p, places[i].path) : 0;

		if (len > 1 && !name_goes_on(p + len)) {
			fputs(places[i].word, out);
			return len;
		}
	}
	return 0;
}

/* The hardware address that is drawn for each container, in its state file. */
static size_t put_address(const char *start, const char *p, const char *end, FILE *out)
{
	static const char form[] = "xx:xx:xx:xx:xx:xx";
	const size_t n = sizeof(form) - 1;

	if (!behind(start, p, "\\\"linkAddress\\\": \\\"") || (size_t)(end - p) < n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)p[i]) : p[i] != ':')
			return 0;
	fputs("MAC", out);
	return n;
}

/* "\303" is a byte and no number. Returns the end. */
static const char *put_escape(const char *p, FILE *out)
{
	const char *from = p;

	byte_at(&p);
	fwrite(from, 1, (size_t)(p - from), out);
	return p;
}

/* Everything from p to end: places and numbers become words. */
static void put_plain(struct normal *n, const char *p, const char *end, FILE *out)
{
	const char *start = p;

	while (p < end) {
		size_t taken = put_place(n, p, out);

		if (!taken)
			taken = put_address(start, p, end, out);
		if (taken)
			p += taken;
		else if (*p == '\\')
			p = put_escape(p, out);
		else if (isdigit((unsigned char)*p) &&
			 (p == start || !isdigit((unsigned char)p[-1])))
			p = put_number(n, start, p, out);
		else
			fputc(*p++, out);
	}
}

/*
 * The end of "<...>" at p. There may be more of them in it, "</dev/null<char 1:3>>", a socket's
 * name in quotes, and, where it is no path, an arrow: "<TCP:[...->...]>". Of a path strace escapes
 * the brackets.
 */
static const char *bracket_end(const char *p)
{
	bool path = p[1] == '/';
	int depth = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '"')
			p = string_end(p) - 1;
		else if (*p == '<')
			depth++;
		else if (*p == '>' && (path || p[-1] != '-') && --depth == 0)
			return p + 1;
	}
	return p;
}

const char *trace_skip(const char *start, const char *p)
{
	if (*p == '"')
		return string_end(p);
	/* Not 1<<CAP_CHOWN. */
	if (*p == '<' && p[1] != '<' && p > start &&
		(isdigit((unsigned char)p[-1]) || behind(start, p, "AT_FDCWD")))
		return bracket_end(p);
	return p;
}

/* "5</dev>" and the like: what the descriptor is, and not its number. Returns the end. */
static const char *put_descriptor(struct normal *n, long fd, const char *p, FILE *out)
{
	static const struct {
		const char *kind, *word;
	} kinds[] = {{"UNIX", "socket"}, {"NETLINK", "netlink"}, {"pipe:", "pipe"},
		{"pid:", "pidfd"}, {"socket:", "socket"}, {"signalfd:", "signalfd"}};
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

const char *string_end(const char *p)
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

char *words_of(struct normal *n, const char *raw)
{
	char *text = NULL;
	size_t size;
	FILE *out = text_stream(&text, &size);
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
	unify(text);
	return text;
}

char *words_of_path(struct normal *n, const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *out = text_stream(&text, &size);

	put_plain(n, path, path + strlen(path), out);
	fclose(out);
	return text;
}

size_t trace_fields(const char *args, char *fields[], size_t max)
{
	size_t n = 0;
	int depth = 0;
	const char *from = args, *p = args;

	while (n < max && *args) {
		const char *behind_name = trace_skip(args, p);

		if (behind_name > p) {
			p = behind_name;
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
