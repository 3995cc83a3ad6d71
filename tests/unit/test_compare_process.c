/* test_compare_process.c: children get a defined start, waits end, nothing is left running. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SH(script) ((char *const[]){"/bin/sh", "-c", script, NULL})

static int setup(void **state)
{
	struct error e;

	(void)state;
	return process_setup(&e);
}

/* child_start(), input ended, child_finish(). */
static void run(struct child *c, char *const argv[])
{
	struct error e;

	assert_int_equal(child_start(c, argv, "/", &e), 0);
	child_close_input(c);
	assert_int_equal(child_finish(c, deadline_in(5000), &e), 0);
}

static void status_and_streams(void **state)
{
	struct child c;

	(void)state;
	run(&c, SH("printf out; printf err >&2; exit 7"));
	assert_int_equal(c.status, 7);
	assert_string_equal(c.out_text, "out");
	assert_string_equal(c.err_text, "err");
	child_discard(&c);
	run(&c, SH("kill -KILL $$"));
	assert_int_equal(c.status, 137);
	child_discard(&c);
}

/* What the caller of compare has open, ignores or blocks must not reach a container. */
static void start_is_defined(void **state)
{
	int leak = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
	struct child c;

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	setenv("LEAK", "1", 1);
	/* 3 is the directory that ls reads. */
	run(&c, SH("ls -m /proc/self/fd; grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut "
		   "-f2 | "
		   "tr '\\n' ' '; echo \"[$LEAK]\"; pwd"));
	signal(SIGUSR1, SIG_DFL);
	close(leak);
	assert_string_equal(c.out_text, "0, 1, 2, 3\n0000000000000000 0000000000000000 []\n/\n");
	child_discard(&c);
}

static void lines_one_by_one(void **state)
{
	struct error e;
	struct child c;
	char line[16];

	(void)state;
	assert_int_equal(
		child_start(&c, SH("read x; echo \"$x\"; echo two; printf rest"), "/", &e), 0);
	assert_int_equal(child_write(&c, "one\n", 4, &e), 0);
	assert_int_equal(child_line(&c, line, sizeof(line), deadline_in(5000), &e), 0);
	assert_string_equal(line, "one");
	assert_int_equal(child_line(&c, line, sizeof(line), deadline_in(5000), &e), 0);
	assert_string_equal(line, "two");
	/* What has no LF is no line, and the end is an error, not a wait. */
	assert_int_equal(child_line(&c, line, sizeof(line), deadline_in(5000), &e), -1);
	assert_int_equal(child_finish(&c, deadline_in(5000), &e), 0);
	assert_string_equal(c.out_text, "rest");
	child_discard(&c);
}

static void deadlines_hold(void **state)
{
	struct error e;
	struct child c;
	char line[16];
	int64_t begin;

	(void)state;
	assert_int_equal(child_start(&c, SH("exec sleep 60"), "/", &e), 0);
	begin = deadline_in(0);
	assert_int_equal(child_line(&c, line, sizeof(line), deadline_in(50), &e), -1);
	assert_int_equal(child_finish(&c, deadline_in(50), &e), -1);
	assert_in_range(deadline_in(0) - begin, 100, 3000);
	child_discard(&c);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* More than a pipe holds, and more than is kept: nobody blocks. */
static void much_output(void **state)
{
	struct child c;

	(void)state;
	run(&c, SH("head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero >&2"));
	assert_int_equal(c.status, 0);
	assert_int_equal(c.out_len, CHILD_TEXT_MAX - 1);
	assert_int_equal(c.err_len, CHILD_TEXT_MAX - 1);
	child_discard(&c);
}

static void orphans_come_here_and_end(void **state)
{
	struct child c;

	(void)state;
	run(&c, SH("sleep 60 >/dev/null 2>&1 </dev/null &"));
	child_discard(&c);
	assert_int_equal(process_orphans(deadline_in(50)), 1);
	assert_int_equal(process_orphans(deadline_in(50)), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void missing_program(void **state)
{
	struct child c;

	(void)state;
	run(&c, (char *const[]){"/no/such/program", NULL});
	assert_int_equal(c.status, 125);
	assert_non_null(strstr(c.err_text, "/no/such/program"));
	child_discard(&c);
}

/* In a process of its own, because the request to stop stays. */
static void stop_ends_a_wait(void **state)
{
	int status, ready[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct error e;

		if (process_setup(&e) || write(ready[1], "x", 1) != 1)
			_exit(1);
		if (wait_window(10000) != -1 || process_stop_signal() != SIGTERM)
			_exit(2);
		/* From now on waits end at once, but for those that undo something. */
		if (wait_window(10000) != -1)
			_exit(3);
		process_finishing(true);
		_exit(wait_window(20) == 0 ? 0 : 4);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_streams),
		cmocka_unit_test(start_is_defined),
		cmocka_unit_test(lines_one_by_one),
		cmocka_unit_test(deadlines_hold),
		cmocka_unit_test(much_output),
		cmocka_unit_test(orphans_come_here_and_end),
		cmocka_unit_test(missing_program),
		cmocka_unit_test(stop_ends_a_wait),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
