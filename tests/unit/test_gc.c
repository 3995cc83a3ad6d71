/* test_gc.c: what a killed runtime left is undone; what belongs to anybody else stays. */
#include "gc_scene.h"

/* The state file says that its process is another one than the process with that pid now. */
static void change_pid(const char *file, pid_t from, pid_t to)
{
	char text[8192], changed[8192], old[32], *at;
	int fd = open(scene_path(file), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	snprintf(old, sizeof(old), "\"pid\": %d,", from);
	at = strstr(text, old);
	assert_non_null(at);
	snprintf(changed, sizeof(changed), "%.*s\"pid\": %d,%s", (int)(at - text), text, to,
		at + strlen(old));
	write_text(scene_path(file), changed);
}

static void nothing(void **unused)
{
	struct error e;

	(void)unused;
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "nothing to collect\n");
	assert_false(is_there(scene_directory));
}

static void process(void **unused)
{
	pid_t pid = start_sleeper();
	struct left left = {.name = "a", .pid = pid};
	struct error e;
	siginfo_t info;

	(void)unused;
	in_killed_process(leave, &left);
	assert_int_equal(run_gc(true, &e), 0);
	assert_string_equal(told, "a: would remove process, state file\n");
	assert_int_equal(kill(pid, 0), 0);
	assert_true(is_there(scene_path("a.json")));
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed process, state file\n");
	/* Ended, but not reaped: nothing to remove. */
	in_killed_process(leave, &left);
	assert_int_equal(run_gc(true, &e), 0);
	assert_string_equal(told, "a: would remove state file\n");
	assert_int_equal(run_gc(false, &e), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
	assert_int_equal(info.si_pid, pid);
	assert_int_equal(info.si_status, SIGKILL);
	assert_false(is_there(scene_path("a.json")));
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "nothing to collect\n");
}

/* The pid was given to somebody else meanwhile: its start time tells. */
static void reused_pid(void **unused)
{
	struct left left = {.name = "a", .lie = true};
	struct state *list;
	struct error e;
	pid_t pid;
	size_t n;

	(void)unused;
	in_killed_process(leave, &left);
	/* A clock tick later, so that the start differs. */
	usleep(30000);
	pid = start_sleeper();
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	change_pid("a.json", list[0].pid, pid);
	state_list_free(list, n);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed state file\n");
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end_sleeper(pid);
}

static void alive_is_left(void **unused)
{
	struct container c = scene_container("a");
	struct error e;

	(void)unused;
	c.pid = start_sleeper();
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(state_update(&c, &e), 0);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "nothing to collect\n");
	assert_int_equal(waitpid(c.pid, NULL, WNOHANG), 0);
	assert_true(is_there(scene_path("a.json")));
	assert_int_equal(state_remove(&c, &e), 0);
	end_sleeper(c.pid);
}

static void pid_file(void **unused)
{
	static const struct {
		const char *text;
		bool ours;
	} rows[] = {{"1\n", false}, {"4194305\n", false}, {"", true}, {"PID\n", true},
		{"PID", false}, {"PID\nmore", false}};
	char path[128];

	(void)unused;
	snprintf(path, sizeof(path), "%s/elsewhere", scene_base);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct left left = {.name = "a", .pid = start_sleeper(), .pid_file = path};
		char text[64];
		struct error e;

		in_killed_process(leave, &left);
		end_sleeper(left.pid);
		if (strncmp(rows[i].text, "PID", 3) == 0)
			snprintf(text, sizeof(text), "%d%s", left.pid, rows[i].text + 3);
		else
			snprintf(text, sizeof(text), "%s", rows[i].text);
		write_text(path, text);
		assert_int_equal(run_gc(false, &e), 0);
		assert_string_equal(told, rows[i].ours ? "a: removed pid file, state file\n"
						       : "a: removed state file\n");
		assert_int_equal(is_there(path), !rows[i].ours);
		unlink(path);
	}
}

/* Killed between making the cgroup and writing down the pid: the cgroup has the process. */
static void cgroup(void **unused)
{
	struct left left = {.name = "a", .cgroup = cgroup_name("")};
	struct error e;
	char path[160], line[32];
	pid_t pid;
	int status;

	(void)unused;
	needs_root("cgroups");
	in_killed_process(leave, &left);
	assert_int_equal(mkdir(cgroup_full(left.cgroup), 0755), 0);
	pid = start_sleeper();
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_full(left.cgroup));
	snprintf(line, sizeof(line), "%d", pid);
	write_text(path, line);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed cgroup, state file\n");
	assert_false(is_there(cgroup_full(left.cgroup)));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* The hardware address that the state file promises for the link of container name. */
