/* test_state.c: one owner a name, no half-written file ever seen, nothing believed that is odd. */
#include "state_scene.h"

#include "state_file.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

/* Stands in for the C library's: what others do between open(2) and flock(2) happens in the hook.
 */
static void (*before_flock)(void);

int flock(int fd, int operation)
{
	void (*hook)(void) = before_flock;

	before_flock = NULL;
	if (hook)
		hook();
	return (int)syscall(SYS_flock, fd, operation);
}

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

/* go/state_test.go holds the same text: the two programs read each other's files. */
static const char golden[] = "{\n"
			     "  \"cgroup\": \"/twinbox/a\",\n"
			     "  \"created\": 1700000000,\n"
			     "  \"link\": \"cbox0\",\n"
			     "  \"linkAddress\": \"02:00:5e:10:00:01\",\n"
			     "  \"name\": \"a\",\n"
			     "  \"pid\": 4242,\n"
			     "  \"pidFile\": \"/tmp/\\\"q\\\\\\u0001\xc3\xa9\x7f\",\n"
			     "  \"rootfs\": \"/srv/<root>&fs\",\n"
			     "  \"runtime\": \"cbox\",\n"
			     "  \"startTime\": 9007199254740993,\n"
			     "  \"version\": 2\n"
			     "}\n";

