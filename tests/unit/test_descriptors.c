/*
 * test_descriptors.c: containers that run, and that fail in each stage, leave the process that
 * called container_run() as it was: its descriptors, children and signal mask; and nothing on the
 * machine. The rootfs is an empty directory with the machine's programs mounted into it.
 * go/descriptors_test.go has the same rows.
 */
#include "state_scene.h"

#include <dirent.h>
#include <net/if.h>
#include <signal.h>

enum { JSON_BYTES = 4096 };

#define BIND(path)                                                                                 \
	"{\"destination\":\"" path "\",\"type\":\"bind\",\"source\":\"" path                       \
	"\",\"options\":[\"rbind\",\"ro\"]},"
#define VETH                                                                                       \
	"\"veth\":{\"host\":{\"name\":\"leak0\",\"address\":\"10.202.1.1/24\"},"                   \
	"\"container\":{\"name\":\"eth0\",\"address\":\"10.202.1.2/24\"}},"

static const struct row {
	const char *more_namespaces, *more_mounts, *resources, *more; /* of the spec */
	const char *command, *pid_file;
	int status;	   /* of the command; -1: the run fails */
	const char *stage; /* in which it fails */
} rows[] = {
	{"", "", "", "", "/bin/true", NULL, 0, ""},
	{"", "", "", "", "/bin/false", NULL, 1, ""},
	{"", "", "\"resources\":{},", "", "/bin/true", NULL, 0, ""},
	{"{\"type\":\"network\"},", "", "", VETH, "/bin/true", NULL, 0, ""},
	{"{\"type\":\"uts\",\"path\":\"/proc/self/ns/uts\"},", "", "", "", "/bin/true", NULL, 0,
		""},
	{"", "", "", "", "/bin/nope", NULL, -1, "exec"},
	{"", "", "", "", "/etc", NULL, -1, "exec"},
	{"", "", "\"resources\":{\"unified\":{\"memory.nothing\":\"1\"}},", "", "/bin/true", NULL,
		-1, "cgroup"},
	{"{\"type\":\"uts\",\"path\":\"/nowhere\"},", "", "", "", "/bin/true", NULL, -1,
		"namespaces"},
	{"{\"type\":\"uts\",\"path\":\"/proc/self/ns/ipc\"},", "", "\"resources\":{},", "",
		"/bin/true", NULL, -1, "namespaces"},
	{"", BIND("/nowhere"), "\"resources\":{},", "", "/bin/true", NULL, -1, "mounts"},
	{"{\"type\":\"network\"},", BIND("/nowhere"), "", VETH, "/bin/true", NULL, -1, "mounts"},
	{"", "", "", "", "/bin/true", "/nowhere/pid", -1, ""},
};

static char rootfs[] = "/tmp/twinbox-root-XXXXXX";

static void parse(const struct row *r, struct spec *s)
{
	char json[JSON_BYTES];
	struct error e;
	int n = snprintf(json, sizeof(json),
		"{\"ociVersion\":\"1.0.2\",%s\"mounts\":[%s%s%s%s"
		"{\"destination\":\"/etc\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}],"
		"\"process\":{\"args\":[\"%s\"]},\"linux\":{%s\"namespaces\":[%s"
		"{\"type\":\"mount\"},{\"type\":\"pid\"}]}}",
		r->more, BIND("/usr") BIND("/bin"), access("/lib", F_OK) == 0 ? BIND("/lib") : "",
		access("/lib64", F_OK) == 0 ? BIND("/lib64") : "", r->more_mounts, r->command,
		r->resources, r->more_namespaces);

	assert_in_range(n, 1, sizeof(json) - 1);
	if (spec_parse("row", json, (size_t)n, s, &e) < 0)
		fail_msg("%s", e.message);
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void run_row(const struct row *r)
{
	struct container c;
	char *command[] = {(char *)r->command, NULL};
	struct spec s = {0};
	struct error e;

	parse(r, &s);
	container_init(&c);
	c.spec = &s;
	c.program = "cbox";
	c.name = "leak";
	c.rootfs = rootfs;
	c.command = command;
	c.pid_file = r->pid_file;
	error_clear(&e);
	if (container_run(&c, &e) < 0) {
		print_message("# %s: %s\n", e.stage, e.message);
		assert_int_equal(r->status, -1);
		assert_string_equal(e.stage, r->stage);
	} else {
		assert_int_equal(c.exit_status, r->status);
	}
	spec_free(&s);
}

static void everything_is_as_before(void **state)
{
	sigset_t mask, after;

	(void)state;
	needs_root("namespaces, mounts and a cgroup");
	assert_non_null(mkdtemp(rootfs));
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int before = descriptors();

		print_message("# row %zu\n", i);
		run_row(&rows[i]);
		assert_int_equal(descriptors(), before);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
		sigprocmask(SIG_BLOCK, NULL, &after);
		for (int number = 1; number < NSIG; number++)
			assert_int_equal(sigismember(&mask, number), sigismember(&after, number));
		assert_false(is_there(scene_path("leak.json")));
		assert_false(is_there(CGROUP_ROOT "/twinbox/leak"));
		assert_int_equal(if_nametoindex("leak0"), 0);
	}
}

static int remove_rootfs(void **state)
{
	char command[128];

	(void)state;
	if (geteuid() != 0)
		return 0;
	snprintf(command, sizeof(command), "rm -r --one-file-system %s", rootfs);
	return system(command); // NOLINT(cert-env33-c)
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(everything_is_as_before, remove_rootfs),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scene_end();
	return failed;
}
