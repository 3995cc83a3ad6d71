/*
 * test_privileges_user_namespace.c: privileges in a user namespace as an ordinary user makes it:
 * one id, no setgroups. go/privileges_test.go has the same tests.
 */
#include "privileges_scene.h"

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n < 0 ? -1 : 0;
}

static int enter_user_namespace(void)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	return write_text("/proc/self/setgroups", "deny") < 0 ||
			       write_text("/proc/self/uid_map", uids) < 0 ||
			       write_text("/proc/self/gid_map", gids) < 0
		       ? -1
		       : 0;
}

static void goes_on_where_setgroups_is_denied(void **state)
{
	(void)state;
	t.spec.namespaces[NS_USER].wanted = true;
	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true, .bounding = KILL, .permitted = KILL, .effective = KILL};
	run_stage(enter_user_namespace);
	assert_passed();
	assert_string_equal(line_of("Uid:"), "Uid: 0 0 0 0");
	assert_string_equal(line_of("CapEff:"), "CapEff: 0000000000000020");
	assert_string_equal(line_of("CapBnd:"), "CapBnd: 0000000000000020");
}

static void explains_groups_where_setgroups_is_denied(void **state)
{
	uint32_t group = 0;

	(void)state;
	t.spec.namespaces[NS_USER].wanted = true;
	t.spec.process.additional_gids = &group;
	t.spec.process.additional_gids_n = 1;
	run_stage(enter_user_namespace);
	assert_refused(EPERM, "setting 1 supplementary groups",
		"the user namespace of an ordinary user denies setgroups: leave "
		"process.user.additionalGids empty or run as root");
}

/* Without a user namespace in the spec nobody may keep the caller's groups. */
static void refuses_to_keep_groups_otherwise(void **state)
{
	(void)state;
	run_stage(enter_user_namespace);
	assert_refused(EPERM, "setting 0 supplementary groups", "");
}

static void explains_ids_that_are_not_mapped(void **state)
{
	static const char hint[] =
		"the id must be mapped in linux.uidMappings and linux.gidMappings";

	(void)state;
	t.spec.namespaces[NS_USER].wanted = true;
	t.spec.process.uid = 7;
	run_stage(enter_user_namespace);
	assert_refused(EINVAL, "becoming user 7", hint);
	t.spec.process.gid = 8;
	run_stage(enter_user_namespace);
	assert_refused(EINVAL, "becoming group 8", hint);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(goes_on_where_setgroups_is_denied),
		TEST(explains_groups_where_setgroups_is_denied),
		TEST(refuses_to_keep_groups_otherwise),
		TEST(explains_ids_that_are_not_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