static void text(void **unused)
{
	struct state s = {.name = "a",
		.runtime = "cbox",
		.pid = 4242,
		.start_time = 9007199254740993,
		.created = 1700000000,
		.cgroup = "/twinbox/a",
		.link = "cbox0",
		.link_address = "02:00:5e:10:00:01",
		.rootfs = "/srv/<root>&fs",
		.pid_file = "/tmp/\"q\\\x01\xc3\xa9\x7f"};
	struct state back;
	struct error e;
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	(void)unused;
	assert_int_equal(state_print(&s, out, &e), 0);
	fclose(out);
	assert_string_equal(printed, golden);
	assert_int_equal(state_parse("a.json", "a", printed, size, &back, &e), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	/* Every shorter text is refused: a file cut off is never taken for a whole one. */
	for (size_t n = 0; n + 2 < size; n++)
		assert_int_equal(state_parse("a.json", "a", printed, n, &back, &e), -1);
	free(printed);

	strcpy(s.rootfs, "/srv/\xff");
	out = fopen("/dev/null", "w");
	assert_int_equal(state_print(&s, out, &e), -1);
	assert_string_equal(e.message, "a state file can hold only paths in UTF-8");
	fclose(out);
}

/* Replaces from by to in the golden text. */
static void change(const char *from, const char *to, char out[1024])
{
	const char *at = strstr(golden, from);

	assert_non_null(at);
	snprintf(out, 1024, "%.*s%s%s", (int)(at - golden), golden, to, at + strlen(from));
}

static void odd_texts(void **unused)
{
	static const char odd[] = "a.json: is not what a runtime has written";
	static const struct {
		const char *from, *to, *message;
	} rows[] = {
		{"\"version\": 2", "\"version\": 1", "a.json: version 1 is not known"},
		{"\"version\": 2", "\"version\": \"2\"", odd},
		{"\"version\": 2", "\"Version\": 2", odd},
		{"\"version\": 2", "\"version\": 2,\n  \"more\": 1", odd},
		{"02:00:5e:10:00:01", "02:00:5e:10:00:010", odd},
		{"\"name\": \"a\"", "\"name\": \"b\"", odd},
		{"\"name\": \"a\"", "\"name\": 7", odd},
		{"\"name\": \"a\"", "\"nome\": \"a\"", odd},
		{"\"pid\": 4242", "\"pid\": -1", odd},
		{"\"pid\": 4242", "\"pid\": 4294967298", odd},
		{"\"pid\": 4242", "\"pid\": \"4242\"", odd},
		{"\"created\": 1700000000", "\"created\": 253402300800", odd},
		{"\"link\": \"cbox0\"", "\"link\": \"abcdefghijklmnop\"", odd},
		{"\"link\": \"cbox0\"", "\"link\": \"../x\"", odd},
		{"/twinbox/a", "/", odd},
		{"/twinbox/a", "//.", odd},
		{"/twinbox/a", "/twinbox/..", odd},
		{"/twinbox/a", "/..x/../a", odd},
		{"/twinbox/a", "twinbox/a", odd},
		{"\"/tmp/", "\"tmp/", odd},
		{"{\n", "[", NULL},
		{"}\n", "}\n}", NULL},
		{"\"link\"", "\"name\"", NULL},
		{"cbox0", "cb\\u0000x", NULL},
		{"cbox0", "\xff", NULL},
	};
	struct state s;
	struct error e;
	char changed[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		change(rows[i].from, rows[i].to, changed);
		assert_int_equal(state_parse("a.json", "a", changed, strlen(changed), &s, &e), -1);
		if (rows[i].message)
			assert_string_equal(e.message, rows[i].message);
		assert_ptr_equal(strstr(e.message, "a.json"), e.message);
		assert_ptr_equal(strstr(e.hint, "nothing was removed"), e.hint);
	}
}

/* Two names like /..x are plain names. */
static void plain_dots(void **unused)
{
	struct state s;
	struct error e;
	char changed[1024];

	(void)unused;
	change("/twinbox/a", "/..x/...", changed);
	assert_int_equal(state_parse("a.json", "a", changed, strlen(changed), &s, &e), 0);
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
	free(list);

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
	free(list);

	state_remove(&c);
	assert_int_equal(c.state_fd, -1);
	state_remove(&c);
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
	state_remove(&second);
	assert_true(is_there(scene_path("same.json")));
	state_remove(&first);
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
	state_remove(&c);
	assert_true(is_there(scene_path("gone.json")));
}

static void create_and_leave(void *name)
{
	struct container c = scene_container(name);
	struct error e;

	if (state_create(&c, &e) < 0)
		_exit(1);
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
	free(list);
	assert_int_equal(state_create(&c, &e), 0);
	state_remove(&c);
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
			state_remove(&c);
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

/* While the file is replaced all the time, whoever looks sees it, whole, and its owner alive. */
static void update_is_seamless(void **unused)
{
	struct container c = scene_container("busy");
	struct error e;
	pid_t pid;
	int status;

	(void)unused;
	assert_int_equal(state_create(&c, &e), 0);
	pid = fork();
	if (pid == 0) {
		close(c.state_fd);
		for (int i = 0; i < 2000; i++) {
			struct state *list;
			struct state s;
			size_t n;

			if (state_list(&list, &n, &e) < 0 || n != 1 || !list[0].alive)
				_exit(1);
			free(list);
			if (i % 40 == 0 && state_claim("busy", &s, &e) >= 0)
				_exit(2);
		}
		_exit(0);
	}
	c.pid = getpid();
	do
		assert_int_equal(state_update(&c, &e), 0);
	while (waitpid(pid, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	state_remove(&c);
}

/* A text that is right for the name odd, so that only what surrounds it is wrong. */
static const char *right(void)
{
	static char text[1024];

	change("\"name\": \"a\"", "\"name\": \"odd\"", text);
	return text;
}

/* Makes the file odd.json odd in one way. */
static void odd_symlink(void)
{
	write_text(scene_path("../elsewhere"), right());
	assert_int_equal(symlink("../elsewhere", scene_path("odd.json")), 0);
}

static void odd_fifo(void)
{
	assert_int_equal(mkfifo(scene_path("odd.json"), 0600), 0);
}

static void odd_directory(void)
{
	assert_int_equal(mkdir(scene_path("odd.json"), 0700), 0);
}

static void odd_mode(void)
{
	write_text(scene_path("odd.json"), right());
	assert_int_equal(chmod(scene_path("odd.json"), 0620), 0);
}

static void odd_garbled(void)
{
	write_text(scene_path("odd.json"), "\x7f"
					   "ELF garbage");
}

static void odd_empty(void)
{
	write_text(scene_path("odd.json"), "");
}

static void odd_owner(void)
{
	write_text(scene_path("odd.json"), right());
	assert_int_equal(chown(scene_path("odd.json"), 65534, 65534), 0);
}

/* list names it and still shows the others; run of that name refuses; it stays where it is. */
static void odd_files(void **unused)
{
	static const struct {
		void (*make)(void);
		const char *message;
		bool root;
	} rows[] = {
		{odd_symlink, "opening state file ", false},
		{odd_fifo, "is not safe to use: mode 010600", false},
		{odd_directory, "is not safe to use: mode 040700", false},
		{odd_mode, "is not safe to use: mode 100620", false},
		{odd_garbled, ":1:1: ", false},
		{odd_empty, ":1:1: ", false},
		{odd_owner, "is not safe to use: mode 100600, owner 65534", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct container good = scene_container("good"), odd = scene_container("odd");
		struct state *list;
		struct error e;
		size_t n;

		if (rows[i].root && geteuid() != 0)
			continue;
		scene_clear(unused);
		assert_int_equal(state_create(&good, &e), 0);
		rows[i].make();
		assert_int_equal(state_list(&list, &n, &e), -1);
		assert_int_equal(n, 1);
		assert_string_equal(list[0].name, "good");
		free(list);
		assert_non_null(strstr(e.message, scene_path("odd.json")));
		assert_non_null(strstr(e.message, rows[i].message));
		assert_int_equal(state_create(&odd, &e), -1);
		assert_non_null(strstr(e.message, scene_path("odd.json")));
		assert_non_null(strstr(e.message, rows[i].message));
		assert_true(is_there(scene_path("odd.json")));
		state_remove(&good);
	}
}

static int new_owner;

/* The stale file is collected and the name taken by somebody who lives. */
static void take_name(void)
{
	assert_int_equal(unlink(scene_path("odd.json")), 0);
	write_text(scene_path("odd.json"), right());
	new_owner = open(scene_path("odd.json"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(syscall(SYS_flock, new_owner, LOCK_EX), 0);
}

/* A lock on a file that lost its name meanwhile is no claim to the name. */
static void locked_too_late(void **unused)
{
	struct state s, *list;
	struct error e;
	size_t n;

	(void)unused;
	in_killed_process(create_and_leave, "odd");
	before_flock = take_name;
	assert_int_equal(state_claim("odd", &s, &e), -1);
	assert_int_equal(e.errnum, EWOULDBLOCK);
	close(new_owner);

	before_flock = take_name;
	assert_int_equal(state_list(&list, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_true(list[0].alive);
	free(list);
	close(new_owner);
}

/* gc takes a file made a moment ago, and not locked yet, for a leftover. */
static void sweep(void)
{
	struct error e;

	assert_int_equal(state_sweep(false, &e), 1);
}

static void swept_too_early(void **unused)
{
	struct container c = scene_container("a");
	struct error e;

	(void)unused;
	before_flock = sweep;
	assert_int_equal(state_create(&c, &e), 0);
	assert_true(is_there(scene_path("a.json")));
	state_remove(&c);
	assert_int_equal(rmdir(scene_directory), 0);
}

static void odd_directories(void **unused)
{
	struct container c = scene_container("a");
	char elsewhere[128];
	struct error e;

	(void)unused;
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", scene_base);
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(symlink("elsewhere", scene_directory), 0);
	assert_int_equal(state_create(&c, &e), -1);
	assert_non_null(strstr(e.message, scene_directory));
	assert_int_equal(unlink(scene_directory), 0);

	assert_int_equal(mkdir(scene_directory, 0700), 0);
	assert_int_equal(chmod(scene_directory, 0770), 0);
	assert_int_equal(state_create(&c, &e), -1);
	assert_non_null(strstr(e.message, "is not safe to use: mode 040770"));
	assert_non_null(strstr(e.hint, "writable by nobody else"));
	assert_int_equal(chmod(scene_directory, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scene_directory, 65534, 65534), 0);
		assert_int_equal(state_create(&c, &e), -1);
		assert_non_null(strstr(e.message, "is not safe to use"));
	}
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

static void no_runtime_directory(void **unused)
{
	static const char *const values[] = {NULL, "", "relative"};
	uid_t uid = geteuid();
	struct container c = scene_container("a");
	struct error e;

	(void)unused;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i])
			setenv("XDG_RUNTIME_DIR", values[i], 1);
		else
			unsetenv("XDG_RUNTIME_DIR");
		/* Root has /run and does not look at it. */
		assert_int_equal(seteuid(uid ? uid : 65534), 0);
		assert_int_equal(state_create(&c, &e), -1);
		assert_int_equal(seteuid(uid), 0);
		assert_string_equal(e.message, "XDG_RUNTIME_DIR is not set to an absolute path");
		assert_true(e.hint[0] != '\0');
	}
	setenv("XDG_RUNTIME_DIR", scene_base, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(text),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(plain_dots),
		cmocka_unit_test(start_time),
		cmocka_unit_test_setup(whole_life, scene_clear),
		cmocka_unit_test_setup(one_owner, scene_clear),
		cmocka_unit_test_setup(replaced, scene_clear),
		cmocka_unit_test_setup(stale_name, scene_clear),
		cmocka_unit_test_setup(race, scene_clear),
		cmocka_unit_test_setup(update_is_seamless, scene_clear),
		cmocka_unit_test_setup(odd_files, scene_clear),
		cmocka_unit_test_setup(locked_too_late, scene_clear),
		cmocka_unit_test_setup(swept_too_early, scene_clear),
		cmocka_unit_test_setup(odd_directories, scene_clear),
		cmocka_unit_test_setup(existing_pid_file, scene_clear),
		cmocka_unit_test_setup(existing_resources, scene_clear),
		cmocka_unit_test_setup(no_runtime_directory, scene_clear),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("state", tests, NULL, NULL);
	scene_end();
	return failed;
}
