/*
 * test_network.c: the network stage on real links.
 *
 * The program moves into a network namespace of its own first, which plays the host; each test
 * gives it one child in another namespace, which plays the container. Nothing touches the
 * machine's own links. Without root it tries a user namespace, and skips where that is refused.
 * What the kernel made is read back with ip(8).
 */
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

/* --- requests as they went out: libnl's sendmsg(2) ends here --- */

static char sent[4096]; /* hexadecimal, a line a message, sequence number and port left out */

static void record(const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i < 8 || i >= 16) {
			size_t used = strlen(sent);

			snprintf(sent + used, sizeof(sent) - used, "%02x", b[i]);
		}
	}
	strncat(sent, "\n", sizeof(sent) - strlen(sent) - 1);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	if (m->msg_namelen && ((struct sockaddr *)m->msg_name)->sa_family == AF_NETLINK)
		record(m->msg_iov[0].iov_base, m->msg_iov[0].iov_len);
	return syscall(SYS_sendmsg, fd, m, flags);
}

/* --- helpers --- */

static int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void enter(int netns)
{
	assert_int_equal(setns(netns, CLONE_NEWNET), 0);
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* What `ip -j ARGUMENTS` prints in the present namespace. The caller frees it (json_decref()). */
static json_t *ip(const char *arguments)
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

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool has_flag(const json_t *link, const char *flag)
{
	json_t *list = json_object_get(link, "flags"), *one;

	for (size_t i = 0; (one = json_array_get(list, i)); i++) {
		if (!strcmp(json_string_value(one), flag))
			return true;
	}
	return false;
}

static bool link_exists(const char *name)
{
	json_t *list = ip("link"), *one;
	bool found = false;

	for (size_t i = 0; (one = json_array_get(list, i)); i++)
		found = found || !strcmp(text(one, "ifname"), name);
	json_decref(list);
	return found;
}

/* Link name in the present namespace, once it is operationally up (the carrier comes by itself). */
static json_t *link_when_up(const char *name)
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
static const json_t *address_of(const json_t *link)
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

static struct spec_address address(int last, unsigned int prefix)
{
	return (struct spec_address){true, {10, 200, 1, last}, prefix};
}

static int configure(void)
{
	int ret;

	enter(t.child);
	ret = network_configure(&t.c, &t.e);
	enter(t.host);
	return ret;
}

static int set_up(void **state)
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
	sent[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (!allowed)
		return 0;
	enter(t.host);
	kill(t.pid, SIGKILL);
	waitpid(t.pid, NULL, 0);
	close(t.child);
	close(t.host);
	if (network_remove("cbox0", &t.e))
		return -1;
	return count_descriptors() == t.descriptors ? 0 : -1;
}

static void need_namespaces(void)
{
	if (allowed)
		return;
	print_message("skipped: needs root, or user namespaces for ordinary users\n");
	skip();
}

/* --- tests --- */

static void both_ends_are_as_the_spec_says(void **state)
{
	json_t *host, *eth0, *lo, *routes;
	const json_t *a;

	(void)state;
	need_namespaces();
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_true(t.c.link_made);
	assert_false(link_exists("eth0"));
	assert_int_equal(configure(), 0);

	host = link_when_up("cbox0");
	enter(t.child);
	eth0 = link_when_up("eth0");
	lo = ip("addr show dev lo");
	routes = ip("route");
	enter(t.host);

	assert_int_equal(number(host, "mtu"), 1400);
	assert_int_equal(number(eth0, "mtu"), 1400);
	assert_int_equal(number(host, "link_index"), number(eth0, "ifindex"));
	assert_int_equal(number(eth0, "link_index"), number(host, "ifindex"));
	for (size_t i = 0; i < 2; i++) {
		assert_true(has_flag(i ? eth0 : host, "UP"));
		assert_true(has_flag(i ? eth0 : host, "MULTICAST"));
		assert_true(has_flag(i ? eth0 : host, "BROADCAST"));
	}
	a = address_of(host);
	assert_string_equal(text(a, "local"), "10.200.1.1");
	assert_int_equal(number(a, "prefixlen"), 24);
	assert_string_equal(text(a, "scope"), "global");
	assert_string_equal(text(a, "broadcast"), "");
	a = address_of(eth0);
	assert_string_equal(text(a, "local"), "10.200.1.2");
	assert_int_equal(number(a, "prefixlen"), 24);
	assert_string_equal(text(a, "broadcast"), "");
	assert_true(has_flag(json_array_get(lo, 0), "UP"));
	assert_string_equal(text(address_of(json_array_get(lo, 0)), "local"), "127.0.0.1");
	assert_int_equal(json_array_size(routes), 2);
	assert_string_equal(text(json_array_get(routes, 0), "dst"), "default");
	assert_string_equal(text(json_array_get(routes, 0), "gateway"), "10.200.1.1");
	assert_string_equal(text(json_array_get(routes, 0), "dev"), "eth0");
	assert_string_equal(text(json_array_get(routes, 1), "dst"), "10.200.1.0/24");
	json_decref(host);
	json_decref(eth0);
	json_decref(lo);
	json_decref(routes);
}

/* go/network_test.go expects these very bytes of networkCreate() and networkConfigure(). */
static void requests_are_the_ones_go_sends(void **state)
{
	char expected[sizeof(sent)];
	unsigned int inside, outside;

	(void)state;
	need_namespaces();
	/* Links besides, so that the two ends get different numbers. */
	run("ip link add besides1 type veth peer name besides2");
	memcpy(t.c.link_address, "\x02\x00\x5e\x10\x00\x01", sizeof(t.c.link_address));
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_true(network_has("cbox0", "02:00:5e:10:00:01"));
	assert_false(network_has("cbox0", "02:00:5e:10:00:02"));
	assert_false(network_has("cbox0", ""));
	assert_false(network_has("cbox1", "02:00:5e:10:00:01"));
	outside = if_nametoindex("cbox0");
	assert_int_equal(configure(), 0);
	enter(t.child);
	inside = if_nametoindex("eth0");
	enter(t.host);
	assert_int_not_equal(inside, outside);
	assert_int_equal(network_remove("cbox0", &t.e), 0);
	run("ip link delete besides1");

	snprintf(expected, sizeof(expected),
		"8400000010000506"
		"00000000000000000000000000000000"
		"0a00010002005e1000010000"
		"0800040078050000"
		"0a00030063626f7830000000"
		"44001280"
		"0900010076657468"
		"00000000"
		"34000280"
		"30000180"
		"00000000000000000000000000000000"
		"0800040078050000"
		"090003006574683000000000"
		"08001300%08x\n"
		"3400000012000500"
		"00000000000000000000000000000000"
		"0a00030063626f7830000000"
		"08001d0001000000\n"
		"2800000014000506"
		"02180000%08x"
		"080002000ac80101"
		"080001000ac80101\n"
		"2000000010000500"
		"00000000%08x0100000001000000\n"
		"2000000010000500"
		"00000000010000000100000001000000\n"
		"3400000012000500"
		"00000000000000000000000000000000"
		"090003006574683000000000"
		"08001d0001000000\n"
		"2800000014000506"
		"02180000%08x"
		"080002000ac80102"
		"080001000ac80102\n"
		"2000000010000500"
		"00000000%08x0100000001000000\n"
		"3400000018000506"
		"02000000fe04000100000000"
		"08000f00fe000000"
		"080005000ac80101"
		"08000400%08x\n"
		"2c00000011000500"
		"00000000000000000000000000000000"
		"0a00030063626f7830000000\n",
		htonl(t.c.pid), htonl(outside), htonl(outside), htonl(inside), htonl(inside),
		htonl(inside));
	assert_string_equal(sent, expected);
}

static void without_veth_only_lo_comes_up(void **state)
{
	json_t *links;

	(void)state;
	need_namespaces();
	t.spec.has_veth = false;
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_false(t.c.link_made);
	assert_false(link_exists("cbox0"));
	assert_int_equal(configure(), 0);
	enter(t.child);
	links = ip("link show dev lo");
	enter(t.host);
	assert_true(has_flag(json_array_get(links, 0), "UP"));
	json_decref(links);
}

static void a_joined_namespace_keeps_its_lo(void **state)
{
	json_t *links;

	(void)state;
	need_namespaces();
	t.spec.has_veth = false;
	t.spec.namespaces[NS_NETWORK].path = "/proc/1/ns/net";
	assert_int_equal(configure(), 0);
	enter(t.child);
	links = ip("link show dev lo");
	enter(t.host);
	assert_false(has_flag(json_array_get(links, 0), "UP"));
	json_decref(links);
	assert_string_equal(sent, "");
}

static void addresses_and_gateway_may_be_absent(void **state)
{
	json_t *link, *routes;

	(void)state;
	need_namespaces();
	t.spec.veth.host.address.given = false;
	t.spec.veth.container.address.given = false;
	t.spec.veth.container.gateway.given = false;
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_int_equal(configure(), 0);
	link = link_when_up("cbox0");
	assert_null(address_of(link));
	json_decref(link);
	enter(t.child);
	link = link_when_up("eth0");
	routes = ip("route");
	enter(t.host);
	assert_null(address_of(link));
	assert_int_equal(json_array_size(routes), 0);
	json_decref(link);
	json_decref(routes);
}

static void a_taken_name_is_refused_and_left_alone(void **state)
{
	(void)state;
	need_namespaces();
	run("ip link add cbox0 type veth peer name other");
	assert_int_equal(network_create(&t.c, &t.e), -1);
	assert_false(t.c.link_made);
	assert_int_equal(t.e.errnum, EEXIST);
	assert_string_equal(t.e.message, "creating veth cbox0");
	assert_string_equal(t.e.hint, "another container uses cbox0; `cbox list` shows it, "
				      "`cbox gc` removes what a crash left");
	assert_true(link_exists("cbox0"));
	assert_true(link_exists("other"));
}

static void a_name_taken_inside_is_told_apart(void **state)
{
	(void)state;
	need_namespaces();
	t.spec.veth.container.name = "lo";
	assert_int_equal(network_create(&t.c, &t.e), -1);
	assert_int_equal(t.e.errnum, EEXIST);
	assert_string_equal(t.e.message, "creating veth cbox0");
	assert_string_equal(t.e.hint, "the container's network namespace has a link lo already");
	assert_false(link_exists("cbox0"));
}

static void a_namespace_that_is_gone_is_an_error(void **state)
{
	(void)state;
	need_namespaces();
	t.c.pid = 1 << 30; /* over PID_MAX_LIMIT: never a process */
	assert_int_equal(network_create(&t.c, &t.e), -1);
	assert_int_equal(t.e.errnum, ESRCH);
	assert_string_equal(t.e.message, "creating veth cbox0");
	assert_false(t.c.link_made);
	assert_false(link_exists("cbox0"));
	assert_false(link_exists("eth0"));
}

static void a_refused_address_takes_the_link_away(void **state)
{
	(void)state;
	need_namespaces();
	t.spec.veth.host.address.prefix = 33; /* spec_parse() lets no such thing pass */
	assert_int_equal(network_create(&t.c, &t.e), -1);
	assert_int_equal(t.e.errnum, EINVAL);
	assert_string_equal(t.e.message, "setting address 10.200.1.1/33 on cbox0");
	assert_string_equal(t.e.hint, "the kernel says: ipv4: Invalid prefix length");
	assert_false(t.c.link_made);
	assert_false(link_exists("cbox0"));
}

static void a_gateway_elsewhere_is_refused(void **state)
{
	(void)state;
	need_namespaces();
	t.spec.veth.container.gateway.ip[0] = 11;
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_int_equal(configure(), -1);
	assert_int_equal(t.e.errnum, ENETUNREACH);
	assert_string_equal(t.e.message, "adding default route via 11.200.1.1");
	assert_string_equal(t.e.hint, "the kernel says: Nexthop has invalid gateway");
}

static void an_end_that_is_missing_inside_is_an_error(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(configure(), -1);
	assert_int_equal(t.e.errnum, ENODEV);
	assert_string_equal(t.e.message, "asking for the index of eth0");
}

static void remove_takes_both_ends_and_may_be_repeated(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_int_equal(network_remove("cbox0", &t.e), 0);
	assert_false(link_exists("cbox0"));
	enter(t.child);
	assert_false(link_exists("eth0"));
	enter(t.host);
	assert_int_equal(network_remove("cbox0", &t.e), 0);
	assert_int_equal(network_remove("lo", &t.e), -1);
	assert_int_equal(t.e.errnum, EOPNOTSUPP);
	assert_string_equal(t.e.message, "removing link lo");
}

/* A process without capabilities: what a user who is not root meets. */
static void without_privilege_the_hint_names_root(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	need_namespaces();
	pid = fork();
	if (!pid) {
		cap_t none = cap_init();

		if (cap_set_proc(none) || !network_create(&t.c, &t.e))
			_exit(1);
		cap_free(none);
		_exit(t.e.errnum != EPERM || strcmp(t.e.message, "creating veth cbox0") != 0 ||
			strcmp(t.e.hint, "a veth pair needs root on the host") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(link_exists("cbox0"));
}

static void tcp_goes_across(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7777)};
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	int listener, client, server;
	char word[6] = "";

	(void)state;
	need_namespaces();
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_int_equal(configure(), 0);
	inet_pton(AF_INET, "10.200.1.2", &at.sin_addr);
	enter(t.child);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	enter(t.host);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	server = accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	assert_true(server >= 0);
	assert_string_equal(inet_ntoa(from.sin_addr), "10.200.1.1");
	assert_int_equal(write(client, "hello", 5), 5);
	assert_int_equal(read(server, word, 5), 5);
	assert_string_equal(word, "hello");
	close(server);
	close(client);
	close(listener);
}

/* A network namespace of our own; for an ordinary user with a user namespace in which he is root.
 */
static bool become_host(void)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_are_as_the_spec_says),
		TEST(requests_are_the_ones_go_sends),
		TEST(without_veth_only_lo_comes_up),
		TEST(a_joined_namespace_keeps_its_lo),
		TEST(addresses_and_gateway_may_be_absent),
		TEST(a_taken_name_is_refused_and_left_alone),
		TEST(a_name_taken_inside_is_told_apart),
		TEST(a_namespace_that_is_gone_is_an_error),
		TEST(a_refused_address_takes_the_link_away),
		TEST(a_gateway_elsewhere_is_refused),
		TEST(an_end_that_is_missing_inside_is_an_error),
		TEST(remove_takes_both_ends_and_may_be_repeated),
		TEST(without_privilege_the_hint_names_root),
		TEST(tcp_goes_across),
	};

	allowed = become_host();
	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
