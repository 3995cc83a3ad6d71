// What making and removing a cgroup share: the mount point and the names of a path. Used by
// cgroup.go and cgroup_remove.go only; c/cgroup_files.c is its twin.
//
// Every step goes from one directory descriptor to the next by a single name, never by a joined
// path: parents come and go with the containers of other runtimes, and a name cannot lead out.

package gobox

import (
	"strings"
	"syscall"
	"unsafe"
)

const (
	cgroupDirFlags = syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	cgroupParent   = "/twinbox"     // where a cgroup goes that the spec gives no path
	cgroupMark     = "user.twinbox" // xattr of a parent that we made and so may remove

	// Numbers that the syscall package does not have.
	cgroup2SuperMagic = 0x63677270 // linux/magic.h
	tmpfsMagic        = 0x01021994
	atRemovedir       = 0x200 // AT_REMOVEDIR, linux/fcntl.h
	nameMax           = 255   // NAME_MAX, linux/limits.h
	pathMax           = 4096  // PATH_MAX
)

// cgroupIsGone is true for the errno of a removed cgroup: its name is unknown, its open files are
// dead.
func cgroupIsGone(err error) bool {
	errno := errnoOf(err)
	return errno == syscall.ENOENT || errno == syscall.ENODEV
}

// cgroupOpenRoot gives a descriptor of cgroupRoot, which must be cgroup v2; the caller closes it.
// statfs(2) tells cgroup v2 from the tmpfs that holds the hierarchies of v1.
func cgroupOpenRoot() (int, error) {
	var fs syscall.Statfs_t
	fd, err := syscall.Open(cgroupRoot, cgroupDirFlags, 0)
	if err == nil {
		err = syscall.Fstatfs(fd, &fs)
	}
	if err == nil && fs.Type == cgroup2SuperMagic {
		return fd, nil
	}
	if err != nil {
		err = errorSys(err, "opening %s", cgroupRoot)
	} else {
		err = errorSay("%s is not a cgroup v2 file system", cgroupRoot)
	}
	if fs.Type == tmpfsMagic {
		errorHint(err, "this machine mounts cgroup v1 controllers; the lab (make lab) has "+
			"cgroup v2")
	} else if fs.Type != 0 || errnoOf(err) == syscall.ENOENT {
		// Any other error says nothing about what is mounted there.
		errorHint(err, "mount it with `mount -t cgroup2 none "+cgroupRoot+
			"`, or use the lab (make lab)")
	}
	if fd >= 0 {
		syscall.Close(fd)
	}
	return -1, err
}

// cgroupCloseBelow closes dir, which is root or was opened below it; root stays open.
func cgroupCloseBelow(root, dir int) {
	if dir >= 0 && dir != root {
		syscall.Close(dir)
	}
}

// cgroupCheckPath: state files and specs name cgroups; neither may name the root or anything
// outside it.
func cgroupCheckPath(path string) error {
	if !strings.HasPrefix(path, "/") {
		return errorSay("cgroup path %s: must begin with a slash", path)
	}
	for _, name := range strings.Split(path[1:], "/") {
		if len(name) > nameMax || strings.Trim(name, ".") == "" {
			return errorSay("cgroup path %s: every part must be a plain name", path)
		}
	}
	if len(path) >= pathMax {
		return errorSay("cgroup path is too long")
	}
	return nil
}

// cgroupNextName takes the first name off path, which is checked; "" at its end.
func cgroupNextName(path string) (name, rest string) {
	if path == "" {
		return "", ""
	}
	if n := strings.IndexByte(path[1:], '/'); n >= 0 {
		return path[1 : 1+n], path[1+n:]
	}
	return path[1:], ""
}

// cgroupRmdir is unlinkat(2) with AT_REMOVEDIR, which Go's Unlinkat cannot say.
func cgroupRmdir(dir int, name string) error {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir),
		uintptr(unsafe.Pointer(p)), atRemovedir); errno != 0 {
		return errno
	}
	return nil
}

// cgroupDup gives another descriptor for dir.
func cgroupDup(dir int) (int, error) {
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(dir), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
