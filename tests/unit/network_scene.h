/*
 * network_scene.h: the network stage on real links.
 *
 * The program moves into a network namespace of its own first, which plays the host; each test
 * gives it one child in another namespace, which plays the container. Nothing touches the
 * machine's own links. Without root it tries a user namespace, and skips where that is refused.
 * What the kernel made is read back with ip(8).
 */
#ifndef TWINBOX_TEST_NETWORK_SCENE_H
#define TWINBOX_TEST_NETWORK_SCENE_H

#include "container.h"
#include "network.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
	struct spec spec;
	struct container c;
	struct error e;
	int descriptors; /* open before the test */
	int host, child; /* the two network namespaces */
	pid_t pid;	 /* the process that keeps the second one */
} t;

static bool allowed; /* to make network namespaces */

static inline int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static inline void enter(int netns)
{
	assert_int_equal(setns(netns, CLONE_NEWNET), 0);
}

static inline void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* What `ip -j ARGUMENTS` prints in the present namespace. The caller frees it (json_decref()). */
static inline json_t *ip(const char *arguments)
{
	char command[200];
	FILE *out;
	json_t *list;

	snprintf(command, sizeof(command), "ip -j %s", arguments);
	out = popen(command, "r");
	assert_non_null(out);
	list = json_loadf(out, 0, NULL);
	assert_int_equal(pclose(out), 0);
	/* ip(8) prints nothing at all for an empty list of routes. */
	return list ? list : json_array();
}

static inline const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static inline json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static inline bool has_flag(const json_t *link, const char *flag)
{
	json_t *list = json_object_get(link, "flags"), *one;

	for (size_t i = 0; (one = json_array_get(list, i)); i++) {
		if (!strcmp(json_string_value(one), flag))
			return true;
	}
	return false;
}

static inline bool link_exists(const char *name)
{
	json_t *list = ip("link"), *one;
	bool found = false;

	for (size_t i = 0; (one = json_array_get(list, i)); i++)
		found = found || !strcmp(text(one, "ifname"), name);
	json_decref(list);
	return found;
}

/* Link name in the present namespace, once it is operationally up (the carrier comes by itself). */
static inline json_t *link_when_up(const char *name)
{
	char arguments[64];

	snprintf(arguments, sizeof(arguments), "addr show dev %s", name);
	for (int tries = 0; tries < 300; tries++) {
		json_t *list = ip(arguments);
		json_t *one = json_incref(json_array_get(list, 0));

		json_decref(list);
		if (!strcmp(text(one, "operstate"), "UP"))
			return one;
		json_decref(one);
		usleep(10000);
	}
	fail_msg("%s did not come up", name);
	return NULL;
}

/* Its only IPv4 address. */
static inline const json_t *address_of(const json_t *link)
{
	json_t *list = json_object_get(link, "addr_info"), *one, *found = NULL;

	for (size_t i = 0; (one = json_array_get(list, i)); i++) {
		if (!strcmp(text(one, "family"), "inet")) {
			assert_null(found);
			found = one;
		}
	}
	return found;
}

static inline struct spec_address address(int last, unsigned int prefix)
{
	return (struct spec_address){true, {10, 200, 1, last}, prefix};
}

static inline int configure(void)
{
	int ret;

	enter(t.child);
	ret = network_configure(&t.c, &t.e);
	enter(t.host);
	return ret;
}

static inline int set_up(void **state)
{
	int ready[2];
	char path[64], byte;

	(void)state;
	if (!allowed)
		return 0;
	memset(&t, 0, sizeof(t));
	t.descriptors = count_descriptors();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	t.spec.namespaces[NS_NETWORK].wanted = true;
	t.spec.has_veth = true;
	t.spec.veth.mtu = 1400;
	t.spec.veth.host.name = "cbox0";
	t.spec.veth.host.address = address(1, 24);
	t.spec.veth.container.name = "eth0";
	t.spec.veth.container.address = address(2, 24);
	t.spec.veth.container.gateway = address(1, 32);
	t.c.spec = &t.spec;
	t.c.program = "cbox";
	t.c.events_fd = t.c.log_fd = -1;
	error_clear(&t.e);
	t.c.pid = t.pid = fork();
	if (!t.pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || unshare(CLONE_NEWNET) ||
			write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	t.host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)t.c.pid);
	t.child = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(t.host >= 0 && t.child >= 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	if (!allowed)
		return 0;
	enter(t.host);
	kill(t.pid, SIGKILL);
	waitpid(t.pid, NULL, 0);
	close(t.child);
	close(t.host);
	if (network_remove("cbox0", 0, &t.e))
		return -1;
	return count_descriptors() == t.descriptors ? 0 : -1;
}

static inline void need_namespaces(void)
{
	if (allowed)
		return;
	print_message("skipped: needs root, or user namespaces for ordinary users\n");
	skip();
}

/* A network namespace of our own; for an ordinary user with a user namespace in which he is root.
 */
static inline bool become_host(void)
{
	char map[64];
	int fd;

	if (!unshare(CLONE_NEWNET))
		return true;
	snprintf(map, sizeof(map), "0 %u 1", getuid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		return false;
	return !close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
