/*
 * Unit tests of compare/trace_read.c and trace_cut.c. The lines are strace 6.1's, of cbox and gobox
 * running shared/specs/02-mount.json and full.json.
 */
#include "trace_scene.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
