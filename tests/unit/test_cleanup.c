/* test_cleanup.c: the end of every run, of one that failed half-way too. */
#include "gc_scene.h"

#include "cleanup.h"

/* As after a run that failed late: everything is there, and goes; the second call does nothing. */
static void cleanup(void **unused)
{
	char path[128];
	struct left left = {.name = "a", .cgroup = "", .pid_file = path};
	struct spec spec;
	struct container c;
	struct error e;
	int fds[2];
	pid_t pid;

	(void)unused;
	snprintf(path, sizeof(path), "%s/elsewhere", scene_base);
	if (geteuid() == 0) {
		left.cgroup = cgroup_name("");
		left.link = "left0";
	}
	c = container_of(&left, &spec);
	assert_int_equal(state_create(&c, &e), 0);
	pid = c.pid = start_sleeper();
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	c.sync_fd = fds[0];
	c.error_fd = fds[1];
	write_text(path, "whatever");
	c.pid_file_made = true;
	if (geteuid() == 0) {
		assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
		c.cgroup_root = open(CGROUP_ROOT, O_RDONLY | O_CLOEXEC);
		c.cgroup_fd = open(cgroup_full(left.cgroup), O_RDONLY | O_CLOEXEC);
		make_link("left0", NULL);
		c.link_made = true;
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cleanup_container(&c, &e), 0);
		assert_int_equal(kill(pid, 0), -1);
		assert_int_equal(errno, ESRCH); /* reaped */
		assert_false(is_there(path));
		assert_int_equal(if_nametoindex("left0"), 0);
		assert_false(geteuid() == 0 && is_there(cgroup_full(left.cgroup)));
		assert_false(is_there(scene_path("a.json")));
		assert_int_equal(c.pid, 0);
		assert_int_equal(
			c.pidfd & c.cgroup_root & c.cgroup_fd & c.sync_fd & c.error_fd & c.state_fd,
			-1);
	}
}

/* A resource that stays keeps its name in the state file, for gc, and nothing else. */
static void cleanup_failing(void **unused)
{
	struct left left = {.name = "a", .pid_file = scene_base}; /* a directory: EISDIR */
	struct spec spec;
	struct container c = container_of(&left, &spec);
	struct state *list;
	struct error e;
	size_t n;
	pid_t pid;

	(void)unused;
	c.pid_file = NULL;
	assert_int_equal(state_create(&c, &e), 0);
	c.pid_file = scene_base;
	c.pid_file_made = true;
	pid = c.pid = start_sleeper();
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	assert_int_equal(cleanup_container(&c, &e), -1);
	assert_ptr_equal(strstr(e.message, "removing pid file "), e.message);
	assert_string_equal(e.hint, "`cbox gc` tries again");
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_false(list[0].alive);
	state_list_free(list, n);
	assert_int_equal(run_gc(false, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cleanup, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(cleanup_failing, scene_clear, teardown),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("cleanup", tests, NULL, NULL);
	scene_end();
	return failed;
}
