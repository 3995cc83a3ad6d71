/*
 * test_privileges.c: who the command is and what it may. go/privileges_test.go has the same
 * tests.
 */
#include "privileges_scene.h"

/* --- who --- */

static void becomes_another_user_with_capabilities(void **state)
{
	uint32_t groups[] = {5, 70000};

	(void)state;
	NEEDS_ROOT();
	t.spec.process.uid = 1000;
	t.spec.process.gid = 1001;
	t.spec.process.additional_gids = groups;
	t.spec.process.additional_gids_n = 2;
	t.spec.process.no_new_privileges = true;
	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true,
		.bounding = CHOWN | KILL | BIND,
		.permitted = CHOWN | KILL,
		.effective = CHOWN,
		.inheritable = CHOWN | KILL | BIND,
		.ambient = KILL,
	};
	run_stage(NULL);
	assert_passed();
	assert_string_equal(line_of("Uid:"), "Uid: 1000 1000 1000 1000");
	assert_string_equal(line_of("Gid:"), "Gid: 1001 1001 1001 1001");
	assert_string_equal(line_of("Groups:"), "Groups: 5 70000");
	assert_string_equal(line_of("CapBnd:"), "CapBnd: 0000000000000421");
	assert_string_equal(line_of("CapPrm:"), "CapPrm: 0000000000000021");
	assert_string_equal(line_of("CapEff:"), "CapEff: 0000000000000001");
	assert_string_equal(line_of("CapInh:"), "CapInh: 0000000000000421");
	assert_string_equal(line_of("CapAmb:"), "CapAmb: 0000000000000020");
	assert_string_equal(line_of("NoNewPrivs:"), "NoNewPrivs: 1");
	assert_string_equal(line_of("Umask:"), "Umask: 0022");
	assert_int_equal(t.report->death_signal, SIGKILL);
	assert_false(t.report->kept_open);
}

static int have_groups(void)
{
	const gid_t groups[] = {5, 6};

	return (int)syscall(SYS_setgroups, 2, groups);
}

static void root_keeps_what_is_listed(void **state)
{
	(void)state;
	NEEDS_ROOT();
	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true,
		.bounding = KILL | BIND,
		.permitted = KILL | BIND,
		.effective = KILL | BIND,
	};
	run_stage(have_groups);
	assert_passed();
	assert_string_equal(line_of("Uid:"), "Uid: 0 0 0 0");
	assert_string_equal(line_of("Groups:"), "Groups:");
	assert_string_equal(line_of("CapBnd:"), "CapBnd: 0000000000000420");
	assert_string_equal(line_of("CapPrm:"), "CapPrm: 0000000000000420");
	assert_string_equal(line_of("CapEff:"), "CapEff: 0000000000000420");
	assert_string_equal(line_of("CapInh:"), "CapInh: 0000000000000000");
	assert_string_equal(line_of("CapAmb:"), "CapAmb: 0000000000000000");
	assert_string_equal(line_of("NoNewPrivs:"), "NoNewPrivs: 0");
	assert_int_equal(t.report->death_signal, SIGKILL);
}

static void no_list_means_no_capability(void **state)
{
	static const char *const keys[] = {"CapBnd:", "CapPrm:", "CapEff:", "CapInh:", "CapAmb:"};

	(void)state;
	NEEDS_ROOT();
	run_stage(NULL);
	assert_passed();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_string_equal(strchr(line_of(keys[i]), ' '), " 0000000000000000");
}

/* --- what the runtime has not got itself --- */

/* Takes capabilities from the permitted and effective sets of this process. */
static int lose(uint64_t capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= ~(uint32_t)(capabilities >> 32 * i);
		data[i].effective &= data[i].permitted;
	}
	return (int)syscall(SYS_capset, &header, data);
}

static int lose_chown(void)
{
	return lose(CHOWN);
}

static int lose_sys_resource(void)
{
	return lose(BIT(CAP_SYS_RESOURCE));
}

static int lose_bounding_chown(void)
{
	return prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0);
}

/* As a caller that was itself started with ambient capabilities. */
static int have_ambient(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].inheritable = CHOWN | KILL;
	if (syscall(SYS_capset, &header, data) < 0)
		return -1;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
}

static void nothing_of_the_caller_passes(void **state)
{
	(void)state;
	NEEDS_ROOT();
	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true, .bounding = CHOWN, .permitted = CHOWN, .inheritable = CHOWN};
	run_stage(have_ambient);
	assert_passed();
	assert_string_equal(line_of("CapInh:"), "CapInh: 0000000000000001");
	assert_string_equal(line_of("CapAmb:"), "CapAmb: 0000000000000000");
	assert_string_equal(line_of("CapEff:"), "CapEff: 0000000000000000");
}

#define TAKE_IT_OUT "take it out of process.capabilities, or start the runtime with it"

