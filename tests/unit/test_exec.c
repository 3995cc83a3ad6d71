/*
 * test_exec.c: how the command is found, and what becomes of a failure; each row in a child of its
 * own, told over the pipe as in a container. go/exec_test.go has the same rows.
 */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char base[PATH_MAX], before[PATH_MAX];

static int make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), failed;

	if (fd < 0)
		return -1;
	failed = write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0;
	close(fd);
	return failed ? -1 : 0;
}

/* a/tool runs, b/tool may not be executed, c/tool is a directory, d a file, e/tool has no
 * interpreter. The working directory is a. */
static int enter_scene(void **state)
{
	char directory[] = "/tmp/twinbox-exec-XXXXXX";

	(void)state;
	return !getcwd(before, sizeof(before)) || !mkdtemp(directory) ||
	       !realpath(directory, base) || chdir(base) < 0 || mkdir("a", 0755) < 0 ||
	       mkdir("b", 0755) < 0 || mkdir("c", 0755) < 0 || mkdir("c/tool", 0755) < 0 ||
	       mkdir("e", 0755) < 0 || make_file("a/tool", "#!/bin/sh\nexit 7\n", 0755) < 0 ||
	       make_file("b/tool", "#!/bin/sh\nexit 8\n", 0644) < 0 ||
	       make_file("d", "", 0755) < 0 || make_file("e/tool", "#!/nowhere\n", 0755) < 0 ||
	       chdir("a") < 0;
}

static int leave_scene(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", base);
	return chdir(before) < 0 || system(command) != 0; // NOLINT(cert-env33-c)
}

/* What a child does before exec_command(). */
static void nothing(struct container *c)
{
	(void)c;
}

static void raise_of_writes(struct container *c)
{
	sigset_t set;

	(void)c;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGPIPE);
	raise(SIGXFSZ);
}

static void __attribute__((noreturn))
child(struct container *c, void (*prepare)(struct container *))
{
	struct error e;

	prepare(c);
	error_clear(&e);
	exec_command(c, &e);
	/* Signals are as they were: a reader that went away is told by errno. */
	if (write(c->error_fd, "e", 1) != 1 || write(c->error_fd, &e, sizeof(e)) < 0)
		_exit(1);
	_exit(e.status);
}

/* Runs name with env; its exit status, with the child's error in e where it has one. */
static int run(char **env, const char *name, void (*prepare)(struct container *), struct error *e)
{
	struct spec s = {.process.env = {.v = env}};
	char *command[] = {(char *)name, NULL};
	int pair[2], fds[2], status;
	struct container c;
	pid_t pid;

	while (env[s.process.env.n])
		s.process.env.n++;
	container_init(&c);
	c.spec = &s;
	c.command = command;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[1]);
		c.sync_fd = pair[0];
		c.error_fd = fds[1];
		child(&c, prepare);
	}
	close(pair[0]);
	close(fds[1]);
	error_clear(e);
	c.error_fd = fds[0];
	container_confirm(&c, e);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[1]);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct {
	const char *path, *name;
	int status, errnum;
} rows[] = {
	{"PATH=../a:../b", "tool", 7, 0},
	{"PATH=../b:../a", "tool", 7, 0},
	{"PATH=../nowhere:../c:../d:../e:../a", "tool", 7, 0},
	{"PATH=../b", "tool", EXIT_CANNOT_RUN, EACCES},
	{"PATH=../b:../nowhere", "tool", EXIT_CANNOT_RUN, EACCES},
	{"PATH=../c", "tool", EXIT_CANNOT_RUN, EACCES},
	{"PATH=../d:../nowhere", "tool", EXIT_NOT_FOUND, ENOENT},
	{"PATH=../e", "tool", EXIT_NOT_FOUND, ENOENT},
	{"PATH=../nowhere", "tool", EXIT_NOT_FOUND, ENOENT},
	{"PATH=", "tool", 7, 0},
	{"PATH=../nowhere:", "tool", 7, 0},
	{"PATH=:../nowhere", "tool", 7, 0},
	{"PATH=../nowhere", "./tool", 7, 0},
	{"PATH=../a", "../nowhere/tool", EXIT_NOT_FOUND, ENOENT},
	{"PATH=../a", "../d/tool", EXIT_CANNOT_RUN, ENOTDIR},
	{"HOME=../a", "true", 0, 0},
	{"XPATH=../a", "tool", EXIT_NOT_FOUND, ENOENT},
};

static void finds_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *env[] = {(char *)rows[i].path, NULL};
		struct error e;

		print_message("# row %zu\n", i);
		assert_int_equal(run(env, rows[i].name, nothing, &e), rows[i].status);
		assert_int_equal(e.errnum, rows[i].errnum);
		if (rows[i].errnum) {
			assert_memory_equal(e.message, "executing ", 10);
			assert_string_equal(e.message + 10, rows[i].name);
			assert_int_equal(e.hint[0] != '\0', rows[i].errnum == ENOENT);
		}
	}
}

static void the_first_path_counts(void **state)
{
	char first[] = "PATH=../b", second[] = "PATH=../a";
	char *env[] = {first, second, NULL};
	struct error e;

	(void)state;
	assert_int_equal(run(env, "tool", nothing, &e), EXIT_CANNOT_RUN);
}

static void a_path_that_is_too_long(void **state)
{
	char path[PATH_MAX + 16] = "PATH=";
	char *env[] = {path, NULL};
	struct error e;

	(void)state;
	memset(path + 5, 'a', sizeof(path) - 6);
	assert_int_equal(run(env, "tool", nothing, &e), EXIT_CANNOT_RUN);
	assert_int_equal(e.errnum, ENAMETOOLONG);
}

static void signals_of_writes_are_forgotten(void **state)
{
	char path[] = "PATH=../a";
	char *env[] = {path, NULL};
	struct error e;

	(void)state;
	assert_int_equal(run(env, "tool", raise_of_writes, &e), 7);
	assert_int_equal(run(env, "nope", raise_of_writes, &e), EXIT_NOT_FOUND);
}

static void end_the_parent(struct container *c)
{
	shutdown(c->sync_fd, SHUT_RD);
}

static void nothing_runs_without_a_parent(void **state)
{
	char path[] = "PATH=../a";
	char *env[] = {path, NULL};
	struct error e;

	(void)state;
	assert_int_equal(run(env, "tool", end_the_parent, &e), EXIT_RUNTIME);
	assert_string_equal(e.message, "the runtime is gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_row),
		cmocka_unit_test(the_first_path_counts),
		cmocka_unit_test(a_path_that_is_too_long),
		cmocka_unit_test(signals_of_writes_are_forgotten),
		cmocka_unit_test(nothing_runs_without_a_parent),
	};

	return cmocka_run_group_tests(tests, enter_scene, leave_scene);
}
