/* test_state_file.c: the text of a state file, and that nothing else is taken for one. */
#include "state_text.h"

#include "state_file.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

static int parse(
	const char *text, size_t size, struct state *s, struct state_text *spec, struct error *e)
{
	const struct state_text all = {(char *)text, size};

	return state_parse("a.json", "a", &all, s, spec, e);
}

static void text(void **unused)
{
	struct state s = {.name = "a",
		.runtime = "cbox",
		.created = 1700000000,
		.cgroup = "/twinbox/a",
		.link = "cbox0",
		.link_address = "02:00:5e:10:00:01",
		.rootfs = "/srv/<root>&fs",
		.pid_file = "/tmp/\"q\\\x01\xc3\xa9\x7f"};
	struct state back;
	struct state_text spec;
	struct error e;
	char *printed = NULL;
	size_t size, process, whole = strlen(golden);
	FILE *out = open_memstream(&printed, &size);

	(void)unused;
	assert_int_equal(state_print(&s, out, &e), 0);
	fflush(out);
	process = size;
	fprintf(out, STATE_PROCESS, 4242, (uint64_t)9007199254740993);
	fflush(out);
	/* A first record that is cut off is refused, what comes after it is not there yet. */
	for (size_t n = 0; n + 2 < process; n++)
		assert_int_equal(parse(golden, n, &back, &spec, &e), -1);
	for (size_t n = process; n < whole; n++) {
		assert_int_equal(parse(golden, n, &back, &spec, &e), 0);
		assert_int_equal(back.pid, n < size ? 0 : 4242);
		assert_null(spec.data);
		state_free(&back);
	}
	fprintf(out, STATE_SPEC "{}\n", (size_t)3);
	fclose(out);
	assert_string_equal(printed, golden);
	assert_int_equal(parse(printed, size, &back, &spec, &e), 0);
	assert_int_equal(back.pid, 4242);
	assert_int_equal(back.start_time, 9007199254740993);
	assert_ptr_equal(spec.data, printed + size - 3);
	assert_int_equal(spec.size, 3);
	free(printed);
	/* Of the rest every word came back. */
	out = open_memstream(&printed, &size);
	assert_int_equal(state_print(&back, out, &e), 0);
	fclose(out);
	assert_int_equal(size, process);
	assert_memory_equal(printed, golden, process);
	free(printed);
	state_free(&back);

	s.rootfs = "/srv/\xff";
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
		{"\"version\": 3", "\"version\": 1", "a.json: version 1 is not known"},
		{"\"version\": 3", "\"version\": \"2\"", odd},
		{"\"version\": 3", "\"Version\": 2", odd},
		{"\"version\": 3", "\"version\": 3,\n  \"more\": 1", odd},
		{"02:00:5e:10:00:01", "02:00:5e:10:00:010", odd},
		{"\"name\": \"a\"", "\"name\": \"b\"", odd},
		{"\"name\": \"a\"", "\"name\": 7", odd},
		{"\"name\": \"a\"", "\"nome\": \"a\"", odd},
		{"\"pid\": 4242", "\"pid\": 0", odd},
		{"\"pid\": 4242", "\"pid\": -1", odd},
		{"\"pid\": 4242", "\"pid\": 4294967298", odd},
		{"\"pid\": 4242", "\"pid\": \"4242\"", odd},
		{"\"startTime\"", "\"starttime\"", odd},
		{"\"spec\": 3", "\"spec\": 2", odd},
		{"\"spec\": 3", "\"spec\": -1", odd},
		{"\"spec\": 3", "\"spec\": 1048577", odd},
		{"\"spec\": 3", "\"spec\": \"3\"", odd},
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
	struct state_text spec;
	struct error e;
	char changed[1024];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		change(rows[i].from, rows[i].to, changed);
		assert_int_equal(parse(changed, strlen(changed), &s, &spec, &e), -1);
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
	struct state_text spec;
	struct error e;
	char changed[1024];

	(void)unused;
	change("/twinbox/a", "/..x/...", changed);
	assert_int_equal(parse(changed, strlen(changed), &s, &spec, &e), 0);
	state_free(&s);
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
		state_list_free(list, n);
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
