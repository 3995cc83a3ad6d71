/*
 * state_scene.h: a place for the tests of state and gc: as root a private /run, network namespace
 * and cgroup v2, seen by the test program alone; else a temporary XDG_RUNTIME_DIR.
 */
#ifndef TWINBOX_TEST_STATE_SCENE_H
#define TWINBOX_TEST_STATE_SCENE_H

#include "container.h"
#include "error.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char scene_base[64];
static char scene_directory[128]; /* the state directory */
static struct spec scene_spec;	  /* empty: no veth, no resources */

/* Must come first in main(): nothing of it is seen outside this process. */
static inline void scene_begin(void)
{
	alarm(120); /* a test that hangs is a test that fails */
	if (geteuid() == 0) {
		strcpy(scene_base, "/run");
		if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("none", "/run", "tmpfs", 0, "mode=755") < 0 ||
			/* Mounted once more, the machine's own would lose its options. */
			(access(CGROUP_ROOT "/cgroup.procs", F_OK) < 0 &&
				mount("none", CGROUP_ROOT, "cgroup2", 0, NULL) < 0)) {
			perror("private /run, network namespace and cgroup2");
			exit(1);
		}
	} else {
		strcpy(scene_base, "/tmp/twinbox-test-XXXXXX");
		if (!mkdtemp(scene_base)) {
			perror(scene_base);
			exit(1);
		}
		setenv("XDG_RUNTIME_DIR", scene_base, 1);
	}
	snprintf(scene_directory, sizeof(scene_directory), "%s/twinbox", scene_base);
}

/* cmocka setup and teardown: an empty place, whatever the last test left. */
static inline int scene_clear(void **unused)
{
	char command[256];

	(void)unused;
	snprintf(
		command, sizeof(command), "rm -rf %s/twinbox %s/elsewhere", scene_base, scene_base);
	return system(command) == 0 ? 0 : -1;
}

static inline void scene_end(void)
{
	scene_clear(NULL);
	if (geteuid() != 0)
		rmdir(scene_base);
}

static inline void needs_root(const char *why)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root: %s\n", why);
	skip();
}

static inline struct container scene_container(const char *name)
{
	struct container c;

	container_init(&c);
	c.spec = &scene_spec;
	c.program = "cbox";
	c.name = name;
	c.rootfs = "/srv/rootfs";
	return c;
}

static inline const char *scene_path(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", scene_directory, file);
	return path;
}

static inline bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline void create_and_leave(void *name)
{
	struct container c = scene_container(name);
	struct error e;

	if (state_create(&c, &e) < 0)
		_exit(1);
}

/* Runs step in a process that then dies as a killed runtime does: nothing is cleaned up. */
static inline void in_killed_process(void (*step)(void *), void *argument)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		step(argument);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* A process that sleeps; the caller ends it with end_sleeper(). */
static inline pid_t start_sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static inline void end_sleeper(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
