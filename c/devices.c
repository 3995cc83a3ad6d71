/* devices.c: default devices, see devices.h. go/devices.go has the same tables. */
#include "devices.h"

#include "events.h"
#include "mounts_syscalls.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Numbers: Documentation/admin-guide/devices.txt of the kernel. */
static const struct device {
	const char *name;
	unsigned int major, minor;
} devices[DEVICES_N] = {
	{"null", 1, 3},
	{"zero", 1, 5},
	{"full", 1, 7},
	{"random", 1, 8},
	{"urandom", 1, 9},
	{"tty", 5, 0},
};

static const struct link {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

int devices_clone(struct container *c, int index, struct error *e)
{
	const struct device *device = &devices[index];
	char path[32];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", device->name);
	events_call(c, "open_tree(\"%s\", OPEN_TREE_CLONE)", path);
	fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "opening the host's %s", path);
	/* Anything else in its place would be shown to, or written by, the container
	 * (CVE-2025-31133). */
	if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
		st.st_rdev == makedev(device->major, device->minor))
		return fd;
	close(fd);
	return error_say(e, "the host's %s is not the character device %u:%u", path, device->major,
		device->minor);
}

/* An empty file to mount the host's device on. */
static int device_stand_in(int dev, const char *name)
{
	int fd = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int device_create(struct container *c, int dev, int index, int *clone, struct error *e)
{
	const struct device *device = &devices[index];

	events_call(c, "mknodat(\"%s\", %u:%u)", device->name, device->major, device->minor);
	if (mknodat(dev, device->name, S_IFCHR | 0666, makedev(device->major, device->minor)) == 0)
		return 0;
	if (errno != EPERM)
		return error_sys(e, "making device /dev/%s", device->name);
	/* user_namespaces(7): no device nodes there. */
	*clone = devices_clone(c, index, e);
	if (*clone < 0)
		return -1;
	if (device_stand_in(dev, device->name) < 0)
		return error_sys(e, "making file /dev/%s", device->name);
	return 0;
}

/* runc makes /dev/core only where the kernel has /proc/kcore; a link that leads nowhere helps
 * nobody. */
static int devices_link(int dev, struct error *e)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			return error_sys(e, "making link /dev/%s", links[i].name);
	if (access("/proc/kcore", F_OK) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_sys(e, "looking for /proc/kcore");
	return symlinkat("/proc/kcore", dev, "core") < 0 ? error_sys(e, "making link /dev/core")
							 : 0;
}

int devices_create(struct container *c, int dev, int clones[DEVICES_N], struct error *e)
{
	mode_t mask = umask(0); /* 0666 means 0666 */
	int rc = 0;

	for (int i = 0; i < DEVICES_N && rc == 0; i++)
		rc = device_create(c, dev, i, &clones[i], e);
	umask(mask);
	return rc < 0 ? -1 : devices_link(dev, e);
}

/* The file was made by us in our own tmpfs: no name of the rootfs is followed (CVE-2025-52565). */
static int device_mount(struct container *c, int dev, const char *name, int mount, struct error *e)
{
	int target = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc;

	if (target < 0)
		return error_sys(e, "opening /dev/%s", name);
	events_call(c, "move_mount(\"/dev/%s\")", name);
	rc = sys_attach(mount, target);
	if (rc < 0)
		error_sys(e, "mounting /dev/%s", name);
	close(target);
	return rc;
}

int devices_attach(struct container *c, int dev, const int clones[DEVICES_N], struct error *e)
{
	for (size_t i = 0; i < DEVICES_N; i++)
		if (clones[i] >= 0 && device_mount(c, dev, devices[i].name, clones[i], e) < 0)
			return -1;
	return 0;
}

int devices_console(struct container *c, int dev, struct error *e)
{
	int mount, rc;

	events_call(c, "open_tree(\"/dev/console\", OPEN_TREE_CLONE)");
	mount = sys_clone_mount(c->console_fd, 0);
	if (mount < 0)
		return error_sys(e, "copying the terminal for /dev/console");
	rc = device_stand_in(dev, "console");
	if (rc < 0)
		error_sys(e, "making file /dev/console");
	else
		rc = device_mount(c, dev, "console", mount, e);
	close(mount);
	return rc;
}
