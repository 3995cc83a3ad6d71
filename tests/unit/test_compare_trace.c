/*
 * Unit tests of compare/trace_read.c, trace_cut.c, trace_normal.c and trace_netlink.c. The lines
 * are strace 6.1's, of cbox and gobox running shared/specs/02-mount.json and full.json.
 */
#include "trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column gobox = {.name = "gobox", .twin = true};

static struct trace read_lines(const char *text)
{
	struct trace t = {.column = &gobox};

	trace_read_text(&t, text, strlen(text));
	return t;
}

/* The n-th call's normal form, all of it in one piece: read, cut, written anew. */
static struct trace whole(const char *text)
{
	struct trace t = read_lines(text);
	struct error e;

	error_clear(&e);
	assert_int_equal(trace_cut(&t, "/p/spec.json", &e), 0);
	trace_normal(
		&t, &(struct trace_names){
			    .project = "/p", .rootfs = "/p/build/rootfs", .run = "/tmp/run.x"});
	return t;
}

static void test_a_call(void **state)
{
	struct trace t =
		read_lines("12    mkdirat(7</sys/fs/cgroup>, \"tw)in\\\"box\", 0755) = 0\n");

	(void)state;
	assert_int_equal(t.n, 1);
	assert_int_equal(t.calls[0].tid, 12);
	assert_string_equal(t.calls[0].name, "mkdirat");
	assert_string_equal(t.calls[0].args, "7</sys/fs/cgroup>, \"tw)in\\\"box\", 0755");
	assert_string_equal(t.calls[0].result, "0");
	assert_null(t.partial);
	trace_free(&t);
}

static void test_halves_are_joined_where_they_began(void **state)
{
	struct trace t =
		read_lines("12    read(9<pipe:[218]>,  <unfinished ...>\n"
			   "13    prctl(PR_SET_PDEATHSIG, SIGKILL) = 0\n"
			   "12    <... read resumed>\"x\", 1)        = 1\n"
			   "12    futex(0x6a7aa0, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>\n");

	(void)state;
	assert_int_equal(t.n, 3);
	assert_string_equal(t.calls[0].name, "read");
	assert_string_equal(t.calls[0].args, "9<pipe:[218]>, \"x\", 1");
	assert_string_equal(t.calls[0].result, "1");
	assert_string_equal(t.calls[1].name, "prctl");
	/* The last one never returned. */
	assert_string_equal(t.calls[2].name, "futex");
	assert_null(t.calls[2].result);
	trace_free(&t);
}

static void test_execve_of_another_thread(void **state)
{
	struct trace t =
		read_lines("69    execve(\"/bin/true\", [\"/bin/true\"], [] <unfinished ...>\n"
			   "67    <... futex resumed>)              = ?\n"
			   "67    +++ superseded by execve in pid 69 +++\n"
			   "67    <... execve resumed>)             = 0\n");

	(void)state;
	assert_string_equal(t.calls[0].name, "execve");
	assert_string_equal(t.calls[0].result, "0");
	trace_free(&t);
}

static void test_signals_and_ends_are_no_calls(void **state)
{
	struct trace t = read_lines(
		"267   --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=267, si_uid=0} ---\n"
		"267   exit_group(0)                     = ?\n"
		"268   +++ exited with 0 +++\n"
		"267   +++ killed by SIGKILL +++\n");

	(void)state;
	assert_int_equal(t.n, 4);
	assert_int_equal(t.calls[0].kind, TRACE_SIGNAL);
	assert_int_equal(t.calls[1].kind, TRACE_CALL);
	assert_string_equal(t.calls[1].result, "?");
	assert_int_equal(t.calls[2].kind, TRACE_EXIT);
	assert_string_equal(t.calls[3].name, "+++ killed by SIGKILL +++");
	trace_free(&t);
}

static void test_a_torn_line_is_partial(void **state)
{
	struct trace t = read_lines("12    getpid() = 12\n12    openat(AT_FDCWD, \"/ru");

	(void)state;
	assert_int_equal(t.n, 1);
	assert_non_null(strstr(t.partial, "line 2 is torn"));
	trace_free(&t);
}

static void test_garbage_is_survived(void **state)
{
	static const char *const lines[] = {"", "\n", "12\n", "12 \n", "x\n", " | \n",
		" | 00000  \n", " | 00000  zz\n", "12 <... read resumed>) = 1\n", "12 (((\n",
		"12 a\"\\\n", "12 read(3, \"\\", "12 +++ superseded by execve in pid \n",
		"12 close(3<) = 0<\n", "12 close(3</a<b>) = 0\n",
		"12 clone(flags=CLONE_PIDFD) = 99999999999999999999\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct trace t = whole(lines[i]);

		trace_free(&t);
	}
}

