// The default devices and links of /dev (OCI runtime specification, config-linux.md, "Default
// Devices"; and "Dev symbolic links" in runtime-linux.md). c/devices.c has the same tables.

package gobox

import "syscall"

const (
	devicesN   = 6
	deviceNull = 0
)

// Numbers: Documentation/admin-guide/devices.txt of the kernel.
var devices = [devicesN]struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

var deviceLinks = [...]struct{ name, target string }{
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
}

// devicesClone gives a detached mount of one of the host's devices, by its index in devices.
// Only what really is that device (type and number) is taken. Call it before the root changes.
func devicesClone(c *Container, index int) (int, error) {
	device := &devices[index]
	path := "/dev/" + device.name

	eventsCall(c, "open_tree(\"%s\", OPEN_TREE_CLONE)", path)
	fd, err := openTree(atFdcwd, path, openTreeClone)
	if err != nil {
		return -1, errorSys(err, "opening the host's %s", path)
	}
	// Anything else in its place would be shown to, or written by, the container (CVE-2025-31133).
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFCHR &&
		uint64(st.Rdev) == makedev(device.major, device.minor) {
		return fd, nil
	}
	syscall.Close(fd)
	return -1, errorSay("the host's %s is not the character device %d:%d", path, device.major,
		device.minor)
}

// deviceStandIn makes an empty file to mount the host's device on.
func deviceStandIn(dev int, name string) error {
	fd, err := syscall.Openat(dev, name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|
		syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return syscall.Close(fd)
}

func deviceCreate(c *Container, dev, index int, clone *int) error {
	device := &devices[index]

	eventsCall(c, "mknodat(\"%s\", %d:%d)", device.name, device.major, device.minor)
	err := mknodat(dev, device.name, syscall.S_IFCHR|0o666, device.major, device.minor)
	if err == nil {
		return nil
	}
	if err != syscall.EPERM {
		return errorSys(err, "making device /dev/%s", device.name)
	}
	// user_namespaces(7): no device nodes there.
	if *clone, err = devicesClone(c, index); err != nil {
		return err
	}
	if err := deviceStandIn(dev, device.name); err != nil {
		return errorSys(err, "making file /dev/%s", device.name)
	}
	return nil
}

// devicesLink: runc makes /dev/core only where the kernel has /proc/kcore; a link that leads nowhere
// helps nobody.
func devicesLink(dev int) error {
	for _, link := range deviceLinks {
		if err := symlinkat(link.target, dev, link.name); err != nil {
			return errorSys(err, "making link /dev/%s", link.name)
		}
	}
	switch err := syscall.Access("/proc/kcore", 0); {
	case err == syscall.ENOENT || err == syscall.ENOTDIR:
		return nil
	case err != nil:
		return errorSys(err, "looking for /proc/kcore")
	}
	if err := symlinkat("/proc/kcore", dev, "core"); err != nil {
		return errorSys(err, "making link /dev/core")
	}
	return nil
}

// devicesCreate makes devices and links in the tmpfs dev, which is detached still: nobody else sees
// it yet. Where the kernel refuses mknod(2) (a user namespace), the host's devices are cloned into
// clones and empty files stand for them until devicesAttach.
func devicesCreate(c *Container, dev int, clones *[devicesN]int) error {
	mask := syscall.Umask(0) // 0666 means 0666
	var err error

	for i := 0; i < devicesN && err == nil; i++ {
		err = deviceCreate(c, dev, i, &clones[i])
	}
	syscall.Umask(mask)
	if err != nil {
		return err
	}
	return devicesLink(dev)
}

// deviceMount: the file was made by us in our own tmpfs: no name of the rootfs is followed
// (CVE-2025-52565).
func deviceMount(c *Container, dev int, name string, mount int) error {
	target, err := syscall.Openat(dev, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return errorSys(err, "opening /dev/%s", name)
	}
	defer syscall.Close(target)
	eventsCall(c, "move_mount(\"/dev/%s\")", name)
	if err := sysAttach(mount, target); err != nil {
		return errorSys(err, "mounting /dev/%s", name)
	}
	return nil
}

// devicesAttach mounts the clones over their files, once dev is attached; nothing where there are
// none.
func devicesAttach(c *Container, dev int, clones *[devicesN]int) error {
	for i := range devices {
		if clones[i] < 0 {
			continue
		}
		if err := deviceMount(c, dev, devices[i].name, clones[i]); err != nil {
			return err
		}
	}
	return nil
}

// devicesConsole mounts the container's terminal (c.ConsoleFD, of its own devpts, which is attached
// already) on dev's "console", as runc and crun have it.
func devicesConsole(c *Container, dev int) error {
	eventsCall(c, "open_tree(\"/dev/console\", OPEN_TREE_CLONE)")
	mount, err := sysCloneMount(c.ConsoleFD, 0)
	if err != nil {
		return errorSys(err, "copying the terminal for /dev/console")
	}
	defer syscall.Close(mount)
	if err := deviceStandIn(dev, "console"); err != nil {
		return errorSys(err, "making file /dev/console")
	}
	return deviceMount(c, dev, "console", mount)
}
