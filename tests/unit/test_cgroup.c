/*
 * test_cgroup.c: the cgroup stage on real cgroups.
 *
 * The program mounts cgroup v2 over CGROUP_ROOT in a mount namespace of its own, so it runs on
 * machines with cgroup v1 too. The tree behind that mount is the machine's: every cgroup made
 * here has the program's pid in its name, and is gone after its test. Without root the tests that
 * need it are skipped. go/cgroup_test.go has the same tests.
 */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/sched.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 400, DEPTH = 300 };

static struct {
	struct spec spec;
	struct container c;
	struct error e;
	int descriptors; /* open before the test */
	char base[64];	 /* "/twinbox-test-PID" */
} t;

static bool allowed; /* to mount */

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (!allowed) {                                                                    \
			print_message("needs root: mount and cgroup\n");                           \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* --- what the tests need of the machine --- */

static int count_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(list))
		n++;
	closedir(list);
	return n;
}

/* The place of a cgroup in the file system; valid until the next call but three. */
static const char *place(const char *format, ...)
{
	static char buffers[4][PATH_MAX];
	static unsigned int next;
	char *out = buffers[next++ % 4];
	va_list args;
	int n = snprintf(out, PATH_MAX, "%s%s", CGROUP_ROOT, t.base);

	va_start(args, format);
	vsnprintf(out + n, (size_t)(PATH_MAX - n), format, args);
	va_end(args);
	return out;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void make(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static const char *read_text(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A process that does nothing, in the cgroup at path. */
static pid_t start_process(const char *path)
{
	char file[PATH_MAX], text[16];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	snprintf(text, sizeof(text), "%d", pid);
	write_text(file, text);
	return pid;
}

static void assert_killed(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Sets linux.cgroupsPath to the test's own place and fills t.c.cgroup. */
static void ask_for(const char *rest)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", t.base, rest);
	t.spec.cgroups_path = path;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, path);
}

static void assert_created(void)
{
	if (cgroup_create(&t.c, &t.e) == 0)
		return;
	error_print(&t.e, "test", stderr);
	fail();
}

static void assert_removed(const char *path)
{
	if (t.c.cgroup_fd >= 0)
		close(t.c.cgroup_fd);
	t.c.cgroup_fd = -1;
	if (cgroup_remove(path, &t.e) == 0)
		return;
	error_print(&t.e, "test", stderr);
	fail();
}

static int remove_directory(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	return type == FTW_DP && rmdir(path) < 0 ? -1 : 0;
}

/* What a failed test has left must not stay on the machine. */
static void sweep(void)
{
	int fd = open(place("/cgroup.kill"), O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) == 1)
		while (wait(NULL) > 0)
			;
	close(fd);
	nftw(place(""), remove_directory, 8, FTW_DEPTH | FTW_PHYS);
}

static int before_all(void **state)
{
	(void)state;
	allowed = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
		  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	/* Not where it is there already: a mount would take the options of the machine's own. */
	if (allowed && access(CGROUP_ROOT "/cgroup.procs", F_OK) < 0 &&
		mount("none", CGROUP_ROOT, "cgroup2", 0, NULL) < 0)
		allowed = false;
	snprintf(t.base, sizeof(t.base), "/twinbox-test-%d", getpid());
	return 0;
}

static int before(void **state)
{
	(void)state;
	t.spec = (struct spec){0};
	container_init(&t.c);
	t.c.spec = &t.spec;
	t.c.program = "cbox";
	t.c.name = "one";
	error_clear(&t.e);
	t.descriptors = count_descriptors();
	return 0;
}

static int after(void **state)
{
	(void)state;
	if (t.c.cgroup_fd >= 0)
		close(t.c.cgroup_fd);
	if (allowed && exists(place(""))) {
		print_error("%s is left\n", place(""));
		sweep();
		return -1;
	}
	return count_descriptors() == t.descriptors ? 0 : -1;
}

/* --- the path --- */

static void path_comes_from_the_spec(void **state)
{
	(void)state;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "");
	t.spec.has_resources = true;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "/twinbox/one");
	t.spec.cgroups_path = "/a/b..c/.d";
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, "/a/b..c/.d");
}

