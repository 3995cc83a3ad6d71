// Stage "mounts" (child): what the container sees as its files; c/mounts.c tells it line for line.
// The order is in newSteps at the end:
//
//	outside  mounts_prepare.go  everything is made, nothing is attached
//	         mountsEnter        the rootfs becomes "/", the host's tree is gone
//	inside   mountsAttach       each mount goes to its target, which rootfs.go finds
//	         mountsSeal         the root and tmpfs become read-only
//	         mounts_mask.go     read-only and masked paths
//
// Every thread of a Go process shares root, working directory and umask (clone(2), CLONE_FS), and
// all of them were started in the new mount namespace; so plain system calls do, from any thread.

package gobox

import (
	"strings"
	"syscall"
)

type mountsStep func(c *Container, m *mounts) error

// mountsCheckKernel: the newest call that is needed stands for all: with bad arguments it fails, but
// not so.
func mountsCheckKernel(c *Container, m *mounts) error {
	if err := sysSetattr(-1, 0, &mountAttr{}); err == syscall.ENOSYS {
		return errorHint(errorSys(err, "the kernel has no mount_setattr"),
			"Linux 5.12 or newer is needed")
	}
	return nil
}

// mountsPrivate: a new mount namespace is a copy whose mounts still propagate to their originals:
// what is mounted here would appear on the host (mount_namespaces(7)). Cloneflags with CLONE_NEWNS
// leaves it so; only Unshareflags makes it private, with the same call. Private and not slave:
// nothing that happens on the host shall appear in the container either.
func mountsPrivate(c *Container, m *mounts) error {
	eventsCall(c, "mount(NULL, \"/\", NULL, MS_REC|MS_PRIVATE, NULL)")
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err == nil {
		return nil
	}
	result := errorSys(err, "making the mount namespace private")
	// mount(2): EINVAL, a change of propagation asked for what is not a mount point.
	if err == syscall.EINVAL {
		errorHint(result, "/ is not a mount here, as in a chroot; before the chroot: mount --bind DIR DIR")
	}
	return result
}

// mountsConsole opens the container's terminal: from its own devpts, or else the host's while that
// can be reached.
func mountsConsole(c *Container, m *mounts) error {
	if !c.NewTerminal {
		return nil
	}
	return consoleOpen(c, m.devpts)
}

// mountsEnterChroot: no pivot_root(2): where "/" is the kernel's first rootfs, it refuses (EINVAL).
func mountsEnterChroot(c *Container) error {
	eventsCall(c, "chroot(\".\")")
	if err := syscall.Chroot("."); err != nil {
		return errorSys(err, "changing the root to %s", c.Rootfs)
	}
	return nil
}

// mountsEnterPivot: pivot_root(2), "pivot_root(".", ".")": old and new root stand on the same place for a
// moment and no directory for the old one is needed in the rootfs. Then "." is the old one, which
// goes.
func mountsEnterPivot(c *Container) error {
	eventsCall(c, "pivot_root(\".\", \".\")")
	if err := syscall.PivotRoot(".", "."); err != nil {
		result := errorSys(err, "changing the root to %s", c.Rootfs)
		if err == syscall.EINVAL {
			errorHint(result, "try --no-pivot")
		}
		return result
	}
	eventsCall(c, "umount2(\".\", MNT_DETACH)")
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return errorSys(err, "detaching the host's root")
	}
	return nil
}

// mountsEnter: the rootfs goes on top of "/", so that nothing ever is attached to a path below it,
// and becomes the root. With --no-pivot the host's tree stays mounted underneath, out of reach only
// as long as the container cannot leave a chroot(2): that is why it is not the default.
func mountsEnter(c *Container, m *mounts) error {
	eventsCall(c, "move_mount(\"%s\", \"/\")", c.Rootfs)
	if err := moveMount(m.root, atFdcwd, "/", moveMountFromEmpty); err != nil {
		return errorSys(err, "mounting the rootfs %s", c.Rootfs)
	}
	if err := syscall.Fchdir(m.root); err != nil {
		return errorSys(err, "entering the rootfs %s", c.Rootfs)
	}
	if c.NoPivot {
		eventsFact(c, "enter", "chroot")
		return mountsEnterChroot(c)
	}
	eventsFact(c, "enter", "pivot_root")
	return mountsEnterPivot(c)
}

