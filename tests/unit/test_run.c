/* test_run.c: where the rootfs is. go/run_test.go has the same rows. */
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char base[PATH_MAX], before[PATH_MAX];

/* A directory with a bundle in it, which the test stands in. */
static int enter_scene(void **state)
{
	char directory[] = "/tmp/twinbox-run-XXXXXX";

	(void)state;
	return !getcwd(before, sizeof(before)) || !mkdtemp(directory) ||
	       !realpath(directory, base) || chdir(base) < 0 || mkdir("bundle", 0755) < 0 ||
	       mkdir("bundle/rootfs", 0755) < 0 || mkdir("other", 0755) < 0 ||
	       symlink("bundle/rootfs", "link") < 0 || symlink("link", "chain") < 0 ||
	       symlink("/", "top") < 0 || mkdir("build", 0755) < 0 ||
	       mkdir("build/rootfs", 0755) < 0;
}

static int leave_scene(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", base);
	return chdir(before) < 0 || system(command) != 0; // NOLINT(cert-env33-c)
}

static const struct {
	const char *option, *spec_file, *root_path;
	const char *want; /* below the scene's directory */
	int errnum;
} rows[] = {
	{"other", "bundle/spec.json", "rootfs", "other", 0},
	{NULL, "bundle/spec.json", "rootfs", "bundle/rootfs", 0},
	{NULL, "bundle/spec.json", "../other", "other", 0},
	{NULL, "./bundle/spec.json", "./rootfs/.", "bundle/rootfs", 0},
	{NULL, "spec.json", "other", "other", 0},
	{NULL, "bundle/spec.json", NULL, "build/rootfs", 0},
	{NULL, "spec.json", NULL, "build/rootfs", 0},
	{"link", "spec.json", NULL, "bundle/rootfs", 0},
	{"chain/", "spec.json", NULL, "bundle/rootfs", 0},
	{"nowhere", "spec.json", NULL, NULL, ENOENT},
	{NULL, "bundle/spec.json", "other", NULL, ENOENT},
	{NULL, "/spec.json", "nowhere", NULL, ENOENT},
};

static void finds_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec s = {.root.path = (char *)rows[i].root_path};
		char out[PATH_MAX], want[PATH_MAX + 64];
		struct error e;
		int result = run_find_rootfs(rows[i].option, rows[i].spec_file, &s, out, &e);

		print_message("# row %zu\n", i);
		assert_int_equal(result, rows[i].want ? 0 : -1);
		if (rows[i].want) {
			snprintf(want, sizeof(want), "%s/%s", base, rows[i].want);
			assert_string_equal(out, want);
		} else {
			assert_int_equal(e.errnum, rows[i].errnum);
		}
	}
}

static void takes_an_absolute_root_path_as_it_is(void **state)
{
	char path[PATH_MAX + 8], out[PATH_MAX];
	struct spec s = {.root.path = path};
	struct error e;

	(void)state;
	snprintf(path, sizeof(path), "%s/other", base);
	assert_int_equal(run_find_rootfs(NULL, "bundle/spec.json", &s, out, &e), 0);
	assert_string_equal(out, path);
}

static void refuses_the_hosts_root(void **state)
{
	char top[] = "top";
	struct spec s = {.root.path = top};
	char out[PATH_MAX];
	struct error e;

	(void)state;
	assert_int_equal(run_find_rootfs("/", "spec.json", &s, out, &e), -1);
	assert_string_equal(e.message, "rootfs /: the host's own root cannot be a rootfs");
	assert_int_equal(run_find_rootfs(NULL, "spec.json", &s, out, &e), -1);
	assert_string_equal(e.message, "rootfs top: the host's own root cannot be a rootfs");
}

static void refuses_a_path_that_is_too_long(void **state)
{
	char path[PATH_MAX - 4], out[PATH_MAX];
	struct spec s = {.root.path = path};
	struct error e;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(run_find_rootfs(NULL, "bundle/spec.json", &s, out, &e), -1);
	assert_int_equal(e.errnum, ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_row),
		cmocka_unit_test(takes_an_absolute_root_path_as_it_is),
		cmocka_unit_test(refuses_the_hosts_root),
		cmocka_unit_test(refuses_a_path_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, enter_scene, leave_scene);
}
