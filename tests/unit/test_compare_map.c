/*
 * Unit tests of compare/map_*.c: from strace's lines to the calls between fork and exec, what an
 * entry adds to nothing, Go beside C. The lines are strace 6.1's.
 */
#include "map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct map_place place = {.root = "/tmp/x/root", .cgroup = "/sys/fs/cgroup/x.1"};

static struct map_calls cut(const char *text)
{
	struct trace t = {0};
	struct map_calls calls = {0};
	struct error e;

	error_clear(&e);
	trace_read_text(&t, text, strlen(text));
	assert_int_equal(map_calls_cut(&t, &place, &calls, &e), 0);
	trace_free(&t);
	return calls;
}

static const char start_up[] = "7     execve(\"/p/x\", [\"x\"], 0x7ffd /* 2 vars */) = 0\n"
			       "7     brk(NULL)                         = 0x1000\n";

#define GO                                                                                         \
	"7     pipe2([3<pipe:[41]>, 4<pipe:[41]>], O_CLOEXEC) = 0\n"                               \
	"8     futex(0xc000050148, FUTEX_WAKE_PRIVATE, 1) = 1\n"                                   \
	"7     clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD <unfinished ...>\n"      \
	"9     setsid()                          = 9\n"                                            \
	"9     execve(\"/tmp/x/root/child\", [\"child\"], 0x7ffd /* 2 vars */) = 0\n"              \
	"7     <... clone resumed>)              = 9\n"                                            \
	"7     close(4<pipe:[41]>)               = 0\n"                                            \
	"7     read(3<pipe:[41]>, \"\", 8)       = 0\n"                                            \
	"7     wait4(9, NULL, 0, NULL)           = 9\n"                                            \
	"7     exit_group(0)                     = ?\n"
#define C                                                                                          \
	"7     clone(child_stack=NULL, "                                                           \
	"flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x4d) = 9\n"          \
	"9     set_robust_list(0x4dd660, 24)     = 0\n"                                            \
	"9     setsid()                          = 9\n"                                            \
	"9     execve(\"/tmp/x/root/child\", [\"child\"], 0x7ffd /* 2 vars */) = 0\n"              \
	"7     wait4(9, NULL, 0, NULL)           = 9\n"

static void expect(
	const struct map_call *c, enum map_phase phase, const char *text, const char *key)
{
	assert_int_equal(c->phase, phase);
	assert_string_equal(c->text, text);
	assert_string_equal(c->key, key);
}

static void from_fork_to_exec(void **unused)
{
	struct map_calls c = cut(GO);

	(void)unused;
	assert_int_equal(c.n, 5);
	expect(&c.v[0], MAP_BEFORE, "pipe2([3<pipe>, 4<pipe>], O_CLOEXEC)",
		"pipe2([<pipe>, <pipe>], O_CLOEXEC)");
	/* How the memory is shared until the exec is shown and not compared. */
	expect(&c.v[1], MAP_BEFORE, "clone(CLONE_VM|CLONE_VFORK|SIGCHLD)", "clone(SIGCHLD)");
	expect(&c.v[2], MAP_AFTER, "close(4<pipe>)", "close(<pipe>)");
	expect(&c.v[3], MAP_AFTER, "read(3<pipe>, \"\", 8)", "read(<pipe>, \"\", 8)");
	expect(&c.v[4], MAP_CHILD, "setsid()", "setsid()");
	map_calls_free(&c);
}

static void start_up_is_left_out(void **unused)
{
	char *text;
	struct map_calls c;

	(void)unused;
	assert_true(asprintf(&text, "%s%s", start_up, C) > 0);
	c = cut(text);
	assert_int_equal(c.n, 3);
	expect(&c.v[0], MAP_BEFORE, "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD)",
		"clone(SIGCHLD)");
	/* Wherever the heap lies. */
	expect(&c.v[1], MAP_CHILD, "set_robust_list(ADDRESS, 24)", "set_robust_list(ADDRESS, 24)");
	map_calls_free(&c);
	free(text);
}

static void names_for_what_varies(void **unused)
{
	struct map_calls c = cut(
		"7     fork()                            = 9\n"
		"9     setpgid(0, 9)                     = 0\n"
		"9     ioctl(3</dev/pts/12>, TIOCSPGRP, [9]) = 0\n"
		"9     ioctl(0</dev/pts/3>, TIOCSCTTY, 1) = -1 EPERM (Operation not permitted)\n"
		"9     openat(AT_FDCWD</tmp>, \"/proc/9/uid_map\", O_RDWR) = 5\n"
		"9     chroot(\"/tmp/x/root\")             = 0\n"
		"9     rt_sigaction(SIGHUP, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) "
		"= 0\n"
		"9     rt_sigaction(SIGINT, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) "
		"= 0\n");
	static const char *const keys[] = {"fork()", "setpgid(0, CHILD)",
		"ioctl(</dev/pts/N>, TIOCSPGRP, [CHILD])",
		"ioctl(</dev/pts/N>, TIOCSCTTY, 1) = -1 EPERM",
		"openat(AT_FDCWD, \"/proc/CHILD/uid_map\", O_RDWR)", "chroot(\"{root}\")",
		"rt_sigaction(SIG*, SIG_DFL)"};

	(void)unused;
	assert_int_equal(c.n, sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < c.n; i++) {
		/* A fork's text is its flags, and fork(2) has none. */
		assert_string_equal(c.v[i].key, keys[i]);
	}
	assert_string_equal(c.v[2].name, "ioctl TIOCSPGRP");
	assert_string_equal(c.v[3].name, "ioctl TIOCSCTTY");
	map_calls_free(&c);
}