static void names_the_capability_it_lacks(void **state)
{
	(void)state;
	NEEDS_ROOT();
	t.spec.process.capabilities =
		(struct spec_capabilities){.given = true, .bounding = CHOWN | KILL};
	run_stage(lose_bounding_chown);
	assert_refused(0, "the runtime itself has no CAP_CHOWN to give", TAKE_IT_OUT);

	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true, .bounding = CHOWN | KILL, .permitted = CHOWN | KILL};
	run_stage(lose_chown);
	assert_refused(0, "the runtime itself has no CAP_CHOWN to give", TAKE_IT_OUT);

	t.spec.process.capabilities =
		(struct spec_capabilities){.given = true, .bounding = BIT(63)};
	run_stage(NULL);
	assert_refused(0, "the runtime itself has no capability 63 to give", TAKE_IT_OUT);
}

static void refuses_sets_that_do_not_fit(void **state)
{
	(void)state;
	NEEDS_ROOT();
	t.spec.process.capabilities = (struct spec_capabilities){
		.given = true, .bounding = CHOWN | KILL, .permitted = CHOWN, .effective = KILL};
	run_stage(NULL);
	assert_refused(EPERM, "setting the capabilities", "");
}

/* --- limits --- */

static void sets_limits_in_order(void **state)
{
	struct spec_rlimit rlimits[] = {
		{RLIMIT_NOFILE, 200, 300}, {RLIMIT_CORE, 0, 0},
		{RLIMIT_NOFILE, 100, 250}, /* the later row wins */
	};

	(void)state;
	NEEDS_ROOT();
	t.spec.process.rlimits = rlimits;
	t.spec.process.rlimits_n = 3;
	run_stage(NULL);
	assert_passed();
	assert_int_equal(t.report->nofile.rlim_cur, 100);
	assert_int_equal(t.report->nofile.rlim_max, 250);
	assert_int_equal(t.report->core.rlim_max, 0);
}

static int limit_nofile(void)
{
	const struct rlimit limit = {.rlim_cur = 50, .rlim_max = 60};

	return setrlimit(RLIMIT_NOFILE, &limit) < 0 || lose_sys_resource() < 0 ? -1 : 0;
}

static void leaves_other_limits_as_the_caller_had_them(void **state)
{
	(void)state;
	NEEDS_ROOT();
	run_stage(limit_nofile);
	assert_passed();
	assert_int_equal(t.report->nofile.rlim_cur, 50);
	assert_int_equal(t.report->nofile.rlim_max, 60);
}

static void explains_a_limit_it_may_not_raise(void **state)
{
	struct spec_rlimit rlimit = {RLIMIT_NOFILE, 55, 61};

	(void)state;
	NEEDS_ROOT();
	t.spec.process.rlimits = &rlimit;
	t.spec.process.rlimits_n = 1;
	run_stage(limit_nofile);
	assert_refused(EPERM, "setting RLIMIT_NOFILE to soft 55, hard 61",
		"raising a hard limit needs CAP_SYS_RESOURCE on the host, and RLIMIT_NOFILE may "
		"not exceed /proc/sys/fs/nr_open");
}

/* --- oom_score_adj, the parent's part --- */

static void adjusts_the_oom_score_of_the_child(void **state)
{
	char path[64], text[16];

	(void)state;
	t.c.pid = fork();
	assert_true(t.c.pid >= 0);
	if (t.c.pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", t.c.pid);
	t.spec.process.oom_score_adj = (struct spec_number){.given = false, .value = 900};
	assert_int_equal(privileges_adjust_oom(&t.c, &t.report->e), 0);
	read_into(path, text, sizeof(text));
	assert_string_not_equal(text, "900\n");
	t.spec.process.oom_score_adj = (struct spec_number){.given = true, .value = 901};
	assert_int_equal(privileges_adjust_oom(&t.c, &t.report->e), 0);
	read_into(path, text, sizeof(text));
	assert_string_equal(text, "901\n");
	kill(t.c.pid, SIGKILL);
	waitpid(t.c.pid, NULL, 0);
}

static void explains_a_score_it_may_not_lower(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && lose_sys_resource() < 0)
			_exit(2);
		t.c.pid = getpid();
		t.spec.process.oom_score_adj = (struct spec_number){.given = true, .value = -999};
		t.report->result = privileges_adjust_oom(&t.c, &t.report->e);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_refused(EACCES, "writing -999 to oom_score_adj",
		"a value below the runtime's own needs CAP_SYS_RESOURCE on the host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(becomes_another_user_with_capabilities),
		TEST(root_keeps_what_is_listed),
		TEST(no_list_means_no_capability),
		TEST(nothing_of_the_caller_passes),
		TEST(names_the_capability_it_lacks),
		TEST(refuses_sets_that_do_not_fit),
		TEST(sets_limits_in_order),
		TEST(leaves_other_limits_as_the_caller_had_them),
		TEST(explains_a_limit_it_may_not_raise),
		TEST(adjusts_the_oom_score_of_the_child),
		TEST(explains_a_score_it_may_not_lower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
