/* measure.c: see measure.h. */
#include "measure.h"

#include "observe.h"
#include "timeline.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* cat waits for input, touches nothing of what it was given, and echoes: that shows that it runs.
 */
static const char *const still[] = {"/bin/cat", NULL};

/* What the container that was looked at has left: lifecycle.left.NAME. */
static void read_leftovers(const struct held *h, struct values *out)
{
	char what[PATH_MAX], id[64];

	for (size_t i = 0; i < leftovers_n; i++) {
		snprintf(id, sizeof(id), "lifecycle.left.%s", leftovers[i].name);
		values_set(out, id, "%s",
			leftovers[i].look(h, what, sizeof(what)) ? "left behind" : "nothing");
	}
}

static json_t *read_timeline(const struct held *h)
{
	char path[PATH_MAX], *text = read_whole(AT_FDCWD, held_file(h, "events", path), NULL);
	json_t *timeline = text ? timeline_make(text) : NULL;

	free(text);
	return timeline;
}

static int measure_still(const struct plan *p, const struct column *c, struct values *out,
	json_t **timeline, struct error *e)
{
	struct held h;
	int result = -1;

	if (held_start(&h, p, c, still, e) || held_ready(&h, "are you there?", e) ||
		observe_container(&h, out, e) || held_end(&h, e))
		goto out;
	values_set(out, "lifecycle.end_of_input.status", "%d", h.child.status);
	read_leftovers(&h, out);
	if (timeline)
		*timeline = read_timeline(&h);
	result = 0;
out:
	held_discard(&h);
	return result;
}

int behaviour_check(const char *name, struct error *e)
{
	static const char *const names[] = {"network", "limits", "exec", "lifecycle"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!name || !strcmp(name, names[i]))
			return 0;
	error_say(e, "nothing that is tried is called \"%s\"", name);
	return error_hint(e, "it is network, limits, exec or lifecycle");
}

static bool wanted(const struct plan *p, const char *name)
{
	return !p->only || !strcmp(p->only, name);
}

int measure_column(const struct plan *p, const struct column *c, struct values *out,
	json_t **timeline, struct error *e)
{
	struct plan eased = {0};
	int result = measure_still(p, c, out, timeline, e);

	if (result || p->quick)
		return result;
	result = plan_ease(p, &eased, e) ||
		 (wanted(p, "network") && behave_network(&eased, c, out, e)) ||
		 (wanted(p, "limits") && behave_limits(p, &eased, c, out, e)) ||
		 (wanted(p, "exec") && behave_exec(&eased, c, out, e)) ||
		 (wanted(p, "lifecycle") && behave_lifecycle(&eased, c, out, e));
	plan_free_eased(&eased);
	return result ? -1 : 0;
}