static void path_stays_below_the_root(void **state)
{
	static char long_name[NAME_MAX + 3] = "/";
	static const struct {
		const char *path, *message;
	} rows[] = {
		{"a", "cgroup path a: must begin with a slash"},
		{"/", "cgroup path /: every part must be a plain name"},
		{"/a/", "cgroup path /a/: every part must be a plain name"},
		{"//a", "cgroup path //a: every part must be a plain name"},
		{"/a/./b", "cgroup path /a/./b: every part must be a plain name"},
		{"/a/../b", "cgroup path /a/../b: every part must be a plain name"},
		{"/..", "cgroup path /..: every part must be a plain name"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t.spec.cgroups_path = (char *)rows[i].path;
		assert_int_equal(cgroup_path(&t.c, &t.e), -1);
		assert_string_equal(t.e.message, rows[i].message);
		assert_string_equal(t.c.cgroup, "");
		assert_int_equal(cgroup_remove(rows[i].path, &t.e), -1);
		assert_string_equal(t.e.message, rows[i].message);
	}
	memset(long_name + 1, 'x', NAME_MAX + 1);
	assert_int_equal(cgroup_remove(long_name, &t.e), -1);
}

/* --- the machine --- */

static void asks_nothing_without_limits(void **state)
{
	(void)state;
	assert_int_equal(cgroup_check(&t.spec, &t.e), 0);
	assert_int_equal(cgroup_create(&t.c, &t.e), 0);
	assert_int_equal(t.c.cgroup_fd, -1);
}

static void refuses_other_file_systems(void **state)
{
	static const struct {
		const char *type, *hint;
	} rows[] = {
		{"tmpfs", "this machine mounts cgroup v1 controllers; the lab (make lab) has "
			  "cgroup v2"},
		{"ramfs", "mount it with `mount -t cgroup2 none /sys/fs/cgroup`, or use the lab "
			  "(make lab)"},
	};

	(void)state;
	NEEDS_ROOT();
	t.spec.has_resources = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result;

		assert_int_equal(mount("none", CGROUP_ROOT, rows[i].type, 0, NULL), 0);
		result = cgroup_check(&t.spec, &t.e);
		assert_int_equal(umount(CGROUP_ROOT), 0);
		assert_int_equal(result, -1);
		assert_string_equal(t.e.message, "/sys/fs/cgroup is not a cgroup v2 file system");
		assert_string_equal(t.e.hint, rows[i].hint);
	}
	assert_int_equal(cgroup_check(&t.spec, &t.e), 0);
}

static void names_a_missing_controller(void **state)
{
	struct spec_key_value unified = {"nosuch.max", "1"};

	(void)state;
	NEEDS_ROOT();
	t.spec.resources.unified.v = &unified;
	t.spec.resources.unified.n = 1;
	ask_for("/x");
	assert_int_equal(cgroup_check(&t.spec, &t.e), -1);
	assert_string_equal(
		t.e.message, "controller nosuch is missing in /sys/fs/cgroup/cgroup.controllers");
	error_clear(&t.e);
	assert_int_equal(cgroup_create(&t.c, &t.e), -1);
	assert_string_equal(
		t.e.message, "controller nosuch is missing in /sys/fs/cgroup/cgroup.controllers");
}

/* --- making and removing --- */

static void makes_and_removes_with_parents(void **state)
{
	struct stat made, opened;

	(void)state;
	NEEDS_ROOT();
	ask_for("/a/b/one");
	assert_created();
	assert_int_equal(stat(place("/a/b/one"), &made), 0);
	assert_int_equal(fstat(t.c.cgroup_fd, &opened), 0);
	assert_int_equal(made.st_ino, opened.st_ino);
	assert_int_equal(fcntl(t.c.cgroup_fd, F_GETFD), FD_CLOEXEC);
	assert_removed(t.c.cgroup);
	assert_false(exists(place("")));
	assert_removed(t.c.cgroup); /* gone already */
}