// mountsTarget opens, and makes where it is missing, what a mount goes on. proc and sysfs only go on a
// directory that is really there: a rootfs whose /proc is a link would have everything that trusts
// /proc look at a file of its choice (CVE-2019-19921, CVE-2019-16884). For the same reason no other
// mount follows a link into proc (CVE-2025-52881): only a destination that says so may be there.
func mountsTarget(m *mounts, entry *mountEntry) (int, error) {
	destination := entry.spec.Destination
	resolve := uint64(resolveBelow)
	if entry.spec.Type == "proc" || entry.spec.Type == "sysfs" {
		resolve |= resolveNoSymlinks
	}
	target, err := rootfsMake(m.root, destination, entry.isDir, resolve)
	if err != nil {
		return -1, err
	}
	var fs syscall.Statfs_t
	var st syscall.Stat_t
	// A directory was opened as one; for a file anything may be there.
	if err = syscall.Fstatfs(target, &fs); err == nil && !entry.isDir {
		err = syscall.Fstat(target, &st)
	}
	if err != nil {
		err = errorSys(err, "reading the file system of %s", destination)
	} else if !entry.isDir && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		err = errorSys(syscall.EISDIR, "mounting a file on %s", destination)
	} else if fs.Type == procSuperMagic && !strings.HasPrefix(destination, "/proc/") {
		err = errorSay("mounting on %s: a symbolic link in the rootfs leads into /proc",
			destination)
	} else {
		return target, nil
	}
	syscall.Close(target)
	return -1, err
}

func mountsAttachOne(c *Container, m *mounts, entry *mountEntry) error {
	destination := entry.spec.Destination
	target, err := mountsTarget(m, entry)

	if err != nil {
		return err
	}
	eventsCall(c, "move_mount(\"%s\")", destination)
	err = sysAttach(entry.fd, target)
	syscall.Close(target)
	if err != nil {
		return errorSys(err, "mounting %s on %s", entry.spec.Type, destination)
	}
	if entry == m.dev {
		return devicesAttach(c, entry.fd, &m.deviceFDs)
	}
	return nil
}

func mountsAttach(c *Container, m *mounts) error {
	for i := range m.entries {
		if err := mountsAttachOne(c, m, &m.entries[i]); err != nil {
			return err
		}
	}
	eventsFact(c, "mounts", "%d", len(m.entries))
	if c.NewTerminal && m.dev != nil && m.devpts >= 0 {
		return devicesConsole(c, m.dev.fd)
	}
	return nil
}

// mountsMakeCwd: runc and crun make a working directory that is missing; so do we, while the root can
// be written.
func mountsMakeCwd(c *Container, m *mounts) error {
	if c.Spec.Process.Cwd == "/" {
		return nil
	}
	fd, err := rootfsMake(m.root, c.Spec.Process.Cwd, true, resolveBelow)
	if err != nil {
		return err
	}
	syscall.Close(fd)
	return nil
}

// mountsSeal: read-only comes last: until here a directory for a mount may have had to be made.
func mountsSeal(c *Container, m *mounts) error {
	readonly := mountAttr{set: mountAttrRdonly}

	for i := range m.entries {
		destination := m.entries[i].spec.Destination
		if !m.entries[i].seal {
			continue
		}
		eventsCall(c, "mount_setattr(\"%s\", MOUNT_ATTR_RDONLY)", destination)
		if err := sysSetattr(m.entries[i].fd, 0, &readonly); err != nil {
			return errorSys(err, "making %s read-only", destination)
		}
	}
	if !c.Spec.Root.Readonly {
		return nil
	}
	eventsCall(c, "mount_setattr(\"/\", MOUNT_ATTR_RDONLY)")
	if err := sysSetattr(m.root, 0, &readonly); err != nil {
		return errorSys(err, "making / read-only")
	}
	return nil
}

