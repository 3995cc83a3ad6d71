/*
 * privileges_scene.h: the privileges stage in a child of the test, read back from the kernel's own
 * view in /proc/self/status.
 *
 * Most tests need root. Those of the user namespace run as an ordinary user too, where the machine
 * lets one make it. go/privileges_test.go has the same tests.
 */
#ifndef TWINBOX_TEST_PRIVILEGES_SCENE_H
#define TWINBOX_TEST_PRIVILEGES_SCENE_H

#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BIT(number) (UINT64_C(1) << (number))
#define CHOWN	    BIT(CAP_CHOWN)
#define KILL	    BIT(CAP_KILL)
#define BIND	    BIT(CAP_NET_BIND_SERVICE)

/* What the child tells; in memory that it shares with the test. */
struct report {
	int result;
	struct error e;
	char status[4096]; /* /proc/self/status after the stage */
	int death_signal;
	bool kept_open; /* a descriptor without close-on-exec is still without */
	struct rlimit nofile, core;
};

static struct {
	struct spec spec;
	struct container c;
	struct report *report;
} t;

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (geteuid() != 0) {                                                              \
			print_message("needs root: other users and capabilities\n");               \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

static inline int before(void **state)
{
	(void)state;
	t.spec = (struct spec){0};
	container_init(&t.c);
	t.c.spec = &t.spec;
	t.report = mmap(
		NULL, sizeof(*t.report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return t.report == MAP_FAILED ? -1 : 0;
}

static inline int after(void **state)
{
	(void)state;
	return munmap(t.report, sizeof(*t.report));
}

static inline void read_into(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
	close(fd);
}

/* Runs the stage in a child, after prepare() where there is one; fills t.report. */
static inline void run_stage(int (*prepare)(void))
{
	struct report *r = t.report;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int leaked, null = open("/dev/null", O_RDWR | O_CLOEXEC);

		umask(0077);
		/* Another user would get the test's own streams. */
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		if (prepare && prepare() < 0)
			_exit(2);
		leaked = open("/", O_RDONLY);
		r->result = privileges_drop(&t.c, &r->e);
		read_into("/proc/self/status", r->status, sizeof(r->status));
		prctl(PR_GET_PDEATHSIG, &r->death_signal);
		r->kept_open = !(fcntl(leaked, F_GETFD) & FD_CLOEXEC);
		getrlimit(RLIMIT_NOFILE, &r->nofile);
		getrlimit(RLIMIT_CORE, &r->core);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		print_message("this machine does not let the test prepare its child\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static inline void assert_passed(void)
{
	if (t.report->result == 0)
		return;
	error_print(&t.report->e, "test", stderr);
	fail();
}

static inline void assert_refused(int errnum, const char *message, const char *hint)
{
	assert_int_equal(t.report->result, -1);
	assert_string_equal(t.report->e.message, message);
	assert_int_equal(t.report->e.errnum, errnum);
	assert_string_equal(t.report->e.hint, hint);
}

/* The line of /proc/self/status that begins with key, its blanks made single spaces. */
static inline const char *line_of(const char *key)
{
	static char line[256];
	const char *p = t.report->status;
	size_t n = 0;

	while (p && strncmp(p, key, strlen(key)) != 0) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	assert_non_null(p);
	for (; *p && *p != '\n' && n < sizeof(line) - 1; p++) {
		char c = *p == '\t' ? ' ' : *p;

		if (c != ' ' || (n > 0 && line[n - 1] != ' '))
			line[n++] = c;
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	return line;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

#endif
