/*
 * Unit tests of compare/trace_words.c, trace_normal.c and trace_netlink.c: a call in its normal
 * form. The lines are strace 6.1's, as in test_compare_trace.c.
 */
#include "trace_scene.h"

/* Lines of one process that is already known: a parent 12 with a child 13. */
static void check_form(const char *line, const char *key, const char *text, bool changes)
{
	char lines[2048];
	struct trace t;

	snprintf(lines, sizeof(lines), "12    clone(flags=CLONE_PIDFD) = 13\n%s\n", line);
	t = whole(lines);
	assert_string_equal(t.calls[1].key, key);
	assert_string_equal(t.calls[1].text, text);
	assert_int_equal(t.calls[1].changes, changes);
	trace_free(&t);
}

static void test_forms(void **state)
{
	(void)state;
	check_form(
		"12    openat(AT_FDCWD</p>, \"/proc/13/uid_map\", O_WRONLY) = 8</proc/13/uid_map>",
		"openat(AT_FDCWD, \"/proc/CHILD/uid_map\", O_WRONLY) = </proc/CHILD/uid_map>",
		"openat(AT_FDCWD, \"/proc/CHILD/uid_map\", O_WRONLY)", false);
	check_form("12    write(8</proc/13/uid_map>, \"0 12 13\", 7) = 7",
		"write(</proc/CHILD/uid_map>, \"0 12 13\") = 0",
		"write(</proc/CHILD/uid_map>, \"0 12 13\")", true);
	check_form("12    read(3</dev/null<char 1:3>>, \"ab\", 4096) = 2",
		"read(</dev/null>, …) = 0", "read(</dev/null>, \"ab\")", false);
	check_form("12    mkdir(\"/run/twinbox\", 0700) = -1 EEXIST (File exists)",
		"mkdir(\"/run/twinbox\", 0700) = EEXIST", "mkdir(\"/run/twinbox\", 0700) = EEXIST",
		false);
	check_form("13    capset({version=3, pid=0}, {effective=1<<CAP_KILL|1<<CAP_CHOWN}) = 0",
		"capset({version=3, pid=0}, {effective=1<<CAP_KILL|1<<CAP_CHOWN}) = 0",
		"capset({version=3, pid=0}, {effective=1<<CAP_KILL|1<<CAP_CHOWN})", true);
	check_form(
		"12    rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=SA_RESTORER, "
		"sa_restorer=0x7f52aee19180}, NULL, 8) = 0",
		"rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, …, 8) = 0",
		"rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8)",
		false);
	check_form(
		"12    bind(8<NETLINK:[241]>, {sa_family=AF_NETLINK, nl_pid=-889192265}, 12) = 0",
		"bind(<netlink>, {sa_family=AF_NETLINK, nl_pid=PORT}, 12) = 0",
		"bind(<netlink>, {sa_family=AF_NETLINK, nl_pid=PORT}, 12)", false);
	/* strace 6.1 and 6.8. */
	check_form("12    close(5<anon_inode:[signalfd]>) = 0", "close(<signalfd>) = 0",
		"close(<signalfd>)", false);
	check_form("12    close(5<signalfd:[HUP INT TERM]>) = 0", "close(<signalfd>) = 0",
		"close(<signalfd>)", false);
	check_form("12    getpid() = 12", "getpid() = PARENT", "getpid() = PARENT", false);
	check_form("12    openat(6</run/twinbox>, \".compare.1795821672904049765\", "
		   "O_RDWR|O_CREAT, 0600) = "
		   "6</run/twinbox/.compare.1795821672904049765>(deleted)",
		"openat(</run/twinbox>, \".compare.TIME\", O_RDWR|O_CREAT, 0600) = "
		"</run/twinbox/.compare.TIME>",
		"openat(</run/twinbox>, \".compare.TIME\", O_RDWR|O_CREAT, 0600)", true);
}

