/* test_mounts.c: the stage "mounts" where all goes well: what the container sees is what is asked.
 */
#include "mounts_scene.h"

#include <dirent.h>
#include <sys/sysmacros.h>

static void tell_file(const char *path)
{
	char content[64];
	struct stat st;

	if (lstat(path, &st) < 0) {
		printf("%s %s\n", path, strerrorname_np(errno));
	} else if (S_ISCHR(st.st_mode)) {
		printf("%s char %u:%u %04o\n", path, major(st.st_rdev), minor(st.st_rdev),
			st.st_mode & 07777);
	} else if (S_ISLNK(st.st_mode)) {
		content[readlink(path, content, sizeof(content) - 1)] = '\0';
		printf("%s -> %s\n", path, content);
	} else if (S_ISREG(st.st_mode)) {
		read_path(path, content, sizeof(content));
		printf("%s \"%s\"\n", path, content);
	} else {
		printf("%s dir %04o\n", path, st.st_mode & 07777);
	}
}

/* What writing there gives: 0 or an errno. */
static void tell_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	printf("write %s %s\n", path,
		fd >= 0 && write(fd, "", 1) == 1 ? "ok" : strerrorname_np(errno));
	close(fd);
}

static void tell_mkdir(const char *path)
{
	printf("mkdir %s %s\n", path, mkdir(path, 0755) == 0 ? "ok" : strerrorname_np(errno));
}

static void tell_cwd(void)
{
	char cwd[PATH_MAX];
	mode_t mask = umask(0);

	printf("cwd %s umask %04o\n", getcwd(cwd, sizeof(cwd)) ? cwd : strerrorname_np(errno),
		mask);
}

/* --- the whole --- */