// mountsChroot: without a mount namespace of its own the container shares the host's mounts below the
// rootfs.
func mountsChroot(c *Container, m *mounts) error {
	var err error

	if m.root, err = syscall.Open(c.Rootfs, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0); err != nil {
		return errorSys(err, "opening rootfs %s", c.Rootfs)
	}
	if err := syscall.Fchdir(m.root); err != nil {
		return errorSys(err, "entering the rootfs %s", c.Rootfs)
	}
	eventsFact(c, "root", "%s", c.Rootfs)
	eventsFact(c, "enter", "chroot")
	return mountsEnterChroot(c)
}

// mountsCwd: the kernel marks a directory outside the root with "(unreachable)" in front, getcwd(2);
// a container that begins there walks out to the host by ".." (CVE-2024-21626).
func mountsCwd(c *Container, m *mounts) error {
	cwd := c.Spec.Process.Cwd

	eventsCall(c, "chdir(\"%s\")", cwd)
	if err := syscall.Chdir(cwd); err != nil {
		return errorSys(err, "entering the working directory %s", cwd)
	}
	actual, err := getcwd()
	if err != nil {
		return errorSys(err, "checking the working directory %s", cwd)
	}
	if actual[0] != '/' {
		return errorSay("the working directory %s is outside the rootfs", cwd)
	}
	return nil
}

// mountsDevpts (exec): the devpts of a mount namespace that is at work already, found anew: what was
// seen from outside may have been replaced meanwhile (CVE-2025-52565).
func mountsDevpts(c *Container, m *mounts) error {
	if !c.NewTerminal || !c.Enters || c.ConsoleFD >= 0 {
		return nil
	}
	root, err := syscall.Open("/", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err == nil {
		m.root = consoleFindDevpts(root)
		m.devpts = m.root
		syscall.Close(root)
	}
	if m.devpts < 0 {
		return errorSay("the container's /dev/pts is no devpts")
	}
	return nil
}

// A mount namespace of its own.
var newSteps = []mountsStep{
	mountsCheckKernel, mountsPrivate,
	mountsPrepareRoot, mountsPrepare,
	maskPrepare, mountsConsole,
	mountsEnter, // from here on the host's files are gone
	mountsAttach, mountsMakeCwd,
	mountsSeal, maskReadonlyPaths,
	maskPaths, mountsCwd,
}

// The caller's mount namespace: nothing is mounted, the host would see it.
var sameSteps = []mountsStep{
	mountsCheckKernel, mountsConsole, mountsChroot, mountsMakeCwd, mountsCwd,
}

// Somebody's mount namespace, joined by path: it came with its root.
var joinedSteps = []mountsStep{mountsDevpts, mountsConsole, mountsCwd}

// exec, where the container has none: its root is as the first process found it.
var sameAgainSteps = []mountsStep{mountsConsole, mountsChroot, mountsCwd}

func mountsSteps(c *Container) []mountsStep {
	if specMakes(c.Spec, nsMount) {
		return newSteps
	}
	if c.Spec.Namespaces[nsMount].Wanted {
		return joinedSteps
	}
	if c.Enters {
		return sameAgainSteps
	}
	return sameSteps
}

func closeIfOpen(fd int) {
	if fd >= 0 {
		syscall.Close(fd)
	}
}

func mountsClose(m *mounts) {
	for i := range m.entries {
		closeIfOpen(m.entries[i].fd)
	}
	for _, fd := range m.deviceFDs {
		closeIfOpen(fd)
	}
	closeIfOpen(m.root)
	closeIfOpen(m.nullFD)
	closeIfOpen(m.emptyFD)
}

// mountsSetup: private propagation, rootfs, spec mounts, /dev nodes, masked and read-only paths,
// working directory. With c.NewTerminal it also opens the container's terminal (consoleOpen).
// New mount namespace: pivot_root, or chroot with c.NoPivot. Without a mount namespace: chroot only.
// Joined mount namespace (path): that namespace's own root.
func mountsSetup(c *Container) error {
	m := mounts{root: -1, devpts: -1, nullFD: -1, emptyFD: -1}
	defer mountsClose(&m)

	for i := range m.deviceFDs {
		m.deviceFDs[i] = -1
	}
	for _, step := range mountsSteps(c) {
		if err := step(c, &m); err != nil {
			return err
		}
	}
	return nil
}
