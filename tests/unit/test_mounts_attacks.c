/*
 * test_mounts_attacks.c: the stage "mounts" against a rootfs that wants out, and against what is
 * missing or wrong: each ends inside the rootfs, or with the one message that go/mounts_test.go
 * expects too.
 */
#include "mounts_scene.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

static const char strict_hint[] =
	"hint: this must be an ordinary directory of the rootfs, not a symbolic link\n";

static void expect_error(const char *message, const char *hint)
{
	scene_play();
	assert_string_equal(scene.output, path_of("error: %s\n%s", message, hint));
}

/* CVE-2019-19921: /proc of the rootfs is a link to somewhere else. */
static void test_proc_is_a_link(void **state)
{
	(void)state;
	assert_int_equal(rmdir(path_of("%s/proc", scene.rootfs)), 0);
	make_link("/proc", "/etc");
	scene.mounts[0] = (struct spec_mount)PROC;
	expect_error("opening /proc in the rootfs: Too many levels of symbolic links (ELOOP)",
		strict_hint);
}

static void test_sys_below_a_link(void **state)
{
	(void)state;
	make_link("/kernel", "etc");
	scene.mounts[0] = (struct spec_mount)MOUNT("/kernel/sys", "sysfs", "sysfs", );
	expect_error("opening /kernel/sys in the rootfs: Too many levels of symbolic links (ELOOP)",
		strict_hint);
	assert_string_equal(kind_of(path_of("%s/etc/sys", scene.rootfs)), "none");
}

static void link_probe(void)
{
	char content[64];

	read_path("/etc/inner/seen", content, sizeof(content));
	printf("%s\n", content);
}

/* A link to /etc or up and out: the container's own /etc, never the host's. */
static void link_scene(const char *target)
{
	static char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", scene.host);
	make_file(path_of("%s/seen", scene.host), "inside");
	make_link("/way", target);
	scene.mounts[0] = (struct spec_mount)MOUNT("/way/inner", "bind", dir, "bind");
	scene.probe = link_probe;
	expect_only("inside\n");
	assert_string_equal(kind_of(path_of("%s/etc/inner", scene.rootfs)), "dir 0755");
	assert_string_equal(kind_of("/etc/inner"), "none");
}

static void test_absolute_link_stays_inside(void **state)
{
	(void)state;
	link_scene("/etc");
}

static void test_relative_link_stays_inside(void **state)
{
	(void)state;
	link_scene("../../../../../../../../../etc");
}

static void dev_probe(void)
{
	struct stat st;

	printf("%s\n", stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) ? "device" : "none");
}

/* /dev leads to the root: the tmpfs covers the rootfs' own root and nothing else. */
static void test_dev_is_a_link(void **state)
{
	(void)state;
	make_dir("/devices");
	make_link("/dev", "../../devices");
	scene.mounts[0] = (struct spec_mount)MOUNT("/dev", "tmpfs", "tmpfs", "mode=755");
	scene.probe = dev_probe;
	expect_only("device\n");
	assert_string_equal(kind_of(path_of("%s/devices/null", scene.rootfs)), "none");
}

static void test_dangling_link(void **state)
{
	(void)state;
	make_link("/run", "/nowhere");
	scene.mounts[0] = (struct spec_mount)MOUNT("/run/lock", "tmpfs", "tmpfs", );
	expect_error("opening /run/lock in the rootfs: File exists (EEXIST)",
		"hint: a symbolic link that leads nowhere is in the way\n");
}

/* CVE-2025-52881: a mount meant for /data lands on a file of proc. */
static void test_link_into_proc(void **state)
{
	(void)state;
	make_link("/data", "/proc");
	scene.mounts[0] = (struct spec_mount)PROC;
	scene.mounts[1] = (struct spec_mount)MOUNT("/data/tty", "tmpfs", "tmpfs", );
	expect_error("mounting on /data/tty: a symbolic link in the rootfs leads into /proc", "");
}

static void proc_probe(void)
{
	char content[8];

	read_path("/proc/tty/drivers", content, sizeof(content));
	printf("%s\n", content);
}

