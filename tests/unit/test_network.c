/*
 * test_network.c: the network stage between two real namespaces. go/network_test.go has the same
 * tests.
 */
#include "network_scene.h"

#include <sys/utsname.h>

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

/* Older kernels refuse the same without words. */
static bool kernel_since(int major, int minor)
{
	struct utsname name;
	int is_major = 0, is_minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &is_major, &is_minor), 2);
	return is_major > major || (is_major == major && is_minor >= minor);
}

static void a_refused_address_takes_the_link_away(void **state)
{
	(void)state;
	need_namespaces();
	t.spec.veth.host.address.prefix = 33; /* spec_parse() lets no such thing pass */
	assert_int_equal(network_create(&t.c, &t.e), -1);
	assert_int_equal(t.e.errnum, EINVAL);
	assert_string_equal(t.e.message, "setting address 10.200.1.1/33 on cbox0");
	if (kernel_since(6, 6))
		assert_string_equal(t.e.hint, "the kernel says: ipv4: Invalid prefix length");
	else
		assert_string_equal(t.e.hint, "");
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
	assert_int_equal(network_remove("cbox0", 0, &t.e), 0);
	assert_false(link_exists("cbox0"));
	enter(t.child);
	assert_false(link_exists("eth0"));
	enter(t.host);
	assert_int_equal(network_remove("cbox0", 0, &t.e), 0);
	assert_int_equal(network_remove("lo", 0, &t.e), -1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ends_are_as_the_spec_says),
		TEST(without_veth_only_lo_comes_up),
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