/* A path in quotes, in brackets and in JSON: what is not printable ASCII is escaped. */
static void test_paths_as_strace_spells_them(void **state)
{
	static const struct {
		const char *text, *path;
		size_t n;
	} spellings[] = {
		{"/p/x", "/p", 2},
		{"/p", "/p/x", 0},
		{"/q/x", "/p", 0},
		{"/\\346\\227\\245/x", "/\u65e5", 13},
		{"/\\346\\227\\245/x", "/\u65e6", 0},
		{"/a\\0017",
			"/a\1"
			"7",
			7},
		{"/a\\18",
			"/a\1"
			"8",
			5},
		{"/a\\tb", "/a\tb", 5},
		{"/a\\\\b", "/a\\b", 5},
		{"/a\\\"b", "/a\"b", 5},
		{"/a\\\\\\\"b", "/a\"b", 7},
		{"/a\\\\\\\\b", "/a\\b", 7},
		{"/a\\74b\\76", "/a<b>", 9},
		{"/a<b>", "/a<b>", 5},
		{"/a\\", "/a\"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		if (trace_spells(spellings[i].text, spellings[i].path) != spellings[i].n)
			fail_msg("%s, %s", spellings[i].text, spellings[i].path);
}

#define ODD "/o( \\303\\251\\\", \\74/*-"

/* Names that hold what else has a meaning in a line of strace. */
static void test_odd_names(void **state)
{
	static const char *const want[] = {
		"openat(AT_FDCWD, \"$PROJECT/spec.json\", O_RDONLY) = <$PROJECT/spec.json>",
		"write(</run/x>, \"\\\"pidFile\\\": \\\"$RUN/pid\\\"\") = 0",
		"openat(AT_FDCWD, \"/o( \\303\\251\\\", </*-\\303\\251\", O_RDONLY) = ENOENT",
		"close(<$RUN/x>) = 0"};
	struct trace t = read_lines(
		"12    openat(AT_FDCWD<" ODD
		">, \"/o( \\303\\251\\\", </*-/spec.json\", O_RDONLY) = "
		"3<" ODD "/spec.json>\n"
		"12    write(5</run/x>, \"\\\"pidFile\\\": \\\"/o( \\303\\251\\\\\\\", "
		"</*-/run/pid\\\"\", 9) = 9\n"
		"12    openat(AT_FDCWD<" ODD
		">, \"/o( \\303\\251\\\", </*-\\303\\251\", O_RDONLY) = "
		"-1 ENOENT (No such file)\n"
		"12    write(4<" ODD "/run/events>, "
		"\"{\\\"time\\\":1,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":\\\"cgroup\\\","
		"\\\"event\\\":\\\"begin\\\"}\\n\", 70) = 70\n"
		"12    close(5<" ODD "/run/x>) = 0\n");
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(trace_cut(&t, "/o( \u00e9\", </*-/spec.json", &e), 0);
	trace_normal(&t, &(struct trace_names){
				 .project = "/o( \u00e9\", </*-", .run = "/o( \u00e9\", </*-/run"});
	assert_int_equal(t.n, 5);
	for (size_t i = 0, k = 0; i < t.n; i++) {
		if (i == 3)
			continue; /* the mark */
		assert_string_equal(t.calls[i].key, want[k++]);
		assert_string_equal(
			trace_sections[t.calls[i].section].id, i < 3 ? "prepare" : "cgroup");
	}
	assert_int_equal(t.calls[3].section, -1);
	trace_free(&t);
}

/* Digits of an escape are no process: 303 is the parent here. */
static void test_an_escape_is_no_number(void **state)
{
	struct trace t = whole("303   write(5</\\303\\251/pid>, \"303\", 3) = 3\n");

	(void)state;
	assert_string_equal(t.calls[0].key, "write(</\\303\\251/pid>, \"PARENT\") = 0");
	trace_free(&t);
}

/* What strace shows as </> is called after what it was made from. */
static void test_mounts_have_names(void **state)
{
	struct trace t =
		whole("12    fsopen(\"proc\", FSOPEN_CLOEXEC) = 6<anon_inode:[fscontext]>\n"
		      "12    fsconfig(6<anon_inode:[fscontext]>, FSCONFIG_CMD_CREATE, NULL, NULL, "
		      "0) = 0\n"
		      "12    fsmount(6<anon_inode:[fscontext]>, FSMOUNT_CLOEXEC, 0) = 7</>\n"
		      "12    close(6<anon_inode:[fscontext]>) = 0\n"
		      "12    open_tree(AT_FDCWD</>, \"/p/build/rootfs\", OPEN_TREE_CLONE) = 6</>\n"
		      "12    move_mount(7</>, \"\", 6</>, \"\", MOVE_MOUNT_F_EMPTY_PATH) = 0\n");

	(void)state;
	assert_string_equal(
		t.calls[1].text, "fsconfig(<fs proc>, FSCONFIG_CMD_CREATE, NULL, NULL, 0)");
	assert_string_equal(t.calls[5].text, "move_mount(<mount of proc>, \"\", <mount of "
					     "$ROOTFS>, \"\", MOVE_MOUNT_F_EMPTY_PATH)");
	trace_free(&t);
}

/* cbox's first message in full.json, as strace dumped it in a network namespace of its own. */
static void test_a_veth_pair_from_its_bytes(void **state)
{
	struct trace t = whole(
		"12    clone(flags=CLONE_PIDFD) = 191\n"
		"12    socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 8<socket:[241]>\n"
		"12    sendmsg(8<NETLINK:[241]>, {msg_name={sa_family=AF_NETLINK}, msg_iov=[]}, 0) "
		"= 120\n"
		" * 120 bytes in buffer 0\n"
		" | 00000  78 00 00 00 10 00 05 06  01 00 00 00 00 00 00 00  x............... |\n"
		" | 00010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  ................ |\n"
		" | 00020  08 00 04 00 dc 05 00 00  0a 00 03 00 63 62 6f 78  ............cbox |\n"
		" | 00030  30 00 00 00 44 00 12 80  09 00 01 00 76 65 74 68  0...D.......veth |\n"
		" | 00040  00 00 00 00 34 00 02 80  30 00 01 80 00 00 00 00  ....4...0....... |\n"
		" | 00050  00 00 00 00 00 00 00 00  00 00 00 00 08 00 04 00  ................ |\n"
		" | 00060  dc 05 00 00 09 00 03 00  65 74 68 30 00 00 00 00  ........eth0.... |\n"
		" | 00070  08 00 13 00 bf 00 00 00                           ........         |\n");

	(void)state;
	assert_string_equal(t.calls[2].key,
		"sendmsg(<netlink>, RTM_NEWLINK create excl {IFLA_MTU 1500, IFLA_IFNAME \"cbox0\", "
		"IFLA_LINKINFO {IFLA_INFO_KIND \"veth\", IFLA_INFO_DATA {VETH_INFO_PEER {IFLA_MTU "
		"1500, "
		"IFLA_IFNAME \"eth0\", IFLA_NET_NS_PID CHILD}}}})");
	assert_true(t.calls[2].changes);
	trace_free(&t);
}

/* Every cut of the message, and every byte of it turned: words or nothing, and no wild read. */
static void test_broken_messages(void **state)
{
	static const unsigned char message[] = {0x28, 0, 0, 0, 0x14, 0, 5, 6, 1, 0, 0, 0, 0, 0, 0,
		0, 2, 0x18, 0, 0, 2, 0, 0, 0, 8, 0, 2, 0, 10, 200, 1, 1, 8, 0, 1, 0, 10, 200, 1, 1};
	char *text = netlink_text((const char *)message, sizeof(message), 0);

	(void)state;
	assert_string_equal(text,
		"RTM_NEWADDR create excl ifa_prefixlen=24 ifa_scope=0 ifa_index=N {IFA_LOCAL "
		"10.200.1.1, IFA_ADDRESS 10.200.1.1}");
	free(text);
	for (size_t n = 0; n <= sizeof(message); n++) {
		char *part = malloc(n + 1);

		memcpy(part, message, n);
		for (size_t i = 0; i < n; i++) {
			part[i] = (char)~part[i];
			free(netlink_text(part, n, 0));
			part[i] = (char)~part[i];
		}
		free(netlink_text(part, n, 0));
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_paths_as_strace_spells_them),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_an_escape_is_no_number),
		cmocka_unit_test(test_mounts_have_names),
		cmocka_unit_test(test_a_veth_pair_from_its_bytes),
		cmocka_unit_test(test_broken_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