static bool moved(const char *text)
{
	struct trace t = {0};
	bool result;

	trace_read_text(&t, text, strlen(text));
	result = map_calls_moved(&t);
	trace_free(&t);
	return result;
}

static void another_thread_made_the_pipe(void **unused)
{
	(void)unused;
	assert_true(
		moved("8     pipe2([3<pipe:[41]>, 4<pipe:[41]>], O_CLOEXEC) = 0\n"
		      "7     rt_sigprocmask(SIG_SETMASK, ~[], NULL, 8) = 0\n"
		      "7     clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 9\n"));
	assert_false(moved(GO));
	assert_false(moved(C));
	/* One of two pipes is enough. */
	assert_true(moved("8     pipe2([5<pipe:[42]>, 6<pipe:[42]>], O_CLOEXEC) = 0\n" GO));
}

/* On a slow machine Go's scheduler interrupts the parent, which then begins to read again. */
static void an_interrupted_call_is_made_once(void **unused)
{
	struct map_calls c =
		cut("7     clone(child_stack=NULL, flags=CLONE_NEWUSER|SIGCHLD) = 9\n"
		    "7     read(3<pipe:[41]>, 0xc000012345, 8) = ? ERESTARTSYS (To be restarted if "
		    "SA_RESTART is set)\n"
		    "7     --- SIGURG {si_signo=SIGURG, si_code=SI_TKILL, si_pid=7, si_uid=0} ---\n"
		    "7     rt_sigreturn({mask=[]})           = 0\n"
		    "7     read(3<pipe:[41]>, \"\", 8)       = 0\n"
		    "7     wait4(9, NULL, 0, NULL)           = 9\n");

	(void)unused;
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[1].key, "read(<pipe>, \"\", 8)");
	map_calls_free(&c);
}

static void no_fork(void **unused)
{
	struct trace t = {0};
	struct map_calls calls = {0};
	struct error e;

	(void)unused;
	error_clear(&e);
	trace_read_text(&t, start_up, strlen(start_up));
	assert_int_equal(map_calls_cut(&t, &place, &calls, &e), -1);
	assert_string_equal(e.message, "no fork in the trace");
	trace_free(&t);
}

static void only_what_is_added(void **unused)
{
	struct map_seen nothing = {0}, seen = {0};
	struct map_row *rows;
	size_t n;

	(void)unused;
	nothing.entry = map_entry_find("Nothing");
	seen.entry = map_entry_find("Setsid");
	nothing.calls[MAP_GO] = cut("7     fork() = 9\n");
	nothing.calls[MAP_C] = cut("7     fork() = 9\n");
	seen.calls[MAP_GO] = cut("7     fork() = 9\n9     setsid() = 9\n9     chroot(\"/\") = 0\n");
	seen.calls[MAP_C] = cut("7     fork() = 9\n9     setsid() = 9\n9     umask(0) = 0\n");
	map_added(&nothing, &nothing);
	map_added(&seen, &nothing);
	n = map_rows(&seen, &rows);
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].kind, MAP_SAME);
	assert_string_equal(rows[0].cells[MAP_GO]->key, "setsid()");
	assert_int_equal(rows[1].kind, MAP_ONLY);
	assert_string_equal(rows[1].cells[MAP_GO]->key, "chroot(\"/\")");
	assert_null(rows[1].reason);
	assert_null(rows[2].cells[MAP_GO]);
	assert_string_equal(rows[2].cells[MAP_C]->key, "umask(0)");
	free(rows);
	map_seen_free(&nothing);
	map_seen_free(&seen);
}

static void versions(void **unused)
{
	(void)unused;
	assert_true(map_version_compare("go1.22", "go1.22.12") == 0);
	assert_true(map_version_compare("go1.9", "go1.22.12") < 0);
	assert_true(map_version_compare("go1.23", "go1.22") > 0);
	assert_true(map_version_compare("go1", "go1.2") < 0);
	assert_true(map_version_compare("go2", "go1.99") > 0);
}

static void values_in_words(void **unused)
{
	char *text;

	(void)unused;
	text = map_value("ends by SIGTERM", "ja");
	assert_string_equal(text, "SIGTERM で終わる");
	free(text);
	text = map_value("0 0 1", "ja");
	assert_string_equal(text, "0 0 1");
	free(text);
}

static int load(void **unused)
{
	struct error e;

	(void)unused;
	error_clear(&e);
	return map_entries_load(&e);
}

static int unload(void **unused)
{
	(void)unused;
	map_entries_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_fork_to_exec),
		cmocka_unit_test(start_up_is_left_out),
		cmocka_unit_test(names_for_what_varies),
		cmocka_unit_test(another_thread_made_the_pipe),
		cmocka_unit_test(an_interrupted_call_is_made_once),
		cmocka_unit_test(no_fork),
		cmocka_unit_test(only_what_is_added),
		cmocka_unit_test(versions),
		cmocka_unit_test(values_in_words),
	};

	return cmocka_run_group_tests_name("compare map", tests, load, unload);
}