/* A cbox in short: what it does in two stages, and its child. */
static const char story[] =
	"12    execve(\"/p/build/bin/cbox\", [\"cbox\"], [\"PATH=/bin\"]) = 0\n"
	"12    brk(NULL) = 0x555565268000\n"
	"12    openat(AT_FDCWD</p>, \"/p/spec.json\", O_RDONLY) = 3</p/spec.json>\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":1,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"namespaces\\\",\\\"event\\\":\\\"begin\\\"}\\n\", 70) = 70\n"
	"12    clone3({flags=CLONE_PIDFD|CLONE_NEWPID, pidfd=0x7fff5899536c} => "
	"{pidfd=[11<pid:13>]}, 88 <unfinished ...>\n"
	"13    setsid() = 1\n"
	"12    <... clone3 resumed>) = 13\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":2,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"namespaces\\\",\\\"event\\\":\\\"ok\\\"}\\n\", 70 <unfinished ...>\n"
	"12    <... write resumed>) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"
	"12    getuid() = 0\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":2,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"namespaces\\\",\\\"event\\\":\\\"ok\\\"}\\n\", 70) = 70\n"
	"12    sendto(5<UNIX-STREAM:[214->215]>, \"g\", 1, MSG_NOSIGNAL, NULL, 0) = 1\n"
	"13    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":3,\\\"who\\\":\\\"child\\\",\\\"stage\\\":"
	"\\\"exec\\\",\\\"event\\\":\\\"begin\\\"}\\n\", 70) = 70\n"
	"13    execve(\"/bin/true\", [\"/bin/true\"], []) = 0\n"
	"13    brk(NULL) = 0x1\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":4,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"exec\\\",\\\"event\\\":\\\"ok\\\"}\\n\", 70) = 70\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":5,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"cleanup\\\",\\\"event\\\":\\\"begin\\\"}\\n\", 70) = 70\n"
	"12    unlink(\"/tmp/run.x/pid\") = 0\n"
	"12    write(4</tmp/run.x/events>, "
	"\"{\\\"time\\\":6,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":"
	"\\\"cleanup\\\",\\\"event\\\":\\\"ok\\\"}\\n\", 70) = 70\n"
	"12    exit_group(0) = ?\n";

static void test_cut(void **state)
{
	static const struct {
		const char *key, *section;
	} want[] = {{"brk(NULL) = 0", "start"},
		{"openat(AT_FDCWD, \"$PROJECT/spec.json\"", "prepare"},
		{"clone3({flags", "namespaces"}, {"setsid() = 1", "child.start"},
		{"getuid() = 0", "namespaces"}, {"sendto(<socket>, \"g\"", "release"},
		{"execve(\"/bin/true\"", "child.exec"}, {"brk(NULL) = 0", "command"},
		{"unlink(\"$RUN/pid\") = 0", "cleanup"}, {"exit_group(0) = ?", "end"}};
	struct trace t = whole(story);
	size_t found = 1; /* behind the first execve */

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		while (found < t.n && t.calls[found].section < 0)
			found++;
		assert_true(found < t.n);
		if (strncmp(t.calls[found].key, want[i].key, strlen(want[i].key)) != 0)
			fail_msg("%s, not %s", t.calls[found].key, want[i].key);
		assert_string_equal(trace_sections[t.calls[found].section].id, want[i].section);
		found++;
	}
	assert_int_equal(t.pids[WHO_PARENT], 12);
	assert_int_equal(t.pids[WHO_CHILD], 13);
	trace_free(&t);
}

static void test_an_unknown_stage_is_refused(void **state)
{
	struct trace t = read_lines(
		"12    write(4</e>, "
		"\"{\\\"time\\\":1,\\\"who\\\":\\\"parent\\\",\\\"stage\\\":\\\"dance\\\","
		"\\\"event\\\":\\\"begin\\\"}\\n\", 70) = 70\n");
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(trace_cut(&t, "/p/spec.json", &e), -1);
	assert_non_null(strstr(e.message, "\"dance\""));
	trace_free(&t);
}

/* Threads in the container's own pid namespace return other numbers than strace's. */
static void test_threads_belong_to_their_process(void **state)
{
	struct trace t =
		read_lines("12    clone3({flags=CLONE_PIDFD|CLONE_NEWPID}, 88) = 67\n"
			   "12    clone(flags=CLONE_VM|CLONE_THREAD <unfinished ...>\n"
			   "67    clone(flags=CLONE_VM|CLONE_THREAD <unfinished ...>\n"
			   "68    gettid() = 2\n"
			   "69    gettid() = 69\n"
			   "67    <... clone resumed>, tls=0x1) = 2 /* 68 in strace's PID NS */\n"
			   "12    <... clone resumed>, tls=0x1) = 69\n");
	struct error e;

	(void)state;
	assert_int_equal(trace_cut(&t, "/p/spec.json", &e), 0);
	assert_int_equal(t.calls[3].tid, 68);
	assert_int_equal(t.calls[3].who, WHO_CHILD);
	assert_int_equal(t.calls[4].who, WHO_PARENT);
	trace_free(&t);
}

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
		cmocka_unit_test(test_a_call),
		cmocka_unit_test(test_halves_are_joined_where_they_began),
		cmocka_unit_test(test_execve_of_another_thread),
		cmocka_unit_test(test_signals_and_ends_are_no_calls),
		cmocka_unit_test(test_a_torn_line_is_partial),
		cmocka_unit_test(test_garbage_is_survived),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_an_unknown_stage_is_refused),
		cmocka_unit_test(test_threads_belong_to_their_process),
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
