/* test_list.c: what `list` prints, for people and for programs. */
#include "gc_scene.h"

#include "list.h"

static char *listed(bool json, int expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct error e;

	assert_int_equal(list_print(json, out, &e), expected);
	fclose(out);
	return text;
}

static void list(void **unused)
{
	struct left left = {.name = "zz-stale"};
	struct container c = scene_container("a");
	struct error e;
	char *text, expected[1024];
	struct state *states;
	size_t n;

	(void)unused;
	text = listed(false, 0);
	assert_string_equal(text, "NAME  PID  RUNTIME  STATUS  CREATED  CGROUP  LINK\n");
	free(text);
	text = listed(true, 0);
	assert_string_equal(text, "[]\n");
	free(text);

	in_killed_process(leave, &left);
	assert_int_equal(state_create(&c, &e), 0);
	write_text(scene_path("m.json"), "");
	text = listed(false, -1);
	assert_ptr_equal(strstr(text, "NAME      PID  RUNTIME  STATUS   CREATED               "
				      "CGROUP  LINK\na         -    cbox     running  20"),
		text);
	assert_non_null(strstr(text, "\nzz-stale  -    cbox     stale    20"));
	free(text);
	text = listed(true, -1);
	assert_int_equal(state_list(&states, &n, &e), -1);
	snprintf(expected, sizeof(expected),
		"[\n  {\n    \"cgroup\": \"\",\n    \"created\": %lld,\n    \"link\": \"\",\n"
		"    \"linkAddress\": \"\",\n"
		"    \"name\": \"a\",\n    \"pid\": 0,\n    \"pidFile\": \"\",\n"
		"    \"rootfs\": \"/srv/rootfs\",\n    \"runtime\": \"cbox\",\n"
		"    \"startTime\": 0,\n    \"status\": \"running\"\n  },\n",
		(long long)states[0].created);
	assert_ptr_equal(strstr(text, expected), text);
	assert_non_null(strstr(text, "\"status\": \"stale\"\n  }\n]\n"));
	state_list_free(states, n);
	free(text);
	assert_int_equal(state_remove(&c, &e), 0);
}

/* A spec may name any cgroup. */
static void lets_no_control_character_through(void **unused)
{
	struct container c = scene_container("a");
	struct error e;
	char *text;

	(void)unused;
	strcpy(c.cgroup, "/x\x1b[1m\xc2\x85y\xc2\x9b"
			 "31m\xc2\xa0");
	assert_int_equal(state_create(&c, &e), 0);
	text = listed(false, 0);
	assert_non_null(strstr(text, "  /x\\x1b[1m\\xc2\\x85y\\xc2\\x9b31m\xc2\xa0  -\n"));
	free(text);
	assert_int_equal(state_remove(&c, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(list, scene_clear, teardown),
		cmocka_unit_test_setup_teardown(
			lets_no_control_character_through, scene_clear, teardown),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("list", tests, NULL, NULL);
	scene_end();
	return failed;
}
