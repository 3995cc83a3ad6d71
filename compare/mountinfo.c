/* mountinfo.c: see mountinfo.h. */
#include "mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Undoes the kernel's escapes of blank, tab, LF and backslash: "\040" (proc(5)). */
static void unescape(char *s)
{
	char *o = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*o++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*o++ = *s;
		}
	}
	*o = '\0';
}

/*
 * The optional fields up to "-": "shared:2 master:1". Peer groups are numbered over the whole
 * machine, so the relation is kept and the number goes.
 */
static char *parse_propagation(char **rest)
{
	char *first = *rest, *word, *o = first;

	while ((word = strsep(rest, " ")) && strcmp(word, "-") != 0) {
		const char *name = !strncmp(word, "shared", 6)	 ? "shared"
				   : !strncmp(word, "master", 6) ? "slave"
				   : !strncmp(word, "unbind", 6) ? "unbind"
								 : "";
		if (!*name)
			continue;
		if (o > first)
			*o++ = ',';
		o = stpcpy(o, name);
	}
	if (!word)
		return NULL;
	*o = '\0';
	return o > first ? first : "private";
}

static int parse_line(char *line, struct mount_line *m)
{
	char *words[6], *rest = line;

	for (int i = 0; i < 6; i++) {
		words[i] = strsep(&rest, " ");
		if (!rest)
			return -1;
	}
	m->id = atoi(words[0]);
	m->parent = atoi(words[1]);
	if (sscanf(words[2], "%u:%u", &m->major, &m->minor) != 2)
		return -1;
	m->root = words[3];
	m->destination = words[4];
	m->options = words[5];
	m->propagation = parse_propagation(&rest);
	m->type = strsep(&rest, " ");
	m->source = strsep(&rest, " ");
	m->super = rest;
	if (!m->propagation || !m->type || !m->source || !m->super)
		return -1;
	unescape(m->root);
	unescape(m->destination);
	unescape(m->source);
	return 0;
}

int mountinfo_parse(char *text, struct mount_table *t)
{
	char *rest = text, *line;

	t->v = NULL;
	t->n = 0;
	t->text = text;
	while ((line = strsep(&rest, "\n"))) {
		struct mount_line *more;

		if (!*line)
			continue;
		more = realloc(t->v, (t->n + 1) * sizeof(*more));
		if (!more || (t->v = more, parse_line(line, &t->v[t->n]))) {
			mountinfo_free(t);
			return -1;
		}
		t->n++;
	}
	return 0;
}

void mountinfo_free(struct mount_table *t)
{
	free(t->v);
	free(t->text);
	t->v = NULL;
	t->text = NULL;
	t->n = 0;
}