static const char *promised(const char *name)
{
	static char address[NETWORK_ADDRESS_TEXT];
	struct state *list;
	struct error e;
	size_t n;

	address[0] = '\0';
	assert_int_equal(state_list(&list, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			strcpy(address, list[i].link_address);
	state_list_free(list, n);
	return address;
}

static void link_left(void **unused)
{
	struct left left = {.name = "a", .link = "left0"}, also = {.name = "b", .link = "left0"};
	struct error e;

	(void)unused;
	needs_root("links");
	/* Another one that is dead too names it: that keeps nothing. */
	in_killed_process(leave, &left);
	in_killed_process(leave, &also);
	make_link("left0", promised("a"));
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed link, state file\nb: removed state file\n");
	assert_int_equal(if_nametoindex("left0"), 0);
}

/* The container's own link went with its namespace; later somebody made one of that name. */
static void link_of_somebody_else(void **unused)
{
	struct left left = {.name = "a", .link = "left0"};
	struct error e;

	(void)unused;
	needs_root("links");
	in_killed_process(leave, &left);
	make_link("left0", NULL);
	assert_int_equal(run_gc(true, &e), 0);
	assert_string_equal(told, "a: would remove state file\n");
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed state file\n");
	assert_int_not_equal(if_nametoindex("left0"), 0);
	assert_int_equal(system("ip link delete left0"), 0);
}

/*
 * Killed before they were made; then a container that lives made a link and a cgroup of that name,
 * and another one a cgroup below it.
 */
static void another_made_it(void **unused)
{
	struct left stale = {.name = "a", .cgroup = cgroup_name(""), .link = "left0"};
	struct left alive = {.name = "b", .cgroup = cgroup_name("/below"), .link = "left0"};
	struct spec spec;
	struct container c = container_of(&alive, &spec);
	struct error e;

	(void)unused;
	needs_root("cgroups and links");
	in_killed_process(leave, &stale);
	assert_int_equal(state_create(&c, &e), 0);
	make_link("left0", promised("b"));
	assert_int_equal(mkdir(cgroup_full(stale.cgroup), 0755), 0);
	assert_int_equal(mkdir(cgroup_full(alive.cgroup), 0755), 0);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "a: removed state file\n");
	assert_true(is_there(cgroup_full(alive.cgroup)));
	assert_true(if_nametoindex("left0") != 0);
	/* Its owner killed in turn: now it is nobody's. */
	close(c.state_fd);
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "b: removed cgroup, link, state file\n");
	assert_int_equal(if_nametoindex("left0"), 0);
	assert_int_equal(rmdir(cgroup_full(stale.cgroup)), 0);
}

/* A file that cannot be read stays, is reported, and does not keep the others. */
static void damaged(void **unused)
{
	struct left left = {.name = "b"};
	struct error e;

	in_killed_process(leave, &left);
	write_text(scene_path("a.json"), "{");
	assert_int_equal(run_gc(false, &e), 1);
	assert_string_equal(told, "b: removed state file\n");
	assert_ptr_equal(strstr(e.message, scene_path("a.json")), e.message);
	assert_true(is_there(scene_path("a.json")));
	assert_int_equal(run_gc(false, &e), 1);
	assert_string_equal(told, "");
	scene_clear(unused);
}

/* The pid file cannot be removed: the rest goes, the state file stays for the next gc. */
static void goes_on(void **unused)
{
	char directory[128], path[160];
	pid_t pid = start_sleeper();
	struct left left = {.name = "a", .pid = pid, .pid_file = path};
	struct error e;

	(void)unused;
	snprintf(directory, sizeof(directory), "%s/elsewhere", scene_base);
	assert_int_equal(mkdir(directory, 0700), 0);
	/* Root may write everywhere but on what is mounted read-only. */
	if (geteuid() == 0)
		assert_int_equal(mount("none", directory, "tmpfs", 0, NULL), 0);
	snprintf(path, sizeof(path), "%s/pid", directory);
	in_killed_process(leave, &left);
	write_text(path, "");
	if (geteuid() == 0)
		assert_int_equal(mount(NULL, directory, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	else
		assert_int_equal(chmod(directory, 0500), 0);
	assert_int_equal(run_gc(false, &e), 1);
	assert_string_equal(told, "a: could not be removed\n");
	assert_ptr_equal(strstr(e.message, "removing pid file "), e.message);
	assert_true(is_there(scene_path("a.json")));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (geteuid() == 0)
		assert_int_equal(umount(directory), 0);
	else
		assert_int_equal(chmod(directory, 0700), 0);
	assert_int_equal(run_gc(false, &e), 0);
	assert_false(is_there(scene_path("a.json")));
}

static void half_written(void **unused)
{
	struct error e;
	int held;

	(void)unused;
	assert_int_equal(mkdir(scene_directory, 0700), 0);
	write_text(scene_path(".a.1.0"), "{");
	write_text(scene_path(".b.2.0"), "");
	held = open(scene_path(".b.2.0"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0); /* its writer is at work */
	assert_int_equal(run_gc(true, &e), 0);
	assert_string_equal(told, "half-written state files to remove: 1\n");
	assert_true(is_there(scene_path(".a.1.0")));
	assert_int_equal(run_gc(false, &e), 0);
	assert_string_equal(told, "half-written state files removed: 1\n");
	assert_false(is_there(scene_path(".a.1.0")));
	assert_true(is_there(scene_path(".b.2.0")));
	close(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(process, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(reused_pid, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(alive_is_left, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(pid_file, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(cgroup, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(link_left, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(link_of_somebody_else, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(another_made_it, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(damaged, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(goes_on, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(half_written, scene_clear, teardown),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("gc", tests, NULL, NULL);
	scene_end();
	return failed;
}
