/*
 * cgroup_scene.h: a place for the tests of the cgroup stage on real cgroups.
 *
 * The program mounts cgroup v2 over CGROUP_ROOT in a mount namespace of its own, so it runs on
 * machines with cgroup v1 too. The tree behind that mount is the machine's: every cgroup made
 * here has the program's pid in its name, and is gone after its test. Without root the tests that
 * need it are skipped.
 */
#ifndef TWINBOX_TEST_CGROUP_SCENE_H
#define TWINBOX_TEST_CGROUP_SCENE_H

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

static inline int count_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(list))
		n++;
	closedir(list);
	return n;
}

/* The place of a cgroup in the file system; valid until the next call but three. */
static inline const char *place(const char *format, ...)
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

static inline bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static inline void make(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline const char *read_text(const char *path)
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

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A process that does nothing, in the cgroup at path. */
static inline pid_t start_process(const char *path)
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

static inline void assert_killed(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Sets linux.cgroupsPath to the test's own place and fills t.c.cgroup. */
static inline void ask_for(const char *rest)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", t.base, rest);
	t.spec.cgroups_path = path;
	assert_int_equal(cgroup_path(&t.c, &t.e), 0);
	assert_string_equal(t.c.cgroup, path);
}

static inline void assert_created(void)
{
	if (cgroup_create(&t.c, &t.e) == 0)
		return;
	error_print(&t.e, "test", stderr);
	fail();
}

static inline void assert_removed(const char *path)
{
	if (t.c.cgroup_fd >= 0)
		close(t.c.cgroup_fd);
	t.c.cgroup_fd = -1;
	if (cgroup_remove(path, NULL, &t.e) == 0)
		return;
	error_print(&t.e, "test", stderr);
	fail();
}

static inline int remove_directory(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	return type == FTW_DP && rmdir(path) < 0 ? -1 : 0;
}

/* What a failed test has left must not stay on the machine. */
static inline void sweep(void)
{
	int fd = open(place("/cgroup.kill"), O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) == 1)
		while (wait(NULL) > 0)
			;
	close(fd);
	nftw(place(""), remove_directory, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int before_all(void **state)
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

static inline int before(void **state)
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

static inline int after(void **state)
{
	(void)state;
	if (t.c.cgroup_fd >= 0)
		close(t.c.cgroup_fd);
	if (t.c.cgroup_root >= 0)
		close(t.c.cgroup_root);
	if (allowed && exists(place(""))) {
		print_error("%s is left\n", place(""));
		sweep();
		return -1;
	}
	return count_descriptors() == t.descriptors ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, before, after)

#endif
