/*
 * test_identity.c: user namespaces and who one is in them. Ordinary users map themselves, where the
 * machine lets them; go/identity_test.go has the same tests.
 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct container c;
	struct spec spec;
	struct spec_idmap uids[2], gids[2];
	int release; /* closing it lets the child go on */
};

enum { CHILD_OK = 40, CHILD_FAILED, CHILD_WRONG };

/* In the child: the stage, and whether it did what it says. */
static int assume(struct scene *s, uid_t want_uid, gid_t want_gid)
{
	int signal = 0;
	struct error e;

	if (identity_assume(&s->c, &e) < 0)
		return CHILD_FAILED;
	prctl(PR_GET_PDEATHSIG, &signal);
	return geteuid() == want_uid && getuid() == want_uid && getegid() == want_gid &&
			       signal == SIGKILL
		       ? CHILD_OK
		       : CHILD_WRONG;
}

/* A child in a new user namespace, which waits, does the stage and ends with what came of it. */
static void start_child(struct scene *s, uid_t want_uid, gid_t want_gid)
{
	int ready[2], gate[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	s->c.pid = fork();
	assert_true(s->c.pid >= 0);
	if (s->c.pid == 0) {
		close(gate[1]);
		if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		if (read(gate[0], &byte, 1) != 0)
			_exit(1);
		_exit(assume(s, want_uid, want_gid));
	}
	close(ready[1]);
	close(gate[0]);
	s->release = gate[1];
	if (read(ready[0], &byte, 1) != 1) {
		print_message("# this machine lets nobody make a user namespace\n");
		close(ready[0]);
		skip();
	}
	close(ready[0]);
}

static int end_child(struct scene *s)
{
	int status;

	close(s->release);
	s->release = -1;
	assert_int_equal(waitpid(s->c.pid, &status, 0), s->c.pid);
	s->c.pid = 0;
	return WEXITSTATUS(status);
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	container_init(&s->c);
	s->c.spec = &s->spec;
	s->release = -1;
	s->spec.namespaces[NS_USER].wanted = true;
	s->spec.uid_mappings = s->uids;
	s->spec.gid_mappings = s->gids;
	s->spec.uid_mappings_n = s->spec.gid_mappings_n = 1;
	s->uids[0] = (struct spec_idmap){.host_id = geteuid(), .size = 1};
	s->gids[0] = (struct spec_idmap){.host_id = getegid(), .size = 1};
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	if (s->release >= 0)
		close(s->release);
	if (s->c.pid > 0)
		waitpid(s->c.pid, NULL, 0);
	free(s);
	return 0;
}

/* A file of /proc/PID with each run of spaces as one. */
static const char *proc_text(const struct scene *s, const char *file)
{
	static char text[256];
	char path[64], word[32];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/%s", s->c.pid, file);
	in = fopen(path, "re");
	assert_non_null(in);
	text[0] = '\0';
	while (fscanf(in, "%31s", word) == 1)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", word);
	fclose(in);
	return text;
}

static const char *line(const char *format, unsigned int id)
{
	static char text[64];

	snprintf(text, sizeof(text), format, id); // NOLINT(clang-diagnostic-format-nonliteral)
	return text;
}

static void maps_the_caller_to_root(void **state)
{
	struct scene *s = *state;
	struct error e;

	start_child(s, 0, 0);
	assert_int_equal(identity_map(&s->c, &e), 0);
	assert_string_equal(proc_text(s, "uid_map"), line("0 %u 1 ", geteuid()));
	assert_string_equal(proc_text(s, "gid_map"), line("0 %u 1 ", getegid()));
	assert_string_equal(proc_text(s, "setgroups"), geteuid() ? "deny " : "allow ");
	assert_int_equal(end_child(s), CHILD_OK);
}

static void a_map_is_written_once(void **state)
{
	struct scene *s = *state;
	struct error e;

	start_child(s, 0, 0);
	assert_int_equal(identity_map(&s->c, &e), 0);
	assert_int_equal(identity_map(&s->c, &e), -1);
	assert_string_equal(e.message, "writing uid_map of the child");
	assert_int_equal(e.errnum, EPERM);
	assert_int_equal(end_child(s), CHILD_OK);
}

static void without_root_nothing_changes(void **state)
{
	struct scene *s = *state;
	struct error e;

	s->uids[0].container_id = 1000;
	s->gids[0].container_id = 1001;
	start_child(s, 1000, 1001);
	assert_int_equal(identity_map(&s->c, &e), 0);
	assert_int_equal(end_child(s), CHILD_OK);
}

static void maps_many_lines(void **state)
{
	struct scene *s = *state;
	struct error e;

	if (geteuid() != 0) {
		print_message("# two lines need root\n");
		skip();
	}
	s->uids[0] = (struct spec_idmap){.container_id = 0, .host_id = 100000, .size = 1000};
	s->uids[1] = (struct spec_idmap){.container_id = 4294967294, .host_id = 7, .size = 1};
	s->spec.uid_mappings_n = 2;
	start_child(s, 0, 0);
	assert_int_equal(identity_map(&s->c, &e), 0);
	assert_string_equal(proc_text(s, "uid_map"), "0 100000 1000 4294967294 7 1 ");
	assert_int_equal(end_child(s), CHILD_OK);
}

/* 170 lines of 24 bytes and one of 15 or 16: what spec_check() refuses, the kernel does. */
static void the_kernel_takes_less_than_a_page(void **state)
{
	struct scene *s = *state;
	struct spec_idmap maps[171] = {{.host_id = 1000000000}};
	char text[IDENTITY_TEXT_MAX];
	struct error e;

	if (geteuid() != 0) {
		print_message("# many lines need root\n");
		skip();
	}
	for (unsigned int i = 1; i < 171; i++)
		maps[i] = (struct spec_idmap){2000000000 + 2 * i, 2000000000 + i, 1};
	s->spec.uid_mappings = maps;
	s->spec.uid_mappings_n = 171;
	for (unsigned int last = 1; last <= 10; last += 9) {
		size_t bytes = last == 1 ? 4095 : 4096;
		bool taken = bytes < (size_t)sysconf(_SC_PAGESIZE);

		maps[0].size = last;
		assert_int_equal(identity_text(maps, 171, text), bytes);
		assert_int_equal(strlen(text), bytes);
		start_child(s, 0, 0);
		assert_int_equal(identity_map(&s->c, &e), taken ? 0 : -1);
		if (!taken)
			assert_int_equal(e.errnum, EINVAL);
		assert_int_equal(end_child(s), taken ? CHILD_OK : CHILD_FAILED);
	}
}

static void root_that_is_not_mapped_is_refused(void **state)
{
	struct scene *s = *state;

	/* The spec says that 0 is mapped, but nobody has written it. */
	start_child(s, 0, 0);
	assert_int_equal(end_child(s), CHILD_FAILED);
}

/* Its maps are not ours to know: what is not mapped there stays as it is. */
static void in_a_joined_namespace_it_may_be_missing(void **state)
{
	struct scene *s = *state;
	char path[] = "/proc/1/ns/user";

	s->spec.namespaces[NS_USER].path = path;
	start_child(s, 65534, 65534);
	assert_int_equal(end_child(s), CHILD_OK);
}

static void a_child_that_is_gone_is_told(void **state)
{
	struct scene *s = *state;
	struct error e;

	s->c.pid = fork();
	if (s->c.pid == 0)
		_exit(0);
	assert_int_equal(waitpid(s->c.pid, NULL, 0), s->c.pid);
	assert_int_equal(identity_map(&s->c, &e), -1);
	assert_string_equal(e.message, "writing uid_map of the child");
	assert_int_equal(e.errnum, ENOENT);
	s->c.pid = 0;
}

static void other_namespaces_are_left_alone(void **state)
{
	struct scene *s = *state;
	char path[] = "/proc/1/ns/user";
	struct error e;

	/* Pid 0 has no files to write to. */
	s->c.pid = 0;
	s->spec.namespaces[NS_USER].path = path;
	assert_int_equal(identity_map(&s->c, &e), 0);
	s->spec.namespaces[NS_USER] = (struct spec_namespace){.wanted = false};
	assert_int_equal(identity_map(&s->c, &e), 0);
	assert_int_equal(identity_assume(&s->c, &e), 0);
}

#define scene_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(maps_the_caller_to_root),
		scene_test(a_map_is_written_once),
		scene_test(without_root_nothing_changes),
		scene_test(maps_many_lines),
		scene_test(the_kernel_takes_less_than_a_page),
		scene_test(root_that_is_not_mapped_is_refused),
		scene_test(in_a_joined_namespace_it_may_be_missing),
		scene_test(a_child_that_is_gone_is_told),
		scene_test(other_namespaces_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
