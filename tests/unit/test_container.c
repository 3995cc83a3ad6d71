/*
 * test_container.c: what the parent makes of the error pipe, the order of stages, and signals
 * around the whole. go/container_test.go has the same tests.
 */
#include "container.h"

#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* container_confirm() of a pipe that holds size bytes and then ends. */
static int confirm(const void *bytes, size_t size, struct error *e)
{
	struct container c;
	int fds[2], result;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], bytes, size), size);
	close(fds[1]);
	container_init(&c);
	c.error_fd = fds[0];
	error_clear(e);
	result = container_confirm(&c, e);
	close(c.signal_fd);
	close(fds[0]);
	return result;
}

/* 'e' and the error of a child that did not find its command, after the marks in before. */
static size_t failure(char *bytes, const char *before)
{
	struct error e;
	size_t n = strlen(before);

	errno = ENOENT;
	error_sys(&e, "executing nope");
	e.status = EXIT_NOT_FOUND;
	snprintf(e.stage, sizeof(e.stage), "exec");
	memcpy(bytes, before, n);
	bytes[n] = 'e';
	memcpy(bytes + n + 1, &e, sizeof(e));
	return n + 1 + sizeof(e);
}

static void assert_not_found(const struct error *e)
{
	assert_string_equal(e->message, "executing nope");
	assert_string_equal(e->stage, "exec");
	assert_int_equal(e->errnum, ENOENT);
	assert_int_equal(e->status, EXIT_NOT_FOUND);
}

static void assert_ended_early(const struct error *e)
{
	assert_string_equal(e->message, "the child ended before its command ran");
	assert_string_equal(
		e->hint, "it was killed from outside or by a memory limit that is too small");
	assert_string_equal(e->stage, "");
	assert_int_equal(e->errnum, 0);
	assert_int_equal(e->status, EXIT_RUNTIME);
}

static void a_closed_pipe_after_x_is_success(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(confirm("x", 1, &e), 0);
}

static void a_closed_pipe_without_a_mark_is_a_killed_child(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(confirm("", 0, &e), -1);
	assert_ended_early(&e);
}

static void an_error_is_the_childs(void **state)
{
	char bytes[sizeof(struct error) + 2];
	struct error e;

	(void)state;
	assert_int_equal(confirm(bytes, failure(bytes, ""), &e), -1);
	assert_not_found(&e);
	/* execve(2) itself has failed. */
	assert_int_equal(confirm(bytes, failure(bytes, "x"), &e), -1);
	assert_not_found(&e);
}

static void a_torn_error_is_a_killed_child(void **state)
{
	char bytes[sizeof(struct error) + 2];
	size_t size = failure(bytes, "x");
	struct error e;

	(void)state;
	assert_int_equal(confirm(bytes, size - 1, &e), -1);
	assert_ended_early(&e);
	assert_int_equal(confirm(bytes, 2, &e), -1);
	assert_ended_early(&e);
	assert_int_equal(confirm("e", 1, &e), -1);
	assert_ended_early(&e);
}

/* The child writes mark and error apart, and signals may come between. */
static void reads_on_until_all_is_there(void **state)
{
	char bytes[sizeof(struct error) + 2];
	size_t size = failure(bytes, "x");
	struct container c;
	struct error e;
	int fds[2];
	pid_t writer;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	writer = fork();
	if (writer == 0) {
		for (size_t i = 0; i < size; i += 100) {
			size_t n = size - i < 100 ? size - i : 100;

			usleep(1000);
			if (write(fds[1], bytes + i, n) != (ssize_t)n)
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	container_init(&c);
	c.error_fd = fds[0];
	assert_int_equal(container_confirm(&c, &e), -1);
	assert_not_found(&e);
	close(c.signal_fd);
	close(fds[0]);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static char order[16];

static int first(struct container *c, struct error *e)
{
	(void)e;
	assert_string_equal(c->stage, "one");
	strcat(order, "1");
	return 0;
}

static int second(struct container *c, struct error *e)
{
	(void)c;
	strcat(order, "2");
	return error_say(e, "no");
}

static int second_of_another(struct container *c, struct error *e)
{
	second(c, e);
	snprintf(e->stage, sizeof(e->stage), "other");
	return -1;
}

static void stages_end_with_the_first_failure(void **state)
{
	const struct stage stages[] = {{"one", first}, {"two", second}, {"three", first}};
	const struct stage other[] = {{"two", second_of_another}};
	struct container c;
	struct error e;

	(void)state;
	container_init(&c);
	order[0] = '\0';
	assert_int_equal(container_stages(&c, stages, 1, &e), 0);
	assert_int_equal(container_stages(&c, stages, 3, &e), -1);
	assert_string_equal(order, "112");
	assert_string_equal(e.stage, "two");
	assert_null(c.stage);
	/* The name that a stage itself has given stays. */
	assert_int_equal(container_stages(&c, other, 1, &e), -1);
	assert_string_equal(e.stage, "other");
}

/* In a process of its own: were it wrong, the signal would end it. */
static void what_came_too_late_is_dropped(void **state)
{
	struct sigaction now;
	struct container c;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		container_init(&c);
		inherited_read(&c.inherited);
		wait_block_signals(&c);
		sigaction(SIGCHLD, NULL, &now);
		for (int number = 1; number < NSIG; number++)
			if (number == SIGTERM || number == SIGHUP || number == SIGPIPE ||
				number == SIGXFSZ || number == SIGRTMAX)
				raise(number);
		wait_unblock_signals(&c);
		_exit(now.sa_handler == SIG_DFL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_pipe_after_x_is_success),
		cmocka_unit_test(a_closed_pipe_without_a_mark_is_a_killed_child),
		cmocka_unit_test(an_error_is_the_childs),
		cmocka_unit_test(a_torn_error_is_a_killed_child),
		cmocka_unit_test(reads_on_until_all_is_there),
		cmocka_unit_test(stages_end_with_the_first_failure),
		cmocka_unit_test(what_came_too_late_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
