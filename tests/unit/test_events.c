/*
 * test_events.c: the lines of --events and -v. A pipe in packet mode (pipe(2), O_DIRECT) keeps
 * apart what was written apart. go/events_test.go has the same tests.
 */
#include "events.h"

#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct container c;
	int events, log; /* read ends */
	char line[8192];
};

static int packets(int *write_end)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
	*write_end = fds[1];
	return fds[0];
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	container_init(&s->c);
	s->c.program = "box";
	s->c.verbose = true;
	s->events = packets(&s->c.events_fd);
	s->log = packets(&s->c.log_fd);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	close(s->events);
	close(s->log);
	if (s->c.events_fd >= 0)
		close(s->c.events_fd);
	close(s->c.log_fd);
	free(s);
	return 0;
}

/* The next write as a string; "" where there is none. */
static const char *next(struct scene *s, int fd)
{
	ssize_t n = read(fd, s->line, sizeof(s->line) - 1);

	assert_true(n >= 0 || errno == EAGAIN);
	s->line[n > 0 ? n : 0] = '\0';
	return s->line;
}

/* A line of --events: its time is a number, the rest is as wanted. */
static void expect_line(struct scene *s, const char *rest)
{
	const char *line = next(s, s->events);
	char *end;

	assert_memory_equal(line, "{\"time\":", 8);
	assert_true(strtoll(line + 8, &end, 10) > 0);
	assert_string_equal(end, rest);
}

static void one_write_a_line(void **state)
{
	struct scene *s = *state;

	events_begin(&s->c, "cgroup");
	events_fact(&s->c, "path", "/twinbox/%s", "full");
	events_fact(&s->c, "pid", "%d", 7);
	events_call(&s->c, "mkdirat(%s)", "full");
	events_ok(&s->c, "cgroup");
	s->c.is_child = true;
	events_begin(&s->c, "mounts");
	events_ok(&s->c, "mounts");
	expect_line(s, ",\"who\":\"parent\",\"stage\":\"cgroup\",\"event\":\"begin\"}\n");
	expect_line(s, ",\"who\":\"parent\",\"stage\":\"cgroup\",\"event\":\"ok\","
		       "\"facts\":{\"path\":\"/twinbox/full\",\"pid\":\"7\"}}\n");
	expect_line(s, ",\"who\":\"child\",\"stage\":\"mounts\",\"event\":\"begin\"}\n");
	/* The facts were the other stage's. */
	expect_line(s, ",\"who\":\"child\",\"stage\":\"mounts\",\"event\":\"ok\"}\n");
	assert_string_equal(next(s, s->events), "");
	assert_string_equal(next(s, s->log),
		"cgroup: a directory in cgroup v2, with the limits, before anything runs in it\n");
	assert_string_equal(next(s, s->log), "cgroup:   mkdirat(full)\n");
	assert_memory_equal(next(s, s->log), "cgroup: ok (path /twinbox/full, pid 7), ", 40);
	assert_string_equal(strrchr(s->line, ' '), " us\n");
}

static void tells_an_error(void **state)
{
	struct scene *s = *state;
	struct error e;

	errno = ENOENT;
	error_sys(&e, "opening \"%s\"", "x\n");
	events_begin(&s->c, "mounts");
	events_error(&s->c, "mounts", &e);
	error_say(&e, "no");
	events_error(&s->c, "exec", &e);
	next(s, s->events);
	expect_line(s, ",\"who\":\"parent\",\"stage\":\"mounts\",\"event\":\"error\","
		       "\"errno\":\"ENOENT\",\"message\":\"opening \\\"x\\u000a\\\"\"}\n");
	expect_line(s, ",\"who\":\"parent\",\"stage\":\"exec\",\"event\":\"error\","
		       "\"errno\":\"\",\"message\":\"no\"}\n");
	next(s, s->log);
	assert_string_equal(next(s, s->log), "mounts: error\n");
}

