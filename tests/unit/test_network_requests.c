/*
 * test_network_requests.c: the requests of the network stage, byte for byte as they leave the
 * process.
 */
#include "network_scene.h"

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

/* go/network_test.go expects these very bytes of networkCreate() and networkConfigure(). */
static void requests_are_the_ones_go_sends(void **state)
{
	char expected[sizeof(sent)];
	unsigned int inside, outside;

	(void)state;
	need_namespaces();
	sent[0] = '\0';
	/* Links besides, so that the two ends get different numbers. */
	run("ip link add besides1 type veth peer name besides2");
	memcpy(t.c.link_address, "\x02\x00\x5e\x10\x00\x01", sizeof(t.c.link_address));
	assert_int_equal(network_create(&t.c, &t.e), 0);
	assert_int_equal(network_has("cbox0", "02:00:5e:10:00:01", &t.e), 1);
	assert_int_equal(network_has("cbox0", "02:00:5e:10:00:02", &t.e), 0);
	assert_int_equal(network_has("cbox0", NETWORK_ANY, &t.e), 1);
	assert_int_equal(network_has("cbox0", "", &t.e), 0);
	assert_int_equal(network_has("cbox1", "02:00:5e:10:00:01", &t.e), 0);
	outside = if_nametoindex("cbox0");
	assert_int_equal(configure(), 0);
	enter(t.child);
	inside = if_nametoindex("eth0");
	enter(t.host);
	assert_int_not_equal(inside, outside);
	/* The first is refused, by a name that there is not; then by the index. */
	assert_int_equal(network_remove("cbox1", 0, &t.e), 0);
	assert_int_equal(network_remove("cbox1", (int)outside, &t.e), 0);
	assert_int_equal(if_nametoindex("cbox0"), 0);
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
		"0a00030063626f7831000000\n"
		"2000000011000500"
		"00000000%08x0000000000000000\n",
		htonl(t.c.pid), htonl(outside), htonl(outside), htonl(inside), htonl(inside),
		htonl(inside), htonl(outside));
	assert_string_equal(sent, expected);
}

static void a_joined_namespace_keeps_its_lo(void **state)
{
	json_t *links;

	(void)state;
	need_namespaces();
	sent[0] = '\0';
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_are_the_ones_go_sends),
		TEST(a_joined_namespace_keeps_its_lo),
	};

	allowed = become_host();
	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
