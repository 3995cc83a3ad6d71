/* test_state_file.c: the text of a state file, and that nothing else is taken for one. */
#include "state_text.h"

#include "state_file.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

static void text(void **unused)
{
	struct state s = {.name = "a",
		.runtime = "cbox",
		.pid = 4242,
		.start_time = 9007199254740993,
		.created = 1700000000,
		.cgroup = "/twinbox/a",
		.link = "cbox0",
		.link_address = "02:00:5e:10:00:01",
		.rootfs = "/srv/<root>&fs",
		.pid_file = "/tmp/\"q\\\x01\xc3\xa9\x7f"};
	struct state back;
	struct error e;
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	(void)unused;
	assert_int_equal(state_print(&s, out, &e), 0);
	fclose(out);
	assert_string_equal(printed, golden);
	assert_int_equal(state_parse("a.json", "a", printed, size, &back, &e), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	/* Every shorter text is refused: a file cut off is never taken for a whole one. */
	for (size_t n = 0; n + 2 < size; n++)
		assert_int_equal(state_parse("a.json", "a", printed, n, &back, &e), -1);
	free(printed);

	strcpy(s.rootfs, "/srv/\xff");
	out = fopen("/dev/null", "w");
	assert_int_equal(state_print(&s, out, &e), -1);
	assert_string_equal(e.message, "a state file can hold only paths in UTF-8");
	fclose(out);
}

static void odd_texts(void **unused)
{
	static const char odd[] = "a.json: is not what a runtime has written";
	static const struct {
		const char *from, *to, *message;
	} rows[] = {
		{"\"version\": 2", "\"version\": 1", "a.json: version 1 is not known"},
		{"\"version\": 2", "\"version\": \"2\"", odd},
		{"\"version\": 2", "\"Version\": 2", odd},
		{"\"version\": 2", "\"version\": 2,\n  \"more\": 1", odd},
		{"02:00:5e:10:00:01", "02:00:5e:10:00:010", odd},
		{"\"name\": \"a\"", "\"name\": \"b\"", odd},
		{"\"name\": \"a\"", "\"name\": 7", odd},
		{"\"name\": \"a\"", "\"nome\": \"a\"", odd},
		{"\"pid\": 4242", "\"pid\": -1", odd},
		{"\"pid\": 4242", "\"pid\": 4294967298", odd},
		{"\"pid\": 4242", "\"pid\": \"4242\"", odd},
		{"\"created\": 1700000000", "\"created\": 253402300800", odd},
		{"\"link\": \"cbox0\"", "\"link\": \"abcdefghijklmnop\"", odd},
		{"\"link\": \"cbox0\"", "\"link\": \"../x\"", odd},
		{"/twinbox/a", "/", odd},
		{"/twinbox/a", "//.", odd},
		{"/twinbox/a", "/twinbox/..", odd},
		{"/twinbox/a", "/..x/../a", odd},
		{"/twinbox/a", "twinbox/a", odd},
		{"\"/tmp/", "\"tmp/", odd},
		{"{\n", "[", NULL},
		{"}\n", "}\n}", NULL},
		{"\"link\"", "\"name\"", NULL},
		{"cbox0", "cb\\u0000x", NULL},
		{"cbox0", "\xff", NULL},
	};
	struct state s;
	struct error e;
	char changed[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		change(rows[i].from, rows[i].to, changed);
		assert_int_equal(state_parse("a.json", "a", changed, strlen(changed), &s, &e), -1);
		if (rows[i].message)
			assert_string_equal(e.message, rows[i].message);
		assert_ptr_equal(strstr(e.message, "a.json"), e.message);
		assert_ptr_equal(strstr(e.hint, "nothing was removed"), e.hint);
	}
}

/* Two names like /..x are plain names. */
static void plain_dots(void **unused)
{
	struct state s;
	struct error e;
	char changed[1024];

	(void)unused;
	change("/twinbox/a", "/..x/...", changed);
	assert_int_equal(state_parse("a.json", "a", changed, strlen(changed), &s, &e), 0);
}

/* Makes the file odd.json odd in one way. */
static void odd_symlink(void)
{
	write_text(scene_path("../elsewhere"), right());
	assert_int_equal(symlink("../elsewhere", scene_path("odd.json")), 0);
}

static void odd_fifo(void)
{
	assert_int_equal(mkfifo(scene_path("odd.json"), 0600), 0);
}

static void odd_directory(void)
{
	assert_int_equal(mkdir(scene_path("odd.json"), 0700), 0);
}

static void odd_mode(void)
{
	write_text(scene_path("odd.json"), right());
	assert_int_equal(chmod(scene_path("odd.json"), 0620), 0);
}

static void odd_garbled(void)
{
	write_text(scene_path("odd.json"), "\x7f"
					   "ELF garbage");
}

static void odd_empty(void)
{
	write_text(scene_path("odd.json"), "");
}

static void odd_owner(void)
{
	write_text(scene_path("odd.json"), right());
	assert_int_equal(chown(scene_path("odd.json"), 65534, 65534), 0);
}

/* list names it and still shows the others; run of that name refuses; it stays where it is. */
static void odd_files(void **unused)
{
	static const struct {
		void (*make)(void);
		const char *message;
		bool root;
	} rows[] = {
		{odd_symlink, "opening state file ", false},
		{odd_fifo, "is not safe to use: mode 010600", false},
		{odd_directory, "is not safe to use: mode 040700", false},
		{odd_mode, "is not safe to use: mode 100620", false},
		{odd_garbled, ":1:1: ", false},
		{odd_empty, ":1:1: ", false},
		{odd_owner, "is not safe to use: mode 100600, owner 65534", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct container good = scene_container("good"), odd = scene_container("odd");
		struct state *list;
		struct error e;
		size_t n;

		if (rows[i].root && geteuid() != 0)
			continue;
		scene_clear(unused);
		assert_int_equal(state_create(&good, &e), 0);
		rows[i].make();
		assert_int_equal(state_list(&list, &n, &e), -1);
		assert_int_equal(n, 1);
		assert_string_equal(list[0].name, "good");
		free(list);
		assert_non_null(strstr(e.message, scene_path("odd.json")));
		assert_non_null(strstr(e.message, rows[i].message));
		assert_int_equal(state_create(&odd, &e), -1);
		assert_non_null(strstr(e.message, scene_path("odd.json")));
		assert_non_null(strstr(e.message, rows[i].message));
		assert_true(is_there(scene_path("odd.json")));
		assert_int_equal(state_remove(&good, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(odd_texts),
		cmocka_unit_test(plain_dots),
		cmocka_unit_test_setup(odd_files, scene_clear),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("state file", tests, NULL, NULL);
	scene_end();
	return failed;
}
