/* trace_scene.h: lines of strace, read, for the tests of compare trace. */
#ifndef TWINBOX_TEST_TRACE_SCENE_H
#define TWINBOX_TEST_TRACE_SCENE_H

#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column gobox = {.name = "gobox", .twin = true};

static inline struct trace read_lines(const char *text)
{
	struct trace t = {.column = &gobox};

	trace_read_text(&t, text, strlen(text));
	return t;
}

/* The n-th call's normal form, all of it in one piece: read, cut, written anew. */
static inline struct trace whole(const char *text)
{
	struct trace t = read_lines(text);
	struct error e;

	error_clear(&e);
	assert_int_equal(trace_cut(&t, "/p/spec.json", &e), 0);
	trace_normal(
		&t, &(struct trace_names){
			    .project = "/p", .rootfs = "/p/build/rootfs", .run = "/tmp/run.x"});
	return t;
}

#endif