static const struct spec_mount usual_mounts[] = {
	PROC,
	MOUNT("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
	MOUNT("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666",
		"mode=0620"),
	MOUNT("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
	MOUNT("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
	MOUNT("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
	MOUNT("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777", "size=16m"),
};

static const struct strings usual_masked = LIST("/proc/keys", "/proc/timer_list",
	"/proc/no/such/file", "/sys/firmware", "/sys/kernel/debug", "/etc/missing");
static const struct strings usual_readonly = LIST("/proc/sys", "/proc/no-such", "/proc/bus");

static void usual_scene(void)
{
	memcpy(scene.mounts, usual_mounts, sizeof(usual_mounts));
	scene.spec.masked_paths = usual_masked;
	scene.spec.readonly_paths = usual_readonly;
}

static void usual_probe(void)
{
	static const char *const files[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr",
		"/dev/ptmx", "/dev/pts/ptmx", "/proc/keys"};

	tell_mounts();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tell_file(files[i]);
	tell_write("/proc/sys/kernel/domainname");
	tell_write("/dev/null");
	tell_mkdir("/sys/firmware/x");
	tell_mkdir("/tmp/x");
	tell_cwd();
	printf("pid %d\n", getpid());
}

static void expect_usual(void)
{
	static const char *const lines[] = {
		"mount /dev/pts rw,nosuid,noexec,relatime devpts devpts "
		"rw,mode=620,ptmxmode=666",
		"mount /dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue mqueue rw",
		"mount /sys ro,nosuid,nodev,noexec,relatime sysfs sysfs rw",
		"mount /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime cgroup2 cgroup rw",
		"mount /proc/bus ro,relatime proc proc rw",
		"mount /proc/sys ro,relatime proc proc rw", "mount /proc rw,relatime proc proc rw",
		"/dev/null char 1:3 0666", "/dev/zero char 1:5 0666", "/dev/full char 1:7 0666",
		"/dev/random char 1:8 0666", "/dev/urandom char 1:9 0666", "/dev/tty char 5:0 0666",
		"/dev/fd -> /proc/self/fd", "/dev/stdin -> /proc/self/fd/0",
		"/dev/stdout -> /proc/self/fd/1", "/dev/stderr -> /proc/self/fd/2",
		"/dev/ptmx -> pts/ptmx", "/dev/pts/ptmx char 5:2 0666", "/proc/keys char 1:3 0666",
		"write /dev/null ok", "mkdir /sys/firmware/x EROFS", "mkdir /tmp/x ok",
		"cwd / umask 0022", "pid 1"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect_line(lines[i]);
	/* An ordinary user is refused before that: the file belongs to the root outside. */
	expect_line(geteuid() == 0 ? "write /proc/sys/kernel/domainname EROFS"
				   : "write /proc/sys/kernel/domainname EACCES");
	assert_null(strstr(scene.output, "host's mounts"));
	assert_null(strstr(scene.output, "leaked"));
	assert_null(strstr(scene.output, "error"));
	assert_null(strstr(scene.output, " shared"));
	assert_null(strstr(scene.output, " slave"));
}

static void test_usual(void **state)
{
	(void)state;
	usual_scene();
	scene.probe = usual_probe;
	scene_play();
	expect_usual();
	if (geteuid() != 0)
		return;
	expect_line("mount /dev rw,nosuid tmpfs tmpfs rw,size=65536k,mode=755");
	expect_line("mount /dev/shm rw,nosuid,nodev,noexec,relatime tmpfs shm rw,size=65536k");
	expect_line("mount /tmp rw,nosuid,nodev,relatime tmpfs tmpfs rw,size=16384k");
	expect_line("mount /sys/firmware ro,relatime tmpfs tmpfs rw");
}

/* No mknod there: the devices are the host's, mounted one by one. */
static void test_user_namespace(void **state)
{
	(void)state;
	usual_scene();
	scene.user = true;
	scene.probe = usual_probe;
	scene_play();
	expect_usual();
	assert_non_null(strstr(scene.output, "mount /dev/null "));
	assert_non_null(strstr(scene.output, "mount /dev/tty "));
}

static void test_no_pivot(void **state)
{
	(void)state;
	usual_scene();
	scene.no_pivot = true;
	scene.probe = usual_probe;
	scene_play();
	expect_usual();
}

/* --- targets --- */

static void targets_probe(void)
{
	tell_file("/new/deep/file");
	tell_file("/new/deep/dir/seen");
	tell_cwd();
}

static void test_missing_targets_are_made(void **state)
{
	static char dir[PATH_MAX], file[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", scene.host);
	snprintf(file, sizeof(file), "%s", path_of("%s/seen", scene.host));
	make_file(file, "content");
	scene.mounts[0] = (struct spec_mount)MOUNT("/new/deep/dir", "bind", dir, "bind");
	scene.mounts[1] = (struct spec_mount)MOUNT("/new/deep/file", "bind", file, "bind");
	scene.spec.process.cwd = (char[]){"/srv/here"};
	scene.spec.root.readonly = true;
	scene.probe = targets_probe;
	expect_only("/new/deep/file \"content\"\n"
		    "/new/deep/dir/seen \"content\"\n"
		    "cwd /srv/here umask 0022\n");
	assert_string_equal(kind_of(path_of("%s/new", scene.rootfs)), "dir 0755");
	assert_string_equal(kind_of(path_of("%s/new/deep/dir", scene.rootfs)), "dir 0755");
	assert_string_equal(kind_of(path_of("%s/new/deep/file", scene.rootfs)), "file 0644");
	assert_string_equal(kind_of(path_of("%s/srv/here", scene.rootfs)), "dir 0755");
}

/* --- read-only --- */

static void readonly_probe(void)
{
	tell_write("/ro/seen");
	tell_write("/rw/seen");
	tell_mkdir("/new");
	tell_mkdir("/run/x");
	tell_mkdir("/run/lock/x");
	tell_mounts();
}

static void test_readonly(void **state)
{
	static char dir[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", scene.host);
	make_file(path_of("%s/seen", scene.host), "");
	scene.mounts[0] = (struct spec_mount)PROC;
	scene.mounts[1] =
		(struct spec_mount)MOUNT("/ro", "bind", dir, "rbind", "ro", "nosuid", "noexec");
	scene.mounts[2] = (struct spec_mount)MOUNT("/rw", "bind", dir, "bind");
	scene.mounts[3] = (struct spec_mount)MOUNT("/run", "tmpfs", "tmpfs", "ro", "mode=700");
	scene.mounts[4] = (struct spec_mount)MOUNT("/run/lock", "tmpfs", "tmpfs", "noatime");
	scene.spec.root.readonly = true;
	scene.probe = readonly_probe;
	scene_play();
	expect_line("write /ro/seen EROFS");
	expect_line("write /rw/seen ok");
	expect_line("mkdir /new EROFS");
	expect_line("mkdir /run/x EROFS");
	expect_line("mkdir /run/lock/x ok");
	assert_non_null(strstr(scene.output, "mount /ro ro,nosuid,noexec,"));
	assert_non_null(strstr(scene.output, "mount /rw rw,"));
	assert_non_null(strstr(scene.output, "mount /run ro,relatime tmpfs tmpfs rw,mode=700"));
	assert_non_null(strstr(scene.output, "mount /run/lock rw,noatime tmpfs tmpfs rw"));
	assert_null(strstr(scene.output, "changed"));
}

static void modes_probe(void)
{
	tell_file("/etc");
	tell_file("/made");
	tell_file("/etc/inner");
}

/* A tmpfs without mode= takes over the mode of what it covers, also inside an earlier mount. */
static void test_tmpfs_mode(void **state)
{
	static char dir[PATH_MAX];

	(void)state;
	snprintf(dir, sizeof(dir), "%s", scene.host);
	assert_int_equal(chmod(path_of("%s/etc", scene.rootfs), 0751), 0);
	assert_int_equal(mkdir(path_of("%s/inner", scene.host), 0710), 0);
	scene.mounts[0] = (struct spec_mount)MOUNT("/etc", "tmpfs", "tmpfs", );
	scene.mounts[1] = (struct spec_mount)MOUNT("/made", "tmpfs", "tmpfs", );
	scene.mounts[2] = (struct spec_mount)MOUNT("/etc", "bind", dir, "bind");
	scene.mounts[3] = (struct spec_mount)MOUNT("/etc/inner", "tmpfs", "tmpfs", );
	scene.probe = modes_probe;
	expect_only("/etc dir 0755\n/made dir 1777\n/etc/inner dir 0710\n");
	/* Without the bind, and with /made there since the first time. */
	scene.mounts[2].destination = NULL;
	scene.spec.mounts_n = 0;
	expect_only("/etc dir 0751\n/made dir 0755\n/etc/inner ENOENT\n");
}

static void propagation_probe(void)
{
	tell_mounts();
}

static void test_propagation(void **state)
{
	(void)state;
	scene.mounts[0] = (struct spec_mount)PROC;
	scene.mounts[1] = (struct spec_mount)MOUNT("/a", "tmpfs", "tmpfs", "shared", "mode=755");
	scene.mounts[2] = (struct spec_mount)MOUNT("/b", "tmpfs", "tmpfs", "rprivate", "mode=755");
	scene.probe = propagation_probe;
	scene_play();
	assert_non_null(strstr(scene.output, "mount /a "));
	assert_non_null(strstr(strstr(scene.output, "mount /a "), " shared"));
	assert_null(strstr(strstr(scene.output, "mount /b "), " shared"));
	assert_null(strstr(scene.output, "changed"));
}

/* --- without a mount namespace of its own --- */

static void chroot_probe(void)
{
	tell_file("/only-here");
	tell_file("/tmp/test_mounts.XXXXXX");
	tell_cwd();
}

static void test_chroot(void **state)
{
	(void)state;
	make_file(path_of("%s/only-here", scene.rootfs), "yes");
	scene.spec.namespaces[NS_MOUNT].wanted = false;
	scene.spec.process.cwd = (char[]){"/etc"};
	scene.probe = chroot_probe;
	expect_only("/only-here \"yes\"\n/tmp/test_mounts.XXXXXX ENOENT\ncwd /etc umask 0022\n");
}

static void joined_probe(void)
{
	struct stat here, there;

	printf("root %s\n", stat("/", &here) == 0 && stat(scene.rootfs, &there) == 0 &&
					    here.st_ino != there.st_ino
				    ? "as it was"
				    : "changed");
	tell_cwd();
}

static void test_joined(void **state)
{
	(void)state;
	scene.spec.namespaces[NS_MOUNT].path = (char[]){"/proc/self/ns/mnt"};
	scene.spec.process.cwd = (char[]){"/tmp"};
	scene.probe = joined_probe;
	expect_only("root as it was\ncwd /tmp umask 0022\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(test_usual),
		SCENE(test_user_namespace),
		SCENE(test_no_pivot),
		SCENE(test_missing_targets_are_made),
		SCENE(test_readonly),
		SCENE(test_tmpfs_mode),
		SCENE(test_propagation),
		SCENE(test_chroot),
		SCENE(test_joined),
	};

	can_mount = try_mounts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
