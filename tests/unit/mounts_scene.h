/*
 * mounts_scene.h: what test_mounts*.c share: a throw-away "host" in namespaces of its own, a small
 * rootfs, and a container in it that tells what it sees.
 *
 *   the test ── fork ──> host: new (user and) mount namespace, all its mounts shared, so that a
 *                        │     mount that is not private would come back to it; compares its own
 *                        │     mountinfo from before and after
 *                        └─ clone ─> container: new namespaces, mounts_setup(), probe()
 *
 * What the container and the host write into the pipe is the scene's output.
 */
#ifndef TWINBOX_MOUNTS_SCENE_H
#define TWINBOX_MOUNTS_SCENE_H

#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The first of it is left out again, so that an empty list has one, too. */
#define LIST(...)                                                                                  \
	{                                                                                          \
		.v = (char *[]){"", ##__VA_ARGS__, NULL} + 1,                                      \
		.n = sizeof((char *[]){"", ##__VA_ARGS__, NULL}) / sizeof(char *) - 2              \
	}
#define MOUNT(to, what, from, ...)                                                                 \
	{                                                                                          \
		.destination = (to), .type = (what), .source = (from),                             \
		.options = LIST(__VA_ARGS__)                                                       \
	}
#define PROC MOUNT("/proc", "proc", "proc", )

static struct {
	struct spec spec;
	struct spec_mount mounts[24];
	bool no_pivot;
	bool user;	      /* in a user namespace too */
	void (*before)(void); /* in the container, before the stage */
	void (*probe)(void);  /* in the container, after it; output goes to standard output */
	char rootfs[PATH_MAX];
	char host[PATH_MAX]; /* a directory beside it, for sources of binds */
	char output[65536];
} scene;

static bool can_mount; /* mount namespaces can be made, as root or in a user namespace */

/* --- files of the test --- */

__attribute__((format(printf, 1, 2))) static inline const char *path_of(const char *format, ...)
{
	static char path[2 * PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return path;
}

static inline void make_dir(const char *name)
{
	assert_int_equal(mkdir(path_of("%s%s", scene.rootfs, name), 0755), 0);
}

static inline void make_link(const char *name, const char *target)
{
	assert_int_equal(symlink(target, path_of("%s%s", scene.rootfs, name)), 0);
}

static inline void make_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

/* "dir 0755", "file 0644", "link" or "none": what the test finds in the rootfs afterwards. */
static inline const char *kind_of(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return "none";
	if (S_ISLNK(st.st_mode))
		return "link";
	return path_of("%s %04o", S_ISDIR(st.st_mode) ? "dir" : "file", st.st_mode & 07777);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static inline int scene_setup(void **state)
{
	static char root[] = "/";
	char base[] = "/tmp/test_mounts.XXXXXX";

	(void)state;
	memset(&scene, 0, sizeof(scene));
	umask(0022);
	assert_non_null(mkdtemp(base));
	assert_int_equal(chmod(base, 0755), 0);
	snprintf(scene.rootfs, sizeof(scene.rootfs), "%s/rootfs", base);
	snprintf(scene.host, sizeof(scene.host), "%s/host", base);
	assert_int_equal(mkdir(scene.rootfs, 0755) | mkdir(scene.host, 0755), 0);
	make_dir("/etc");
	make_dir("/proc");
	scene.spec.process.cwd = root;
	scene.spec.mounts = scene.mounts;
	scene.spec.namespaces[NS_MOUNT].wanted = true;
	return 0;
}

static inline int scene_teardown(void **state)
{
	(void)state;
	*strrchr(scene.rootfs, '/') = '\0';
	return nftw(scene.rootfs, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* --- the two processes --- */

static inline void read_all(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used + 1 < size && (n = read(fd, buffer + used, size - used - 1)) > 0)
		used += (size_t)n;
	buffer[used] = '\0';
}

static inline void read_path(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		snprintf(buffer, size, "%s", strerrorname_np(errno));
		return;
	}
	read_all(fd, buffer, size);
	close(fd);
}

static inline int count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Cuts what is the machine's: the options of its one cgroup2, and a tmpfs option that the kernel's
 * configuration adds (CONFIG_TMPFS_INODE64). */
static inline void cut_machines_own(char *tail)
{
	char *own = strstr(tail, ",inode64");

	if (strncmp(tail, "cgroup2 ", 8) == 0)
		own = strchr(tail, ',');
	if (own)
		*own = '\0';
}

/* mountinfo as "/dev rw,nosuid tmpfs tmpfs rw,size=65536k": what is the same in each run. */
static inline void tell_mounts(void)
{
	static char info[65536];
	char *rest = info, *line;

	read_path("/proc/self/mountinfo", info, sizeof(info));
	while ((line = strsep(&rest, "\n")) && *line) {
		char root[512], place[512], options[256], tail[1024];
		char *dash = strstr(line, " - ");

		if (sscanf(line, "%*s %*s %*s %511s %511s %255s", root, place, options) != 3)
			continue;
		snprintf(tail, sizeof(tail), "%s", dash + 3);
		cut_machines_own(tail);
		printf("mount %s %s %s%s%s\n", place, options, tail,
			strstr(line, " shared:") ? " shared" : "",
			strstr(line, " master:") ? " slave" : "");
	}
}

static inline void container_main(void)
{
	struct container c = {.spec = &scene.spec,
		.program = "test",
		.rootfs = scene.rootfs,
		.no_pivot = scene.no_pivot};
	int descriptors;
	struct error e;

	c.cgroup_fd = c.pidfd = c.sync_fd = c.error_fd = c.console_fd = -1;
	c.events_fd = c.log_fd = c.state_fd = -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (scene.before)
		scene.before();
	descriptors = count_descriptors();
	error_clear(&e);
	if (mounts_setup(&c, &e) < 0)
		error_print(&e, "error", stdout);
	else if (scene.probe)
		scene.probe();
	if (count_descriptors() != descriptors)
		printf("descriptors leaked\n");
	fflush(stdout);
	_exit(0);
}

static inline void write_map(const char *file, unsigned int outside)
{
	char line[64];
	int fd = open(path_of("/proc/self/%s", file), O_WRONLY | O_CLOEXEC), n;

	n = snprintf(line, sizeof(line), "0 %u 1", outside);
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		printf("cannot write %s\n", file);
	close(fd);
}

static inline int enter_host(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	bool user = scene.user || uid != 0;

	if (unshare(CLONE_NEWNS | (user ? CLONE_NEWUSER : 0)) < 0)
		return -1;
	if (user) {
		int fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, "deny", 4) == 4)
			write_map("gid_map", gid);
		close(fd);
		write_map("uid_map", uid);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
}

/* The new namespaces are those that every mount type needs; the mount namespace where it is asked.
 */
static inline void host_main(void)
{
	static char before[65536], after[65536];
	int flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWUTS;
	int status;
	pid_t pid;

	if (enter_host() < 0) {
		printf("no host: %s\n", strerrorname_np(errno));
		return;
	}
	read_path("/proc/self/mountinfo", before, sizeof(before));
	fflush(stdout);
	if (spec_makes(&scene.spec, NS_MOUNT))
		flags |= CLONE_NEWNS;
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL); /* as fork(2) */
	if (pid == 0)
		container_main();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		printf("container ended with %d\n", pid < 0 ? -errno : status);
	read_path("/proc/self/mountinfo", after, sizeof(after));
	if (strcmp(before, after) != 0)
		printf("the host's mounts changed\n");
}

static inline const char *scene_play(void)
{
	int fds[2], status;
	pid_t pid;

	if (!can_mount) {
		print_message("mount namespaces cannot be made here; this test needs root or user "
			      "namespaces\n");
		skip();
	}
	while (scene.mounts[scene.spec.mounts_n].destination)
		scene.spec.mounts_n++;
	fflush(NULL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		setvbuf(stdout, NULL, _IOFBF, 65536);
		host_main();
		fflush(stdout);
		_exit(0);
	}
	close(fds[1]);
	read_all(fds[0], scene.output, sizeof(scene.output));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return scene.output;
}

static inline void expect_line(const char *line)
{
	size_t n = strlen(line);

	for (const char *at = scene.output; (at = strstr(at, line)); at++)
		if ((at == scene.output || at[-1] == '\n') && at[n] == '\n')
			return;
	print_error("no line \"%s\" in:\n%s\n", line, scene.output);
	fail();
}

/* The stage failed with these words and nothing else was seen. */
static inline void expect_only(const char *text)
{
	assert_string_equal(scene_play(), text);
}

static inline bool try_mounts(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(enter_host() < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

#endif
