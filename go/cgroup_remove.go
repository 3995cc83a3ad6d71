// The way back of cgroup.go, for the cleanup stage and for gc.
//
// The container may have filled its cgroup with processes and nested cgroups, and may still be
// doing so; the parents are shared with containers that begin at this moment.

package gobox

import (
	"encoding/binary"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const (
	removeTimeout = 10 * time.Second       // until the processes have to be gone
	eventsAgain   = 100 * time.Millisecond // nothing tells that a cgroup was removed meanwhile

	pollPri = 0x2 // POLLPRI, asm-generic/poll.h
	dtDir   = 4   // DT_DIR, readdir(3)
)

// openParent opens the cgroup that holds the last name of path, which may be root itself:
// cgroupCloseBelow. It gives that name too.
func openParent(root int, path string) (dir int, name string, err error) {
	dir = root
	name, rest := cgroupNextName(path)
	for err == nil && rest != "" {
		var next int
		next, err = syscall.Openat(dir, name, cgroupDirFlags, 0)
		cgroupCloseBelow(root, dir)
		dir = next
		name, rest = cgroupNextName(rest)
	}
	return dir, name, err
}

// isOurs is true when the cgroup at dir is one that a runtime of ours has made.
func isOurs(dir int, path string) (bool, error) {
	if path == cgroupParent {
		return true, nil
	}
	name, _ := syscall.BytePtrFromString(cgroupMark)
	_, _, errno := syscall.Syscall6(syscall.SYS_FGETXATTR, uintptr(dir),
		uintptr(unsafe.Pointer(name)), 0, 0, 0, 0)
	if errno == syscall.ENODATA || errno == syscall.EOPNOTSUPP {
		return false, nil
	}
	return errno == 0, errnoError(errno)
}

// removeParent removes one parent. False when it stays: it is in use, or it was there before us.
func removeParent(dir int, name, path string) (bool, error) {
	fd, err := syscall.Openat(dir, name, cgroupDirFlags, 0)
	if err != nil {
		return true, err
	}
	ours, err := isOurs(fd, path)
	syscall.Close(fd)
	if !ours {
		return false, err
	}
	err = cgroupRmdir(dir, name)
	if err == syscall.EBUSY || err == syscall.ENOTEMPTY {
		return false, nil
	}
	return true, err
}

// cgroupRemoveParents removes the parents of path, the innermost first, as long as they are empty
// and ours. An error where that could not be done or learned.
func cgroupRemoveParents(root int, path string) error {
	parent := path
	for {
		parent = parent[:strings.LastIndexByte(parent, '/')]
		if parent == "" {
			return nil
		}
		removed := true
		dir, name, err := openParent(root, parent)
		if err == nil {
			removed, err = removeParent(dir, name, parent)
			cgroupCloseBelow(root, dir)
		}
		// Another container of the same parents was faster.
		if err != nil && !cgroupIsGone(err) || !removed {
			return err
		}
	}
}

// pollEvents waits until the kernel has changed the file at fd, or the time is over. poll(2) is
// missing on arm64: ppoll(2).
func pollEvents(fd int, left time.Duration) {
	events := struct {
		fd              int32
		events, revents int16
	}{int32(fd), pollPri, 0}
	timeout := syscall.NsecToTimespec(int64(left))
	syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&events)), 1,
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
}