static void test_proc_by_its_name(void **state)
{
	(void)state;
	scene.mounts[0] = (struct spec_mount)PROC;
	scene.mounts[1] = (struct spec_mount)MOUNT("/proc/tty", "tmpfs", "tmpfs", );
	scene.probe = proc_probe;
	expect_only("ENOENT\n");
}

static void masked_probe(void)
{
	char content[64];

	read_path("/etc/secret", content, sizeof(content));
	printf("file \"%s\"\n", content);
	read_path("/etc/second", content, sizeof(content));
	printf("file \"%s\"\n", content);
	printf("directory %s\n", access("/etc/private/key", F_OK) == 0 ? "shows" : "empty");
}

/* Masked paths through links of the rootfs; and the rootfs' own /dev/null is not asked
 * (CVE-2025-31133). */
static void test_masked_through_links(void **state)
{
	(void)state;
	make_dir("/dev");
	make_dir("/etc/private");
	make_file(path_of("%s/dev/null", scene.rootfs), "not empty");
	make_file(path_of("%s/etc/secret", scene.rootfs), "secret");
	make_file(path_of("%s/etc/second", scene.rootfs), "secret");
	make_file(path_of("%s/etc/private/key", scene.rootfs), "secret");
	make_link("/way", "../../../etc/secret");
	scene.spec.masked_paths =
		(struct strings)LIST("/way", "/etc/second", "/etc/private", "/etc/second/not");
	scene.probe = masked_probe;
	expect_only("file \"\"\nfile \"\"\ndirectory empty\n");
}

/* The host's own /dev/null has been replaced by a file. */
static void replace_null(void)
{
	if (mount(path_of("%s/seen", scene.host), "/dev/null", NULL, MS_BIND, NULL) < 0)
		printf("cannot replace /dev/null\n");
}

static void test_null_of_the_host(void **state)
{
	(void)state;
	make_file(path_of("%s/seen", scene.host), "x");
	scene.before = replace_null;
	scene.spec.masked_paths = (struct strings)LIST("/etc");
	/* The bind in before() comes back to the shared host: that is what the stage must never do.
	 */
	scene_play();
	expect_line("error: the host's /dev/null is not the character device 1:3");
	expect_line("the host's mounts changed");
}

/* CVE-2024-21626: a descriptor of a host directory as working directory. */
static void keep_host_directory(void)
{
	int fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 77) < 0)
		printf("cannot open /tmp\n");
	close(fd);
}

static void test_cwd_by_descriptor(void **state)
{
	(void)state;
	scene.mounts[0] = (struct spec_mount)PROC;
	scene.before = keep_host_directory;
	scene.spec.process.cwd = (char[]){"/proc/self/fd/77"};
	expect_error("opening /proc/self/fd/77 in the rootfs: Too many levels of symbolic links "
		     "(ELOOP)",
		strict_hint);
}

/* The same where the root came with a joined mount namespace, so that nothing is resolved by us. */
static void join_rootfs(void)
{
	if (mkdir(path_of("%s/proc", scene.rootfs), 0755) < 0 && errno != EEXIST)
		printf("cannot make /proc\n");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("proc", path_of("%s/proc", scene.rootfs), "proc", 0, NULL) < 0)
		printf("cannot mount proc: %s\n", strerrorname_np(errno));
	keep_host_directory();
	if (chroot(scene.rootfs) < 0)
		printf("cannot change the root\n");
}

static void test_joined_cwd_outside(void **state)
{
	(void)state;
	scene.spec.namespaces[NS_MOUNT].path = (char[]){"/proc/self/ns/mnt"};
	scene.spec.process.cwd = (char[]){"/proc/self/fd/77"};
	scene.before = join_rootfs;
	expect_error("the working directory /proc/self/fd/77 is outside the rootfs", "");
}