/* What the namespaces stage does with cgroup_fd. */
static void its_descriptor_takes_a_process_in(void **state)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	char pids[32];
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	args.cgroup = (uint64_t)t.c.cgroup_fd;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	snprintf(pids, sizeof(pids), "%d\n", pid);
	assert_string_equal(read_text(place("/one/cgroup.procs")), pids);
	assert_removed(t.c.cgroup);
	assert_killed(pid);
}

static void takes_nothing_over(void **state)
{
	struct container other;
	char hint[sizeof(t.e.hint)];

	(void)state;
	NEEDS_ROOT();
	ask_for("/one");
	assert_created();
	other = t.c;
	other.cgroup_fd = -1;
	assert_int_equal(cgroup_create(&other, &t.e), -1);
	assert_int_equal(t.e.errnum, EEXIST);
	assert_int_equal(other.cgroup_fd, -1);
	snprintf(hint, sizeof(hint),
		"another container uses %s/one; `cbox list` shows it, `cbox gc` removes what a "
		"crash "
		"left",
		t.base);
	assert_string_equal(t.e.hint, hint);
	assert_true(exists(place("/one")));
	assert_removed(t.c.cgroup);
}

static void leaves_parents_that_were_there(void **state)
{
	(void)state;
	NEEDS_ROOT();
	make(place(""));
	ask_for("/a/one");
	assert_created();
	assert_removed(t.c.cgroup);
	assert_false(exists(place("/a")));
	assert_true(exists(place("")));
	assert_int_equal(rmdir(place("")), 0);
}

static void leaves_parents_in_use(void **state)
{
	char first[PATH_MAX];

	(void)state;
	NEEDS_ROOT();
	ask_for("/a/one");
	assert_created();
	close(t.c.cgroup_fd);
	snprintf(first, sizeof(first), "%s", t.c.cgroup);
	ask_for("/a/two");
	assert_created();
	assert_removed(first);
	assert_true(exists(place("/a/two")));
	assert_removed(t.c.cgroup);
}

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
			cgroup_remove(c.cgroup, &e) < 0) {
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

/* --- the root of a container: a cgroup namespace --- */

/* In a child: 0, or the number of the step that failed. */
static int make_in_nested_root(void)
{
	write_text(place("/cgroup.procs"), "0");
	if (unshare(CLONE_NEWCGROUP | CLONE_NEWNS) < 0)
		return 1;
	if (umount(CGROUP_ROOT) < 0 || mount("none", CGROUP_ROOT, "cgroup2", 0, NULL) < 0)
		return 2;
	snprintf(t.c.cgroup, sizeof(t.c.cgroup), "/twinbox/nested");
	if (cgroup_create(&t.c, &t.e) < 0 || !exists(CGROUP_ROOT "/twinbox/nested"))
		return 3;
	if (cgroup_remove(t.c.cgroup, &t.e) < 0 || exists(CGROUP_ROOT "/twinbox"))
		return 4;
	return exists(CGROUP_ROOT "/cgroup.events") ? 0 : 5; /* the root itself has stayed */
}

static void works_below_a_nested_root(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	make(place(""));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(make_in_nested_root());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(rmdir(place("")), 0);
	assert_int_equal(status, 0);
}

/* --- controllers and limits: hugetlb, which has v2 to itself on most machines with v1 too --- */

static int lock = -1; /* the root's list of enabled controllers is one for all tests */
static bool was_enabled;

static void borrow_hugetlb(void)
{
	NEEDS_ROOT();
	if (!strstr(read_text(CGROUP_ROOT "/cgroup.controllers"), "hugetlb")) {
		print_message("needs the controller hugetlb in cgroup v2\n");
		skip();
	}
	lock = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	was_enabled = strstr(read_text(CGROUP_ROOT "/cgroup.subtree_control"), "hugetlb");
}

static int give_hugetlb_back(void **state)
{
	if (lock >= 0) {
		if (!was_enabled)
			write_text(CGROUP_ROOT "/cgroup.subtree_control", "-hugetlb");
		close(lock);
		lock = -1;
	}
	return after(state);
}

static void ask_for_limits(struct spec_key_value *unified, size_t n)
{
	t.spec.has_resources = true;
	t.spec.resources.unified.v = unified;
	t.spec.resources.unified.n = n;
}

static void enables_controllers_and_writes_limits(void **state)
{
	struct spec_key_value unified[] = {
		{"hugetlb.2MB.max", "4194304"}, {"hugetlb.2MB.rsvd.max", "2097152"}};

	(void)state;
	borrow_hugetlb();
	ask_for_limits(unified, 2);
	ask_for("/a/one");
	assert_int_equal(cgroup_check(&t.spec, &t.e), 0);
	assert_created();
	assert_string_equal(read_text(place("/cgroup.subtree_control")), "hugetlb\n");
	assert_string_equal(read_text(place("/a/cgroup.subtree_control")), "hugetlb\n");
	assert_string_equal(read_text(place("/a/one/cgroup.subtree_control")), "");
	assert_string_equal(read_text(place("/a/one/hugetlb.2MB.max")), "4194304\n");
	assert_string_equal(read_text(place("/a/one/hugetlb.2MB.rsvd.max")), "2097152\n");
	assert_removed(t.c.cgroup);
}

static void says_which_limit_failed(void **state)
{
	static const struct {
		struct spec_key_value limit;
		int errnum;
		const char *message, *hint;
	} rows[] = {
		{{"hugetlb.2MB.max", "much"}, EINVAL, "writing much to hugetlb.2MB.max", ""},
		{{"hugetlb.3MB.max", "0"}, ENOENT, "writing 0 to hugetlb.3MB.max",
			"this kernel has no hugetlb.3MB.max; take that limit out of the spec"},
	};

	(void)state;
	borrow_hugetlb();
	ask_for("/a/one");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec_key_value unified = rows[i].limit;

		ask_for_limits(&unified, 1);
		assert_int_equal(cgroup_create(&t.c, &t.e), -1);
		assert_int_equal(t.e.errnum, rows[i].errnum);
		assert_string_equal(t.e.message, rows[i].message);
		assert_string_equal(t.e.hint, rows[i].hint);
		assert_int_equal(t.c.cgroup_fd, -1);
		assert_false(exists(place("")));
	}
}