// waitUntilEmpty waits until no process is left in the cgroup at dir and below it. The kernel
// tells by POLLPRI that cgroup.events has changed since it was read.
func waitUntilEmpty(dir int, path string, deadline time.Time) error {
	fd, err := syscall.Openat(dir, "cgroup.events", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if cgroupIsGone(err) {
		return nil
	}
	if err != nil {
		return errorSys(err, "opening cgroup.events of %s", path)
	}
	defer syscall.Close(fd)
	for {
		var text [256]byte
		n, err := syscall.Pread(fd, text[:], 0)
		left := time.Until(deadline)
		if err != nil && !cgroupIsGone(err) {
			return errorSys(err, "reading cgroup.events of %s", path)
		}
		if err != nil || !strings.Contains(string(text[:n]), "populated 1") {
			return nil
		}
		if left <= 0 {
			return errorHint(errorSay("cgroup %s still has processes after %d seconds", path,
				removeTimeout/time.Second),
				"a process that the kernel cannot end now (state D in ps) keeps it; "+
					"try again later")
		}
		pollEvents(fd, min(left, eventsAgain))
	}
}

// firstChild gives the first directory in dir: the name of a child cgroup, "" where there is none.
// The entries are struct linux_dirent64 of getdents64(2), which tells directories by their type.
func firstChild(dir int) string {
	fd, err := syscall.Openat(dir, ".", cgroupDirFlags, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.ReadDirent(fd, buffer)
		if err != nil || n <= 0 {
			return ""
		}
		for entry := buffer[:n]; len(entry) > 0; {
			size := binary.NativeEndian.Uint16(entry[16:])
			name, _, _ := strings.Cut(string(entry[19:size]), "\x00")
			if entry[18] == dtDir && name != "." && name != ".." {
				return name
			}
			entry = entry[size:]
		}
	}
}

// removeChildren removes every cgroup below top, the deepest first. A container that may write to
// its cgroup can nest them deeper than there are descriptors or stack, so this goes up by ".." and
// not by recursion.
func removeChildren(top int, path string, deadline time.Time) error {
	depth := 0
	dir, err := cgroupDup(top)
	for err == nil && time.Until(deadline) > 0 {
		child := firstChild(dir)
		if child == "" && depth == 0 {
			syscall.Close(dir)
			return nil
		}
		if child != "" {
			if err := cgroupRmdir(dir, child); err == nil || cgroupIsGone(err) {
				continue
			}
			depth++
		} else {
			child = ".."
			depth--
		}
		var next int
		next, err = syscall.Openat(dir, child, cgroupDirFlags, 0)
		syscall.Close(dir)
		dir = next
	}
	if err == nil {
		syscall.Close(dir)
		err = syscall.ETIMEDOUT
	}
	return errorSys(err, "removing the cgroups below %s", path)
}

// cgroupClaim: whose a cgroup is that holds processes or descendants. By its path alone it could be
// one that somebody made after the container's was gone.
type cgroupClaim struct {
	fd     int                  // the cgroup itself, where the caller has held it; else -1
	mayEnd func() (bool, error) // asked before anything in it is ended; nil: go on
}

// cgroupAnyone claims whatever has the path.
var cgroupAnyone = cgroupClaim{fd: -1}

// isSame is true where both are one cgroup; who is removed has no attributes any more (ENODEV).
func isSame(held, dir int) bool {
	var one, two syscall.Stat_t
	return syscall.Fstat(held, &one) == nil && syscall.Fstat(dir, &two) == nil &&
		one.Dev == two.Dev && one.Ino == two.Ino
}

func claimed(claim cgroupClaim, dir int) (bool, error) {
	if claim.fd >= 0 && !isSame(claim.fd, dir) {
		return false, nil
	}
	if claim.mayEnd == nil {
		return true, nil
	}
	return claim.mayEnd()
}

// makeEmpty ends all processes, frozen ones too, and removes all descendants of the cgroup at dir.
func makeEmpty(dir int, path string, deadline time.Time) error {
	// A container that made its cgroup threaded cannot be killed so: it dies with its init.
	err := smallFileWrite(dir, "cgroup.kill", "1")
	if err != nil && !cgroupIsGone(err) && err != syscall.EOPNOTSUPP {
		return errorSys(err, "writing 1 to cgroup.kill of %s", path)
	}
	if err := waitUntilEmpty(dir, path, deadline); err != nil {
		return err
	}
	return removeChildren(dir, path, deadline)
}

// emptyLeaf: false where the cgroup is not the caller's, or gone.
func emptyLeaf(parent int, name, path string, claim cgroupClaim, deadline time.Time) (bool, error) {
	dir, err := syscall.Openat(parent, name, cgroupDirFlags, 0)
	if cgroupIsGone(err) {
		return false, nil
	}
	if err != nil {
		return false, errorSys(err, "opening cgroup %s", path)
	}
	defer syscall.Close(dir)
	mine, err := claimed(claim, dir)
	if mine && err == nil {
		err = makeEmpty(dir, path, deadline)
	}
	return mine, err
}

// removeLeaf: most often the cgroup is empty by now and goes at the first try. ENOTDIR: a file of
// the cgroup file system has that name, so there never was such a cgroup.
func removeLeaf(parent int, name, path string, claim cgroupClaim) error {
	deadline := time.Now().Add(removeTimeout)
	for {
		err := cgroupRmdir(parent, name)
		if err == nil || cgroupIsGone(err) || err == syscall.ENOTDIR {
			return nil
		}
		if err != syscall.EBUSY || time.Until(deadline) <= 0 {
			return errorSys(err, "removing cgroup %s", path)
		}
		mine, err := emptyLeaf(parent, name, path, claim, deadline)
		if !mine || err != nil {
			return err
		}
	}
}

// cgroupRemove ends every process in the cgroup at path (below cgroupRoot; cgroup.kill), waits
// until it is empty (cgroup.events, 10 seconds at most), removes it with its descendants, then
// each parent that is empty and that a runtime of ours has made. A cgroup that is gone already, or
// that the claim does not hold for, is no error.
func cgroupRemove(path string, claim cgroupClaim) error {
	if err := cgroupCheckPath(path); err != nil {
		return err
	}
	root, err := cgroupOpenRoot()
	if err != nil {
		return err
	}
	defer syscall.Close(root)
	return cgroupRemoveIn(root, path, claim)
}

// cgroupRemoveIn is the same for who has cgroupRoot open.
func cgroupRemoveIn(root int, path string, claim cgroupClaim) error {
	if err := cgroupCheckPath(path); err != nil {
		return err
	}
	parent, name, err := openParent(root, path)
	if err == nil {
		err = removeLeaf(parent, name, path, claim)
		cgroupCloseBelow(root, parent)
	} else if cgroupIsGone(err) {
		err = nil
	} else {
		err = errorSys(err, "opening the parent of cgroup %s", path)
	}
	if err == nil {
		if err := cgroupRemoveParents(root, path); err != nil {
			return errorSys(err, "removing the parents of cgroup %s", path)
		}
	}
	return err
}
