/* state_text.h: the text of one state file, all three records and the spec, and what comes of
 * changing it. */
#ifndef TWINBOX_TEST_STATE_TEXT_H
#define TWINBOX_TEST_STATE_TEXT_H

#include "state_scene.h"

/* go/state_test.go holds the same text: the two programs read each other's files. */
static const char golden[] = "{\n"
			     "  \"cgroup\": \"/twinbox/a\",\n"
			     "  \"created\": 1700000000,\n"
			     "  \"link\": \"cbox0\",\n"
			     "  \"linkAddress\": \"02:00:5e:10:00:01\",\n"
			     "  \"name\": \"a\",\n"
			     "  \"pidFile\": \"/tmp/\\\"q\\\\\\u0001\xc3\xa9\x7f\",\n"
			     "  \"rootfs\": \"/srv/<root>&fs\",\n"
			     "  \"runtime\": \"cbox\",\n"
			     "  \"version\": 3\n"
			     "}\n"
			     "{\n"
			     "  \"pid\": 4242,\n"
			     "  \"startTime\": 9007199254740993\n"
			     "}\n"
			     "{\n"
			     "  \"spec\": 3\n"
			     "}\n"
			     "{}\n";

/* Replaces from by to in the golden text. */
static inline void change(const char *from, const char *to, char out[1024])
{
	const char *at = strstr(golden, from);

	assert_non_null(at);
	snprintf(out, 1024, "%.*s%s%s", (int)(at - golden), golden, to, at + strlen(from));
}

/* A text that is right for the name odd, so that only what surrounds it is wrong. */
static inline const char *right(void)
{
	static char text[1024];

	change("\"name\": \"a\"", "\"name\": \"odd\"", text);
	return text;
}

#endif
