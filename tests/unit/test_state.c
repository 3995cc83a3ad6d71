/* test_state.c: one owner a name, from before the first resource to after the last. */
#include "state_scene.h"

#include "state_file.h"
#include "state_spec.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

static void names(void **unused)
{
	static const struct {
		const char *name;
		bool allowed;
	} rows[] = {
		{"a", true},
		{"full", true},
		{"A-b_c.9", true},
		{"9", true},
		{"", false},
		{".", false},
		{"..", false},
		{".a", false},
		{"-a", false},
		{"a/b", false},
		{"../a", false},
		{"a b", false},
		{"a\nb", false},
		{"\xc3\xa9", false},
		{"1234567890123456789012345678901234567890123456789012345678901234", true},
		{"12345678901234567890123456789012345678901234567890123456789012345", false},
	};
	struct error e;

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(state_check_name(rows[i].name, &e), rows[i].allowed ? 0 : -1);
	assert_non_null(strstr(e.message, "is not allowed"));
}

/* Field 22 whatever stands in field 2; held against the clock, which /proc does not compute. */
static void start_time(void **unused)
{
	static const char *const odd_names[] = {"plain", "a b", ") 1 2 3", "((", "))))", " "};
	struct error e;
	uint64_t ticks;

	(void)unused;
	for (size_t i = 0; i < sizeof(odd_names) / sizeof(odd_names[0]); i++) {
		struct timespec now;
		int named[2];
		char byte;
		pid_t pid;

		assert_int_equal(pipe(named), 0);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_NAME, odd_names[i]);
			if (write(named[1], "n", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		assert_int_equal(read(named[0], &byte, 1), 1);
		clock_gettime(CLOCK_BOOTTIME, &now);
		assert_int_equal(state_start_time(pid, &ticks, &e), 0);
		end_sleeper(pid);
		close(named[0]);
		close(named[1]);
		assert_in_range(ticks, (uint64_t)(now.tv_sec - 3) * (uint64_t)sysconf(_SC_CLK_TCK),
			(uint64_t)(now.tv_sec + 1) * (uint64_t)sysconf(_SC_CLK_TCK));
		assert_int_equal(state_start_time(pid, &ticks, &e), -1);
		assert_int_equal(e.errnum, ENOENT);
	}
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void whole_life(void **unused)
{
	struct container c = scene_container("life");
	struct state *list;
	struct error e;
	struct stat st;
	size_t n;
	int before = count_fds();

	(void)unused;
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 0);
	state_list_free(list, n);

	c.pid_file = "life.pid"; /* relative: the file has the whole path */
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(lstat(scene_directory, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(lstat(scene_path("life.json"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(fcntl(c.state_fd, F_GETFD), FD_CLOEXEC);

	c.pid = getpid();
	assert_int_equal(state_update(&c, &e), 0);
	assert_int_equal(fcntl(c.state_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "life");
	assert_string_equal(list[0].runtime, "cbox");
	assert_string_equal(list[0].rootfs, "/srv/rootfs");
	assert_int_equal(list[0].pid_file[0], '/');
	assert_int_equal(list[0].pid, getpid());
	assert_in_range(list[0].created, time(NULL) - 5, time(NULL));
	assert_true(list[0].start_time > 0);
	assert_true(list[0].alive);
	state_list_free(list, n);

	assert_int_equal(state_remove(&c, &e), 0);
	assert_int_equal(c.state_fd, -1);
	assert_int_equal(state_remove(&c, &e), 0);
	assert_false(is_there(scene_path("life.json")));
	assert_int_equal(rmdir(scene_directory), 0); /* no temporary file either */
	assert_int_equal(count_fds(), before);
}

static void one_owner(void **unused)
{
	struct container first = scene_container("same"), second = scene_container("same");
	struct state s;
	struct error e;

	(void)unused;
	assert_int_equal(state_create(&first, &e), 0);
	assert_int_equal(state_create(&second, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
	assert_string_equal(e.message, "container same");
	assert_string_equal(e.hint, "`cbox list` shows it; choose another --name");
	assert_int_equal(second.state_fd, -1);
	assert_int_equal(state_claim("same", &s, &e), -1);
	assert_int_equal(e.errnum, EWOULDBLOCK);
	/* Somebody else's file is not removed by the one who did not get the name. */
	assert_int_equal(state_remove(&second, &e), 0);
	assert_true(is_there(scene_path("same.json")));
	assert_int_equal(state_remove(&first, &e), 0);
	assert_int_equal(state_claim("same", &s, &e), -1);
	assert_int_equal(e.errnum, ENOENT);
}

/* What was unlinked and made anew by somebody else is left alone. */
static void replaced(void **unused)
{
	struct container c = scene_container("gone");
	struct error e;

	(void)unused;
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(unlink(scene_path("gone.json")), 0);
	write_text(scene_path("gone.json"), "another's");
	assert_int_equal(state_remove(&c, &e), 0);
	assert_true(is_there(scene_path("gone.json")));
}

static void stale_name(void **unused)
{
	struct container c = scene_container("stale");
	struct state *list;
	struct error e;
	size_t n;

	(void)unused;
	in_killed_process(create_and_leave, "stale");
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_false(list[0].alive);
	state_list_free(list, n);
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(state_remove(&c, &e), 0);
}

enum { ROUNDS = 200 };

/* One of two: on each go tries to get the name, tells, and gives it back when told to. */
static void racer(int orders, int answers)
{
	char order;

	while (read(orders, &order, 1) == 1) {
		struct container c = scene_container("race");
		struct error e;
		int result = state_create(&c, &e);
		char answer = result == 0 ? 'w' : e.errnum == EEXIST ? 'l' : '?';

		if (write(answers, &answer, 1) != 1 || read(orders, &order, 1) != 1)
			_exit(1);
		/* Every other winner "is killed": the next round meets a stale file. */
		if (order == 'k' && c.state_fd >= 0)
			close(c.state_fd);
		else
			assert_int_equal(state_remove(&c, &e), 0);
		if (write(answers, "d", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static void race(void **unused)
{
	int orders[2][2], answers[2][2];
	pid_t pids[2];

	(void)unused;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe2(orders[i], O_CLOEXEC), 0);
		assert_int_equal(pipe2(answers[i], O_CLOEXEC), 0);
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int k = 0; k <= i; k++)
				close(orders[k][1]);
			racer(orders[i][0], answers[i][1]);
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		char answer[2], end = round % 2 ? 'k' : 'r', done;

		for (int i = 0; i < 2; i++)
			assert_int_equal(write(orders[i][1], "g", 1), 1);
		for (int i = 0; i < 2; i++)
			assert_int_equal(read(answers[i][0], &answer[i], 1), 1);
		assert_true((answer[0] == 'w' && answer[1] == 'l') ||
			    (answer[0] == 'l' && answer[1] == 'w'));
		for (int i = 0; i < 2; i++) {
			assert_int_equal(write(orders[i][1], &end, 1), 1);
			assert_int_equal(read(answers[i][0], &done, 1), 1);
		}
	}
	for (int i = 0; i < 2; i++) {
		int status;

		close(orders[i][1]);
		close(orders[i][0]);
		close(answers[i][0]);
		close(answers[i][1]);
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

/* While the file comes, grows and goes, whoever looks sees it, sound, and its owner alive. */
static void growth_is_seamless(void **unused)
{
	static char text[] = "{ }";
	struct spec spec = {.text = text, .text_len = strlen(text)};
	struct container c = scene_container("busy");
	int status, ended = 0;
	struct error e;
	pid_t pid;

	(void)unused;
	c.spec = &spec;
	c.pid = getpid();
	pid = fork();
	if (pid == 0) {
		for (int i = 0, seen = 0; seen < 2000; i++) {
			struct state *list;
			struct state s;
			size_t n;

			if (state_list(&list, &n, &e) < 0 || n > 1)
				_exit(1);
			if (n == 1 &&
				(!list[0].alive || (list[0].pid != 0 && list[0].pid != c.pid)))
				_exit(2);
			seen += (int)n;
			state_list_free(list, n);
			if (i % 40 == 0 && state_claim("busy", &s, &e) >= 0)
				_exit(3);
		}
		_exit(0);
	}
	while (ended == 0) {
		assert_int_equal(state_create(&c, &e), 0);
		assert_int_equal(state_update(&c, &e), 0);
		state_publish(&c);
		ended = waitpid(pid, &status, WNOHANG);
		assert_int_equal(state_remove(&c, &e), 0);
	}
	assert_int_equal(status, 0);
}

/* What could not be added whole is not there, and the next thing goes where it would have gone. */
static void no_room(void **unused)
{
	static char text[] = "{\"long\": \"0123456789012345678901234567890123456789\"}";
	struct spec spec = {.text = text, .text_len = strlen(text)};
	struct container c = scene_container("tight");
	struct rlimit before, limit;
	struct state_text kept;
	struct state s;
	struct error e;

	(void)unused;
	c.spec = &spec;
	c.pid = getpid();
	assert_int_equal(state_create(&c, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	signal(SIGXFSZ, SIG_IGN);
	limit.rlim_cur = (rlim_t)c.state_size + 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(state_update(&c, &e), -1);
	assert_int_equal(e.errnum, EFBIG);
	assert_ptr_equal(strstr(e.message, "writing state file "), e.message);
	limit.rlim_cur = (rlim_t)c.state_size + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(state_update(&c, &e), 0);
	state_publish(&c);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(state_read(c.state_fd, scene_directory, "tight", &s, &kept, &e), 0);
	assert_int_equal(s.pid, getpid());
	assert_non_null(kept.data);
	assert_int_equal(kept.size, 0);
	free(kept.data);
	state_free(&s);
	assert_int_equal(state_remove(&c, &e), 0);
}

static void existing_pid_file(void **unused)
{
	struct container c = scene_container("a");
	char path[128];
	struct error e;

	(void)unused;
	snprintf(path, sizeof(path), "%s/elsewhere", scene_base);
	write_text(path, "");
	c.pid_file = path;
	assert_int_equal(state_create(&c, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
	assert_ptr_equal(strstr(e.message, "creating pid file "), e.message);
	assert_string_equal(e.stage, "");
	assert_false(is_there(scene_path("a.json")));
}

static void existing_resources(void **unused)
{
	static char lo[] = "lo";
	struct spec with_link = scene_spec;
	struct container c = scene_container("a");
	char path[PATH_MAX + 32];
	struct error e;

	(void)unused;
	needs_root("cgroups");
	with_link.has_veth = true;
	with_link.veth.host.name = lo;
	c.spec = &with_link;
	assert_int_equal(state_create(&c, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
	assert_string_equal(e.stage, "network");
	assert_string_equal(e.message, "creating veth lo");
	assert_string_equal(e.hint, "another container uses lo; `cbox list` shows it, "
				    "`cbox gc` removes what a crash left");
	c.spec = &scene_spec;
	snprintf(c.cgroup, sizeof(c.cgroup), "/twinbox-test-%d", getpid());
	snprintf(path, sizeof(path), CGROUP_ROOT "%s", c.cgroup);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(state_create(&c, &e), -1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(e.errnum, EEXIST);
	assert_string_equal(e.stage, "cgroup");
	assert_ptr_equal(strstr(e.message, "creating cgroup /twinbox-test-"), e.message);
	assert_false(is_there(scene_path("a.json")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(start_time),
		cmocka_unit_test_setup(whole_life, scene_clear),
		cmocka_unit_test_setup(one_owner, scene_clear),
		cmocka_unit_test_setup(replaced, scene_clear),
		cmocka_unit_test_setup(stale_name, scene_clear),
		cmocka_unit_test_setup(race, scene_clear),
		cmocka_unit_test_setup(growth_is_seamless, scene_clear),
		cmocka_unit_test_setup(no_room, scene_clear),
		cmocka_unit_test_setup(existing_pid_file, scene_clear),
		cmocka_unit_test_setup(existing_resources, scene_clear),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("state", tests, NULL, NULL);
	scene_end();
	return failed;
}
