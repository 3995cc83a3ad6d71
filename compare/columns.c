/* columns.c: see columns.h. */
#include "columns.h"

#include <string.h>
#include <unistd.h>

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const none[] = {NULL};

/* Namespaces by name; time came to runc with 1.2 and to its specification with 1.1. */
const struct column columns[] = {
	{.name = "cbox",
		.program = "cbox",
		.twin = true,
		.run = WORDS("%program", "run", "--spec", "%spec", "--rootfs", "%rootfs", "--name",
			"%name", "--pid-file", "%pid", "--events", "%events", "--", "%command"),
		.exec = WORDS("%program", "exec", "%name", "--", "%command"),
		.undo = WORDS("%program", "gc"),
		.drops = none},
	{.name = "gobox",
		.program = "gobox",
		.twin = true,
		.run = WORDS("%program", "run", "--spec", "%spec", "--rootfs", "%rootfs", "--name",
			"%name", "--pid-file", "%pid", "--events", "%events", "--", "%command"),
		.exec = WORDS("%program", "exec", "%name", "--", "%command"),
		.undo = WORDS("%program", "gc"),
		.drops = none},
	{.name = "bridge",
		.program = "gobox-bridge",
		.twin = true,
		.run = WORDS("%program", "run", "--via", "%via", "--spec", "%spec", "--rootfs",
			"%rootfs", "--name", "%name", "--pid-file", "%pid", "--events", "%events",
			"--", "%command"),
		.exec = WORDS("%program", "exec", "--via", "all=c", "%name", "--", "%command"),
		.undo = WORDS("%program", "gc"),
		.drops = none},
	{.name = "crun",
		.program = "crun",
		.run = WORDS("%program", "--root", "%state", "--cgroup-manager=cgroupfs", "run",
			"--bundle", "%bundle", "--pid-file", "%pid", "%name"),
		.exec = WORDS("%program", "--root", "%state", "--cgroup-manager=cgroupfs", "exec",
			"%name", "%command"),
		.undo = WORDS("%program", "--root", "%state", "--cgroup-manager=cgroupfs", "delete",
			"--force", "%name"),
		.drops = none},
	{.name = "runc",
		.program = "runc",
		.run = WORDS("%program", "--root", "%state", "run", "--bundle", "%bundle",
			"--pid-file", "%pid", "%name"),
		.exec = WORDS("%program", "--root", "%state", "exec", "%name", "%command"),
		.undo = WORDS("%program", "--root", "%state", "delete", "--force", "%name"),
		.drops = WORDS("time")},
};
const size_t columns_n = sizeof(columns) / sizeof(columns[0]);

const struct column *column_find(const char *name)
{
	for (size_t i = 0; i < columns_n; i++)
		if (!strcmp(columns[i].name, name))
			return &columns[i];
	return NULL;
}

const char *column_refuses(const struct column *c, const struct plan *p)
{
	json_t *mounts = json_object_get(p->spec, "mounts"), *mount;
	bool dev = false;
	size_t i;

	json_array_foreach(mounts, i, mount)
	{
		const char *at = json_string_value(json_object_get(mount, "destination"));

		dev = dev || (at && !strcmp(at, "/dev"));
	}
	if (c->twin || (dev && plan_namespace(p, "mount")))
		return NULL;
	return "not run: this spec has no mount namespace with a /dev of its own";
}

bool column_program(const struct column *c, const struct plan *p, char path[PATH_MAX])
{
	/* Not the caller's PATH: which runtime is measured must not depend on a login shell. */
	static const char *const system[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
		"/usr/bin", "/sbin", "/bin", NULL};
	const char *own[] = {p->bin, NULL};

	for (const char *const *dir = c->twin ? own : system; *dir; dir++)
		if (snprintf(path, PATH_MAX, "%s/%s", *dir, c->program) < PATH_MAX &&
			!access(path, X_OK))
			return true;
	if (!c->twin)
		return false;
	/* A sanitized build has no Go programs of its own. */
	return snprintf(path, PATH_MAX, "%s/build/bin/%s", p->root, c->program) < PATH_MAX &&
	       !access(path, X_OK);
}

static int add(const struct column *c, const struct column *chosen[], size_t *n, struct error *e)
{
	for (size_t i = 0; i < *n; i++)
		if (chosen[i] == c)
			return error_say(e, "column %s is named twice", c->name);
	chosen[(*n)++] = c;
	return 0;
}

static int unknown(const char *name, struct error *e)
{
	char known[200] = "";

	for (size_t i = 0; i < columns_n; i++) {
		strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, columns[i].name, sizeof(known) - strlen(known) - 1);
	}
	error_say(e, "no column is called \"%s\"", name);
	return error_hint(e, "columns are %s", known);
}

int columns_check(const char *list, struct error *e)
{
	char words[256], *rest = words, *word;

	if (list && snprintf(words, sizeof(words), "%s", list) >= (int)sizeof(words))
		return error_say(e, "the list of columns is too long");
	while (list && (word = strsep(&rest, ",")))
		if (!column_find(word))
			return unknown(word, e);
	return 0;
}

/* The names are known: columns_check(). */
static int choose_named(const char *list, const struct column *chosen[], size_t *n,
	const struct plan *p, struct error *e)
{
	char words[256], path[PATH_MAX], *rest = words, *word;

	snprintf(words, sizeof(words), "%s", list);
	while ((word = strsep(&rest, ","))) {
		const struct column *c = column_find(word);

		if (!column_program(c, p, path)) {
			error_say(e, "column %s: its program is not here", c->name);
			if (c->twin)
				return error_hint(e, "`make` builds it");
			return error_hint(e, "install the package %s", c->name);
		}
		if (column_refuses(c, p))
			return error_say(e, "column %s: %s", c->name, column_refuses(c, p));
		if (add(c, chosen, n, e))
			return -1;
	}
	return 0;
}

int columns_choose(const char *list, const struct plan *p, const struct column *chosen[], size_t *n,
	json_t *absent, struct error *e)
{
	char path[PATH_MAX];

	*n = 0;
	if (list)
		return choose_named(list, chosen, n, p, e);
	for (size_t i = 0; i < columns_n; i++) {
		const struct column *c = &columns[i];

		if (column_refuses(c, p)) {
			json_object_set_new(absent, c->name, json_string(column_refuses(c, p)));
		} else if (column_program(c, p, path)) {
			chosen[(*n)++] = c;
		} else if (c->twin) {
			error_say(e, "column %s: its program is not here", c->name);
			return error_hint(e, "`make` builds it");
		} else {
			json_object_set_new(absent, c->name, json_string(""));
		}
	}
	return 0;
}
