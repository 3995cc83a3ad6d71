/*
 * test_spec.c: the spec's defaults, its normalised form and its tables. What is refused, and in
 * which words, stands in tests/errors for both sides. go/spec_test.go is the twin.
 */
#include "capabilities.h"
#include "mount_options.h"
#include "rlimits.h"
#include "spec.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include <cmocka.h>

static void parse(const char *text, struct spec *s)
{
	struct error e;

	error_clear(&e);
	spec_parse("t", text, strlen(text), s, &e);
	assert_string_equal(e.message, "");
}

/* The normalised form, malloc'd. */
static char *print(const struct spec *s)
{
	char *out = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&out, &len);
	struct error e;

	assert_int_equal(spec_print(s, stream, &e), 0);
	fclose(stream);
	return out;
}

static void fills_in_defaults(void **state)
{
	struct spec s;

	(void)state;
	parse("{ \"ociVersion\": \"1.2.0-dev\", \"linux\": { \"namespaces\":"
	      "[{ \"type\": \"mount\" }, { \"type\": \"network\" }] },"
	      "\"mounts\": [{ \"destination\": \"//proc/\", \"type\": \"proc\" }],"
	      "\"veth\": { \"host\": { \"name\": \"a\", \"address\": \"10.0.0.0/31\" },"
	      "\"container\": { \"name\": \"b\", \"address\": \"10.0.0.1/31\" } } }",
		&s);
	assert_string_equal(s.process.cwd, "/");
	assert_int_equal(s.process.args.n, 1);
	assert_string_equal(s.process.args.v[0], "/bin/sh");
	assert_null(s.process.args.v[1]);
	assert_non_null(s.process.env.v);
	assert_null(s.process.env.v[0]);
	assert_null(s.hostname);
	assert_null(s.root.path);
	assert_false(s.process.capabilities.given);
	assert_false(s.process.oom_score_adj.given);
	assert_false(s.has_resources);
	assert_string_equal(s.mounts[0].destination, "/proc");
	assert_string_equal(s.mounts[0].source, "proc");
	assert_non_null(s.mounts[0].options.v);
	assert_int_equal(s.veth.mtu, 1500);
	assert_false(s.veth.container.gateway.given);
	assert_true(spec_makes(&s, NS_NETWORK));
	assert_false(spec_makes(&s, NS_PID));
	spec_free(&s);
}

static void keeps_what_it_reads(void **state)
{
	struct spec s;
	struct error e;

	(void)state;
	error_clear(&e);
	assert_int_equal(spec_load("shared/specs/full.json", &s, &e), 0);
	assert_true(s.root.readonly);
	assert_int_equal(s.process.capabilities.bounding, 0xa80425fb);
	assert_int_equal(s.process.capabilities.ambient, 0);
	assert_int_equal(s.process.rlimits_n, 2);
	assert_int_equal(s.process.rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(s.process.rlimits[0].soft, 1024);
	assert_int_equal(s.process.oom_score_adj.value, 100);
	assert_int_equal(s.resources.memory_limit.value, 52428800);
	assert_int_equal(s.resources.cpu_quota.value, 20000);
	assert_string_equal(s.resources.unified.v[0].key, "memory.low");
	assert_int_equal(s.veth.container.address.ip[3], 2);
	assert_int_equal(s.veth.container.address.prefix, 24);
	assert_int_equal(s.veth.container.gateway.prefix, 32);
	spec_free(&s);
}

static char *contents(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 1 << 16);

	assert_non_null(file);
	assert_non_null(text);
	assert_in_range(fread(text, 1, (1 << 16) - 1, file), 1, (1 << 16) - 2);
	fclose(file);
	return text;
}

/* Each example's normalised form is the golden one, and its own normalised form. */
static void normalises_the_examples(void **state)
{
	glob_t paths;

	(void)state;
	assert_int_equal(glob("shared/specs/*.json", 0, NULL, &paths), 0);
	assert_true(paths.gl_pathc >= 8);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		char golden[200], *wanted, *once, *twice;
		struct error e;
		struct spec s;

		snprintf(golden, sizeof(golden), "tests/errors/normalised%s",
			strrchr(paths.gl_pathv[i], '/'));
		wanted = contents(golden);
		error_clear(&e);
		spec_load(paths.gl_pathv[i], &s, &e);
		assert_string_equal(e.message, "");
		once = print(&s);
		assert_string_equal(once, wanted);
		spec_free(&s);
		parse(once, &s);
		twice = print(&s);
		assert_string_equal(twice, once);
		spec_free(&s);
		free(wanted);
		free(once);
		free(twice);
	}
	globfree(&paths);
}