static void escapes_every_row(void **state)
{
	struct scene *s = *state;
	struct rows r;
	int n = 0;

	for (rows_open(&r, "events"); rows_next(&r); n++) {
		char want[ROW_BYTES];

		s->c.facts[0] = '\0';
		events_fact(&s->c, "k", "%s", r.fields[0]);
		snprintf(want, sizeof(want), "\"k\":\"%s\"", r.fields[1]);
		assert_string_equal(s->c.facts, want);
	}
	assert_true(n > 10);
}

/* A fact is there or not; a message is cut at a whole character; a line is never torn. */
static void bounds_what_it_writes(void **state)
{
	struct scene *s = *state;
	char text[2000];
	struct error e;
	size_t size;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	events_fact(&s->c, "long", "%s", text);
	assert_int_equal(strlen(s->c.facts), strlen("\"long\":\"\"") + 511);
	events_fact(&s->c, "second", "%s", text);
	assert_int_equal(strlen(s->c.facts), strlen("\"long\":\"\"") + 511);
	/* Exactly full: 1023 bytes with this one. */
	text[1023 - 520 - strlen(",\"third\":\"\"")] = '\0';
	events_fact(&s->c, "third", "%sx", text);
	assert_int_equal(strlen(s->c.facts), 520);
	events_fact(&s->c, "third", "%s", text);
	assert_int_equal(strlen(s->c.facts), 1023);

	memset(text, 1, sizeof(text) - 1);
	error_say(&e, "%s", text);
	events_error(&s->c, "cgroup", &e);
	size = strlen(next(s, s->events));
	assert_true(size < 4096);
	assert_string_equal(s->line + size - 9, "\\u0001\"}\n");

	memset(text, 'c', sizeof(text) - 1);
	next(s, s->log);
	events_call(&s->c, "%s", text);
	assert_int_equal(strlen(next(s, s->log)), 1023);
	assert_string_equal(s->line + 1021, "c\n");
}

static void is_quiet_without_both(void **state)
{
	struct scene *s = *state;
	int events = s->c.events_fd;

	s->c.events_fd = -1;
	s->c.verbose = false;
	events_begin(&s->c, "cgroup");
	events_fact(&s->c, "path", "x");
	events_call(&s->c, "x");
	events_ok(&s->c, "cgroup");
	s->c.events_fd = events;
	assert_string_equal(s->c.facts, "");
	assert_string_equal(next(s, s->events), "");
	assert_string_equal(next(s, s->log), "");
}

static void a_reader_that_went_away(void **state)
{
	struct scene *s = *state;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL); /* as wait_block_signals() does */
	close(s->events);
	s->events = -1;
	events_begin(&s->c, "cgroup");
	events_ok(&s->c, "cgroup");
	assert_string_equal(next(s, s->log),
		"cgroup: a directory in cgroup v2, with the limits, before anything runs in it\n");
}

static void opens_a_file_to_append(void **state)
{
	struct scene *s = *state;
	char directory[] = "/tmp/twinbox-events-XXXXXX", file[64], link[64];
	struct error e;
	struct stat st;

	close(s->c.events_fd);
	s->c.events_fd = -1;
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/file", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(events_open(&s->c, link, &e), -1);
	assert_int_equal(e.errnum, ELOOP);
	assert_int_equal(access(file, F_OK), -1);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(events_open(&s->c, file, &e), 0);
		assert_int_equal(fcntl(s->c.events_fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(write(s->c.events_fd, "1234567890", 10), 10);
		assert_int_equal(fstat(s->c.events_fd, &st), 0);
		assert_int_equal(st.st_size, 10 * i);
		assert_int_equal(st.st_mode & 07777, 0600);
		close(s->c.events_fd);
		s->c.events_fd = -1;
	}
	unlink(link);
	unlink(file);
	assert_int_equal(rmdir(directory), 0);
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(one_write_a_line),
		scene_test(tells_an_error),
		scene_test(escapes_every_row),
		scene_test(bounds_what_it_writes),
		scene_test(is_quiet_without_both),
		scene_test(a_reader_that_went_away),
		scene_test(opens_a_file_to_append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
