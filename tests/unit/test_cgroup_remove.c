/*
 * test_cgroup_remove.c: a cgroup goes with all that is in it. go/cgroup_remove_test.go has the
 * same tests.
 */
#include "cgroup_scene.h"

enum { ROUNDS = 400, DEPTH = 300 };

static void ends_processes_in_nested_cgroups(void **state)
{
	pid_t pids[3];

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	make(place("/one/a"));
	make(place("/one/a/b"));
	make(place("/one/c"));
	pids[0] = start_process(place("/one"));
	pids[1] = start_process(place("/one/a/b"));
	pids[2] = start_process(place("/one/c"));
	assert_removed(t.c.cgroup);
	for (int i = 0; i < 3; i++)
		assert_killed(pids[i]);
}

static void ends_frozen_processes(void **state)
{
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	pid = start_process(place("/one"));
	write_text(place("/one/cgroup.freeze"), "1");
	while (!strstr(read_text(place("/one/cgroup.events")), "frozen 1"))
		sched_yield();
	assert_removed(t.c.cgroup);
	assert_killed(pid);
}

/* cgroup.kill refuses a threaded cgroup; by the time of cleanup its processes have ended. */
static void removes_threaded_cgroups(void **state)
{
	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	make(place("/one/a"));
	write_text(place("/one/a/cgroup.type"), "threaded");
	write_text(place("/one/cgroup.type"), "threaded");
	assert_removed(t.c.cgroup);
}

/* Deeper than there are descriptors. */
static void removes_deep_nests(void **state)
{
	struct rlimit saved, few;
	int dir, next;

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	dir = fcntl(t.c.cgroup_fd, F_DUPFD_CLOEXEC, 0);
	for (int i = 0; i < DEPTH; i++) {
		assert_int_equal(mkdirat(dir, "deeper", 0755), 0);
		next = openat(dir, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	close(dir);
	getrlimit(RLIMIT_NOFILE, &saved);
	few = (struct rlimit){.rlim_cur = 32, .rlim_max = saved.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	assert_removed(t.c.cgroup);
	setrlimit(RLIMIT_NOFILE, &saved);
}

/* Makes and removes the cgroup ROUNDS times; exit status 0 when all went well. */
static pid_t start_rounds(const char *name)
{
	struct container c = t.c;
	struct error e;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	snprintf(c.cgroup, sizeof(c.cgroup), "%s/shared/deeper/%s", t.base, name);
	for (int i = 0; i < ROUNDS; i++) {
		if (cgroup_create(&c, &e) < 0 || close(c.cgroup_fd) < 0 ||
			cgroup_remove(c.cgroup, NULL, &e) < 0) {
			error_print(&e, name, stderr);
			_exit(1);
		}
	}
	_exit(0);
}

static void shares_parents_with_others(void **state)
{
	pid_t pids[2];
	int status[2];

	(void)state;
	NEEDS_ROOT();
	pids[0] = start_rounds("one");
	pids[1] = start_rounds("two");
	for (int i = 0; i < 2; i++)
		assert_int_equal(waitpid(pids[i], &status[i], 0), pids[i]);
	assert_int_equal(status[0], 0);
	assert_int_equal(status[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_processes_in_nested_cgroups),
		TEST(ends_frozen_processes),
		TEST(removes_threaded_cgroups),
		TEST(removes_deep_nests),
		TEST(shares_parents_with_others),
	};

	return cmocka_run_group_tests(tests, before_all, NULL);
}