static void explains_the_no_internal_process_rule(void **state)
{
	struct spec_key_value unified = {"hugetlb.2MB.max", "0"};
	char message[sizeof(t.e.message)];
	int result;
	pid_t pid;

	(void)state;
	borrow_hugetlb();
	make(place(""));
	pid = start_process(place(""));
	ask_for_limits(&unified, 1);
	ask_for("/one");
	result = cgroup_create(&t.c, &t.e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(rmdir(place("")), 0);
	assert_int_equal(result, -1);
	assert_int_equal(t.e.errnum, EBUSY);
	snprintf(message, sizeof(message), "writing +hugetlb to %s/cgroup.subtree_control", t.base);
	assert_string_equal(t.e.message, message);
	assert_string_equal(t.e.hint, "processes live in that cgroup itself: cgroup v2 gives "
				      "controllers only to children of a cgroup without processes");
}

#define TEST(name)	   cmocka_unit_test_setup_teardown(name, before, after)
#define TEST_HUGETLB(name) cmocka_unit_test_setup_teardown(name, before, give_hugetlb_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(path_comes_from_the_spec),
		TEST(path_stays_below_the_root),
		TEST(asks_nothing_without_limits),
		TEST(refuses_other_file_systems),
		TEST(names_a_missing_controller),
		TEST(makes_and_removes_with_parents),
		TEST(its_descriptor_takes_a_process_in),
		TEST(takes_nothing_over),
		TEST(leaves_parents_that_were_there),
		TEST(leaves_parents_in_use),
		TEST(ends_processes_in_nested_cgroups),
		TEST(ends_frozen_processes),
		TEST(removes_threaded_cgroups),
		TEST(removes_deep_nests),
		TEST(shares_parents_with_others),
		TEST(works_below_a_nested_root),
		TEST_HUGETLB(enables_controllers_and_writes_limits),
		TEST_HUGETLB(says_which_limit_failed),
		TEST_HUGETLB(explains_the_no_internal_process_rule),
	};

	return cmocka_run_group_tests(tests, before_all, NULL);
}