static void prints_every_field(void **state)
{
	static const char text[] =
		"{ \"ociVersion\": \"1.0.2\", \"annotations\": { \"b\": \"2\", \"a\": \"1\" },"
		"\"process\": { \"user\": { \"additionalGids\": [7, 3] },"
		"\"capabilities\": { \"bounding\": [\"CAP_BPF\", \"CAP_CHOWN\"] } },"
		"\"linux\": { \"namespaces\": [{ \"type\": \"uts\" },"
		"{ \"type\": \"ipc\", \"path\": \"/proc/1/ns/ipc\" }], \"resources\": {} } }";
	static const char wanted[] =
		"{\n  \"annotations\": {\n    \"a\": \"1\",\n    \"b\": \"2\"\n  },\n"
		"  \"linux\": {\n    \"namespaces\": [\n      {\n"
		"        \"path\": \"/proc/1/ns/ipc\",\n        \"type\": \"ipc\"\n      },\n"
		"      {\n        \"type\": \"uts\"\n      }\n    ],\n    \"resources\": {}\n  },\n"
		"  \"ociVersion\": \"1.0.2\",\n  \"process\": {\n    \"args\": [\n      "
		"\"/bin/sh\"\n    ],\n"
		"    \"capabilities\": {\n      \"ambient\": [],\n      \"bounding\": [\n"
		"        \"CAP_CHOWN\",\n        \"CAP_BPF\"\n      ],\n      \"effective\": [],\n"
		"      \"inheritable\": [],\n      \"permitted\": []\n    },\n    \"cwd\": \"/\",\n"
		"    \"noNewPrivileges\": false,\n    \"terminal\": false,\n    \"user\": {\n"
		"      \"additionalGids\": [\n        7,\n        3\n      ],\n      \"gid\": 0,\n"
		"      \"uid\": 0\n    }\n  },\n  \"root\": {\n    \"readonly\": false\n  }\n}\n";
	struct spec s;
	char *out;

	(void)state;
	parse(text, &s);
	out = print(&s);
	assert_string_equal(out, wanted);
	free(out);
	spec_free(&s);
}

/* 340 lines are the kernel's limit. */
static void takes_340_lines_of_a_map(void **state)
{
	(void)state;
	for (int n = 340; n <= 341; n++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		struct error e;
		struct spec s;

		fputs("{\"ociVersion\":\"1.0.2\",\"linux\":{\"namespaces\":[{\"type\":\"user\"}],"
		      "\"gidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}],"
		      "\"uidMappings\":[",
			out);
		for (int i = 0; i < n; i++)
			fprintf(out, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}",
				i ? "," : "", i, i);
		fputs("]}}", out);
		fclose(out);
		error_clear(&e);
		assert_int_equal(spec_parse("t", text, len, &s, &e), n == 340 ? 0 : -1);
		assert_string_equal(e.message,
			n == 340 ? "" : "t: linux.uidMappings: must have 340 elements at most");
		spec_free(&s);
		free(text);
	}
}

static void finds_mount_options(void **state)
{
	const struct mount_option *o;

	(void)state;
	o = mount_option_find("tmpfs", "mode=755");
	assert_non_null(o);
	assert_string_equal(o->name, "mode=");
	assert_true(mount_option_valid(o, "mode=755"));
	assert_true(mount_option_valid(o, "mode=1777"));
	assert_false(mount_option_valid(o, "mode=17777"));
	assert_false(mount_option_valid(o, "mode="));
	assert_null(mount_option_find("tmpfs", "mode"));
	assert_null(mount_option_find("proc", "mode=755"));
	assert_null(mount_option_find("proc", "ro=1"));
	assert_null(mount_option_find("proc", ""));
	o = mount_option_find("tmpfs", "size=1");
	assert_true(mount_option_valid(o, "size=50%"));
	assert_true(mount_option_valid(o, "size=65536k"));
	assert_false(mount_option_valid(o, "size=1kk"));
	assert_false(mount_option_valid(o, "size=99999999999999999999"));
	o = mount_option_find("bind", "rbind");
	assert_int_equal(o->class, OPTION_BIND);
	/* Whoever sets the access time clears all of it first (mount_setattr(2)). */
	o = mount_option_find("proc", "noatime");
	assert_int_equal(o->set, 0x10);
	assert_int_equal(o->clear, 0x70);
}

/* libcap, which the table was not taken from, has the same numbers. */
static void names_capabilities_and_limits(void **state)
{
	(void)state;
	for (int i = 0; i < CAPABILITY_COUNT; i++) {
		cap_value_t number;

		assert_int_equal(cap_from_name(capability_names[i], &number), 0);
		assert_int_equal(number, i);
		assert_int_equal(capability_find(capability_names[i]), i);
	}
	assert_int_equal(capability_find("CAP_"), -1);
	assert_int_equal(RLIMIT_COUNT, RLIM_NLIMITS);
	assert_int_equal(rlimit_find("RLIMIT_NOFILE"), RLIMIT_NOFILE);
	assert_int_equal(rlimit_find("RLIMIT_RTTIME"), RLIMIT_RTTIME);
	assert_int_equal(rlimit_find("NOFILE"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_in_defaults),
		cmocka_unit_test(keeps_what_it_reads),
		cmocka_unit_test(normalises_the_examples),
		cmocka_unit_test(prints_every_field),
		cmocka_unit_test(takes_340_lines_of_a_map),
		cmocka_unit_test(finds_mount_options),
		cmocka_unit_test(names_capabilities_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
