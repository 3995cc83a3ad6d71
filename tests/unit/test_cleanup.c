/* test_cleanup.c: the end of every run, of one that failed half-way too. */
#include "gc_scene.h"

#include "cleanup.h"

static void move_in(pid_t pid, const char *cgroup)
{
	char path[160];
	FILE *procs;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	procs = fopen(path, "we");
	assert_non_null(procs);
	fprintf(procs, "%d\n", pid);
	assert_int_equal(fclose(procs), 0);
}

/* As after a run that failed late: everything is there, and goes; the second call does nothing. */
static void cleanup(void **unused)
{
	char path[128], text[32];
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
	snprintf(text, sizeof(text), "%d\n", pid);
	write_text(path, text);
	c.pid_in_file = pid;
	if (geteuid() == 0) {
		assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
		c.cgroup_root = open(CGROUP_ROOT, O_RDONLY | O_CLOEXEC);
		c.cgroup_fd = open(cgroup_full(left.cgroup), O_RDONLY | O_CLOEXEC);
		make_link("left0", NULL);
		c.link_made = true;
		c.link_index = (int)if_nametoindex("left0");
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
	struct left left = {.name = "a"};
	char too_long[NAME_MAX + 2];
	struct spec spec;
	struct container c = container_of(&left, &spec);
	struct state *list;
	struct error e;
	size_t n;
	pid_t pid;

	(void)unused;
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(state_create(&c, &e), 0);
	c.pid_file = too_long;
	pid = c.pid_in_file = c.pid = start_sleeper();
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	assert_int_equal(cleanup_container(&c, &e), -1);
	assert_ptr_equal(strstr(e.message, "opening pid file "), e.message);
	assert_string_equal(e.hint, "`cbox gc` tries again");
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_false(list[0].alive);
	state_list_free(list, n);
	assert_int_equal(run_gc(false, &e), 0);
}

/*
 * The container's link, pid file and cgroup were taken away, and somebody has made others of the
 * same names by the time it ends.
 */
static void cleanup_leaves_what_is_anothers(void **unused)
{
	char path[128];
	struct left left = {
		.name = "a", .cgroup = cgroup_name(""), .link = "left0", .pid_file = path};
	struct spec spec;
	struct container c;
	struct error e;
	pid_t another;

	(void)unused;
	needs_root("cgroups and links");
	snprintf(path, sizeof(path), "%s/elsewhere", scene_base);
	c = container_of(&left, &spec);
	assert_int_equal(state_create(&c, &e), 0);
	c.link_made = true;
	make_link("left0", NULL);
	c.link_index = (int)if_nametoindex("left0");
	assert_int_equal(network_remove("left0", 0, &e), 0);
	make_link("left0", NULL);
	c.pid_in_file = 1234567;
	write_text(path, "7654321\n");
	assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
	c.cgroup_root = open(CGROUP_ROOT, O_RDONLY | O_CLOEXEC);
	c.cgroup_fd = open(cgroup_full(left.cgroup), O_RDONLY | O_CLOEXEC);
	assert_int_equal(rmdir(cgroup_full(left.cgroup)), 0);
	assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
	another = start_sleeper();
	move_in(another, cgroup_full(left.cgroup));
	assert_int_equal(cleanup_container(&c, &e), 0);
	assert_true(if_nametoindex("left0") != 0);
	assert_true(is_there(path));
	assert_int_equal(kill(another, 0), 0);
	assert_false(is_there(scene_path("a.json")));
	end_sleeper(another);
	assert_int_equal(rmdir(cgroup_full(left.cgroup)), 0);
	assert_int_equal(network_remove("left0", 0, &e), 0);
	assert_int_equal(unlink(path), 0);
}

/* A container that lives has its cgroup below that of the one that ends. */
static void cleanup_spares_who_lives_below(void **unused)
{
	struct left left = {.name = "a", .cgroup = cgroup_name("")};
	struct left below = {.name = "b", .cgroup = cgroup_name("/below")};
	struct spec spec, spec_below;
	struct container c, alive;
	char message[128];
	struct error e;
	pid_t another;

	(void)unused;
	needs_root("cgroups");
	c = container_of(&left, &spec);
	alive = container_of(&below, &spec_below);
	/* Before the state files: it would have their locks too. */
	another = start_sleeper();
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(state_create(&alive, &e), 0);
	assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
	assert_int_equal(mkdir(cgroup_full(below.cgroup), 0755), 0);
	move_in(another, cgroup_full(below.cgroup));
	c.cgroup_root = open(CGROUP_ROOT, O_RDONLY | O_CLOEXEC);
	c.cgroup_fd = open(cgroup_full(left.cgroup), O_RDONLY | O_CLOEXEC);
	assert_int_equal(cleanup_container(&c, &e), -1);
	snprintf(message, sizeof(message), "cgroup %s has the cgroup of another container below it",
		left.cgroup);
	assert_string_equal(e.message, message);
	assert_int_equal(kill(another, 0), 0);
	/* Of the two one is nobody's by now; then neither is anybody's. */
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed state file\n");
	assert_int_equal(kill(another, 0), 0);
	close(alive.state_fd);
	close(alive.state_dir);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "b: removed cgroup, state file\n");
	waitpid(another, NULL, 0);
	assert_int_equal(rmdir(cgroup_full(left.cgroup)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cleanup, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(cleanup_failing, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(
			cleanup_leaves_what_is_anothers, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(
			cleanup_spares_who_lives_below, scene_clear, teardown),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("cleanup", tests, NULL, NULL);
	scene_end();
	return failed;
}
