/* map_command.c: `compare map`: all entries, or those of one field or flag, really run. */
#include "map.h"

#include "process.h"
#include "result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAP_ALL_MATCH = 0, MAP_MISMATCH = 1, MAP_COULD_NOT = 2 };

static int paths(char root[PATH_MAX], char programs[PATH_MAX], struct error *e)
{
	char exe[PATH_MAX] = "", *slash = NULL;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return error_sys(e, "finding this program");
	/* ROOT/build/bin/compare, ROOT/build/san/bin/compare; ROOT may be in a build/ of its own.
	 */
	for (char *next = exe; (next = strstr(next, "/build/")); next++)
		slash = next;
	if (!slash)
		return error_say(e, "%s is not in a build/ directory", exe);
	*slash = '\0';
	snprintf(root, PATH_MAX, "%s", exe);
	if (snprintf(programs, PATH_MAX, "%s/build/sysprocattr", exe) >= PATH_MAX)
		return error_say(e, "the path of this program is too long");
	return 0;
}

static bool wanted(json_t *entry, const char *field)
{
	static const char *const keys[] = {"id", "field", "flag"};

	for (size_t i = 0; field && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(map_text(entry, keys[i]), field))
			return true;
	/* What all others are measured by. */
	return !field || !strcmp(map_text(entry, "kind"), "nothing");
}

static size_t choose(const char *field, struct map_seen **seen)
{
	json_t *entry;
	size_t i, n = 0;

	*seen = calloc(json_array_size(map_entries()) + 1, sizeof(**seen));
	if (!*seen)
		abort();
	json_array_foreach(map_entries(), i, entry) if (wanted(entry, field))(*seen)[n++].entry =
		entry;
	return n;
}

static int look(const struct map_place *p, struct map_seen *seen, struct error *e)
{
	seen->place = -1;
	if (map_version_compare(map_text(seen->entry, "since"), p->go) > 0)
		return 0;
	for (int s = 0; s < MAP_SIDES; s++)
		if (map_run(p, seen->entry, (enum map_side)s, &seen->facts[s], NULL, e) ||
			map_run(p, seen->entry, (enum map_side)s, NULL, &seen->calls[s], e))
			return -1;
	return 0;
}

static int look_all(const struct map_place *p, struct map_seen *seen, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "compare: %s ...\n", map_text(seen[i].entry, "id"));
		if (look(p, &seen[i], e))
			return -1;
		map_added(&seen[i], &seen[0]);
	}
	return 0;
}

static int keep(json_t *map, const char *root, struct error *e)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/build/compare", root);
	if (mkdir(path, 0755) && errno != EEXIST)
		return error_sys(e, "making %s", path);
	return result_write(path, "map.json", result_put_json, map, e);
}

static void show(json_t *map, const char *format, const char *language, bool colour)
{
	if (!strcmp(format, "json")) {
		json_dumpf(map, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (!strcmp(format, "page")) {
		map_page(map, language, stdout);
	} else {
		map_print(map, language, colour, stdout);
	}
}

int map_command(
	const char *field, const char *format, const char *language, bool colour, struct error *e)
{
	char root[PATH_MAX], programs[PATH_MAX];
	struct map_place place = {0};
	struct map_seen *seen = NULL;
	json_t *order = NULL, *map = NULL;
	int result = MAP_COULD_NOT;
	size_t n = 0;

	error_clear(e);
	if (map_entries_load(e) || process_setup(e) || paths(root, programs, e))
		goto out;
	n = choose(field, &seen);
	if (n < 2) {
		error_say(e, "no field, flag or entry of the map: %s", field);
		goto out;
	}
	if (map_place_make(&place, programs, e) || look_all(&place, seen, n, e) ||
		map_order_run(&place, seen, n, &order, e))
		goto out;
	map = map_json(&place, root, seen, n, order);
	if (!field && keep(map, root, e))
		goto out;
	show(map, format, language, colour);
	result = json_integer_value(json_object_get(json_object_get(map, "summary"), "mismatches"))
			 ? MAP_MISMATCH
			 : MAP_ALL_MATCH;
out:
	map_place_free(&place);
	for (size_t i = 0; i < n; i++)
		map_seen_free(&seen[i]);
	free(seen);
	json_decref(order);
	json_decref(map);
	map_entries_free();
	return result;
}
