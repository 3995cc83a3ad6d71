/* timeline.h: when each stage of one column began and ended, from its --events. */
#ifndef TWINBOX_COMPARE_TIMELINE_H
#define TWINBOX_COMPARE_TIMELINE_H

#include <jansson.h>

/*
 * The lines of an events file as a list in the order of their beginning:
 *   [ { "id": "child.mounts", "who": "child", "stage": "mounts", "title": { "ja", "en" },
 *       "begin": 85421036, "end": 86118407, "ok": true } ]
 * Nanoseconds since the first event; "end" is null where a stage did not come to one. id and title
 * are those of the trace's sections. A line that is no event is passed over.
 */
json_t *timeline_make(const char *text);

#endif
