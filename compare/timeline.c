/* timeline.c: see timeline.h. */
#include "timeline.h"

#include "trace.h"

#include <string.h>

/* The section of the trace that a stage is: its id and its title. */
static const struct trace_section *section_of(const char *who, const char *stage)
{
	enum trace_who side = strcmp(who, "child") ? WHO_PARENT : WHO_CHILD;

	for (size_t i = 0; i < trace_sections_n; i++) {
		const struct trace_section *s = &trace_sections[i];

		if (s->who == side && s->stage && !strcmp(s->stage, stage))
			return s;
	}
	return NULL;
}

static void begin(json_t *list, const char *who, const char *stage, json_int_t time)
{
	const struct trace_section *s = section_of(who, stage);

	json_array_append_new(list,
		json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:I, s:n, s:b}", "id", s ? s->id : stage,
			"who", who, "stage", stage, "title", "ja", s ? s->ja : stage, "en",
			s ? s->en : stage, "begin", time, "end", "ok", false));
}

/*
 * The stage that ends is the one of that name that began last: of exec the child tells the
 * beginning, and its parent that it happened.
 */
static void end(json_t *list, const char *stage, json_int_t time, bool ok)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		json_t *one = json_array_get(list, i);

		if (strcmp(json_string_value(json_object_get(one, "stage")), stage) != 0)
			continue;
		if (!json_is_null(json_object_get(one, "end")))
			return;
		json_object_set_new(one, "end", json_integer(time));
		json_object_set_new(one, "ok", json_boolean(ok));
		return;
	}
}

json_t *timeline_make(const char *text)
{
	json_t *list = json_array();
	json_int_t first = -1;

	while (*text) {
		size_t n = strcspn(text, "\n");
		json_t *line = json_loadb(text, n, 0, NULL);
		const char *who, *stage, *event;
		json_int_t time;

		text += n + (text[n] == '\n');
		if (!json_unpack(line, "{s:I, s:s, s:s, s:s}", "time", &time, "who", &who, "stage",
			    &stage, "event", &event)) {
			first = first < 0 ? time : first;
			if (!strcmp(event, "begin"))
				begin(list, who, stage, time - first);
			else
				end(list, stage, time - first, !strcmp(event, "ok"));
		}
		json_decref(line);
	}
	return list;
}
