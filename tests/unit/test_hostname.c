/* test_hostname.c: the stage "hostname" in UTS namespaces of its own; the machine keeps its name.
 */
#include "hostname.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What hostname_set() leads to in a child with these new namespaces: the name, or the message. */
static void play(int flags, char *name, char result[256])
{
	struct spec spec = {.hostname = name};
	struct container c = {.spec = &spec, .events_fd = -1, .log_fd = -1};
	struct error e;
	ssize_t n;
	int fds[2];

	error_clear(&e);
	assert_int_equal(pipe(fds), 0);
	if (fork() == 0) {
		char text[256] = "";

		if (unshare(flags) < 0)
			snprintf(text, sizeof(text), "skip");
		else if (hostname_set(&c, &e) < 0)
			snprintf(text, sizeof(text), "%.99s: %s (%.99s)", e.message,
				error_name(e.errnum), e.hint);
		else
			gethostname(text, sizeof(text));
		_exit(write(fds[1], text, sizeof(text)) != sizeof(text));
	}
	close(fds[1]);
	n = read(fds[0], result, 256);
	close(fds[0]);
	wait(NULL);
	assert_int_equal(n, 256);
	if (strcmp(result, "skip") == 0) {
		print_message("namespaces cannot be made here; this test needs root or user "
			      "namespaces\n");
		skip();
	}
}

static int uts_flags(void)
{
	return CLONE_NEWUTS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
}

static void test_set(void **state)
{
	char before[256], after[256], result[256];

	(void)state;
	gethostname(before, sizeof(before));
	play(uts_flags(), (char[]){"twin-box.example"}, result);
	assert_string_equal(result, "twin-box.example");
	gethostname(after, sizeof(after));
	assert_string_equal(before, after);
}

static void test_none(void **state)
{
	char before[256], result[256];

	(void)state;
	gethostname(before, sizeof(before));
	play(uts_flags(), NULL, result);
	assert_string_equal(result, before);
}

/* A user namespace of its own, and the host's UTS namespace. */
static void test_refused(void **state)
{
	char result[256];

	(void)state;
	play(CLONE_NEWUSER, (char[]){"twinbox"}, result);
	assert_string_equal(result, "setting the host name twinbox: EPERM (a host name needs a uts "
				    "namespace of the same user namespace)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