static void test_joined_cwd_missing(void **state)
{
	(void)state;
	scene.spec.namespaces[NS_MOUNT].path = (char[]){"/proc/self/ns/mnt"};
	scene.spec.process.cwd = (char[]){"/no/such/directory"};
	expect_error("entering the working directory /no/such/directory: No such file or directory "
		     "(ENOENT)",
		"");
}

/* --- what is missing or wrong --- */

static void test_missing_rootfs(void **state)
{
	(void)state;
	strcat(scene.rootfs, "/none");
	scene_play();
	*strrchr(scene.rootfs, '/') = '\0';
	assert_string_equal(scene.output,
		path_of("error: opening rootfs %s/none: No such file or directory (ENOENT)\n"
			"hint: `make rootfs` makes build/rootfs\n",
			scene.rootfs));
}

static void test_rootfs_is_a_file(void **state)
{
	(void)state;
	make_file(path_of("%s/file", scene.rootfs), "");
	strcat(scene.rootfs, "/file");
	scene_play();
	*strrchr(scene.rootfs, '/') = '\0';
	assert_string_equal(
		scene.output, path_of("error: opening rootfs %s/file: Not a directory (ENOTDIR)\n",
				      scene.rootfs));
}

static void test_missing_source(void **state)
{
	(void)state;
	scene.mounts[0] = (struct spec_mount)MOUNT("/x", "bind", "/no/such/source", "bind");
	expect_error("binding /no/such/source: No such file or directory (ENOENT)", "");
	assert_string_equal(kind_of(path_of("%s/x", scene.rootfs)), "none");
}

static void test_kind_differs(void **state)
{
	static char dir[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", scene.host);
	make_file(path_of("%s/etc/passwd", scene.rootfs), "");
	scene.mounts[0] = (struct spec_mount)MOUNT("/etc/passwd", "bind", dir, "bind");
	expect_error("opening /etc/passwd in the rootfs: Not a directory (ENOTDIR)", "");
}

static void test_kind_differs_too(void **state)
{
	static char file[PATH_MAX];

	(void)state;
	make_file(path_of("%s/seen", scene.host), "");
	snprintf(file, sizeof(file), "%s", path_of("%s/seen", scene.host));
	scene.mounts[0] = (struct spec_mount)MOUNT("/etc", "bind", file, "bind");
	expect_error("mounting a file on /etc: Is a directory (EISDIR)", "");
}

/* The kernel tells in words what it does not like. */
static void test_kernel_explains(void **state)
{
	(void)state;
	scene.mounts[0] = (struct spec_mount)MOUNT("/x", "tmpfs", "tmpfs", "size=abc");
	scene_play();
	expect_line("error: setting size=abc of a new tmpfs: Invalid argument (EINVAL)");
	assert_non_null(strstr(scene.output, "hint: the kernel says: tmpfs: Bad value for 'size'"));
}

/* An older kernel, as a filter sees to it: mount_setattr is not there. */
static void forget_mount_setattr(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		printf("no filter: %s\n", strerrorname_np(errno));
}

static void test_old_kernel(void **state)
{
	(void)state;
	scene.before = forget_mount_setattr;
	expect_error("the kernel has no mount_setattr: Function not implemented (ENOSYS)",
		"hint: Linux 5.12 or newer is needed\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_proc_is_a_link),
		SCENE(test_sys_below_a_link),
		SCENE(test_absolute_link_stays_inside),
		SCENE(test_relative_link_stays_inside),
		SCENE(test_dev_is_a_link),
		SCENE(test_dangling_link),
		SCENE(test_link_into_proc),
		SCENE(test_proc_by_its_name),
		SCENE(test_masked_through_links),
		SCENE(test_null_of_the_host),
		SCENE(test_cwd_by_descriptor),
		SCENE(test_joined_cwd_outside),
		SCENE(test_joined_cwd_missing),
		SCENE(test_missing_rootfs),
		SCENE(test_rootfs_is_a_file),
		SCENE(test_missing_source),
		SCENE(test_kind_differs),
		SCENE(test_kind_differs_too),
		SCENE(test_kernel_explains),
		SCENE(test_old_kernel),
	};

	can_mount = try_mounts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
