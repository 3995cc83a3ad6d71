// Undo what a killed runtime left, whichever of the two it was; c/gc.c has it in C. A container
// whose state file nobody locks has no runtime any more; what it still has on this machine is in
// that file, and only that is undone.

package gobox

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

const killWait = 10 * time.Second

const pollIn = 1 // POLLIN, poll(2)

// waitReadable is ppoll(2) of one descriptor for POLLIN; false after the time is over.
func waitReadable(fd int, wait time.Duration) (bool, error) {
	pollfd := struct {
		fd              int32
		events, revents int16
	}{int32(fd), pollIn, 0}
	until := time.Now().Add(wait)

	for {
		left := syscall.NsecToTimespec(max(0, int64(time.Until(until))))
		n, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&pollfd)), 1,
			uintptr(unsafe.Pointer(&left)), 0, 0, 0)
		if errno == 0 {
			return n > 0, nil
		}
		// The Go runtime sends signals to its own threads.
		if errno != syscall.EINTR {
			return false, errno
		}
	}
}

func pidfdSendSignal(pidfd int, signal syscall.Signal) syscall.Errno {
	_, _, errno := syscall.Syscall6(sysPidfdSendSignal, uintptr(pidfd), uintptr(signal), 0, 0, 0, 0)
	return errno
}

// gcKill kills the process behind pidfd (SIGKILL) and waits until it has ended, 10 seconds at most.
// No error where it has ended already.
func gcKill(pidfd int) error {
	// ESRCH: it has ended and was reaped.
	if errno := pidfdSendSignal(pidfd, syscall.SIGKILL); errno == syscall.ESRCH {
		return nil
	} else if errno != 0 {
		return errorSys(errno, "killing the container's first process")
	}
	ended, err := waitReadable(pidfd, killWait)
	if err != nil {
		return errorSys(err, "waiting for the container's first process")
	}
	if !ended {
		return errorSay("the container's first process does not end")
	}
	return nil
}

// openProcess gives a descriptor of the first process while it runs and is still the one that the
// state means, else -1. Its start time is read after the descriptor is held: from then on the pid
// cannot change its meaning unseen (pidfd_open(2)).
func openProcess(s *State) (int, error) {
	if s.Pid <= 0 {
		return -1, nil
	}
	number, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(s.Pid), 0, 0)
	// ESRCH: no such process; ENOENT, before 6.15 EINVAL: a thread of another one by now.
	if errno == syscall.ESRCH || errno == syscall.ENOENT || errno == syscall.EINVAL {
		return -1, nil
	}
	if errno != 0 {
		return -1, errorSys(errno, "looking for process %d", s.Pid)
	}
	pidfd := int(number)
	ticks, err := stateStartTime(s.Pid)
	if err == nil && ticks == s.StartTime {
		ended, failed := waitReadable(pidfd, 0)
		// One that has ended and waits to be reaped is readable.
		if failed == nil && !ended {
			return pidfd, nil
		}
		if failed != nil {
			err = errorSys(failed, "looking for process %d", s.Pid)
		}
	}
	syscall.Close(pidfd)
	if errno := errnoOf(err); errno == syscall.ENOENT || errno == syscall.ESRCH {
		err = nil
	}
	return -1, err
}

func hasProcess(s *State) (bool, error) {
	pidfd, err := openProcess(s)
	if pidfd >= 0 {
		syscall.Close(pidfd)
	}
	return pidfd >= 0, err
}

func removeProcess(s *State) error {
	pidfd, err := openProcess(s)
	if pidfd < 0 {
		return err
	}
	defer syscall.Close(pidfd)
	return gcKill(pidfd)
}

// gcPathExists tells whether there is something of that name; an error where that could not be
// learned: taken for "nothing" it would be forgotten, or taken over.
func gcPathExists(path string) (bool, error) {
	var st syscall.Stat_t
	err := syscall.Lstat(path, &st)
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		return false, nil
	}
	if err != nil {
		return false, errorSys(err, "looking for %s", path)
	}
	return true, nil
}

// isWithin is true when cgroup is path or lies below it, so that removing path would take it along.
func isWithin(cgroup, path string) bool {
	return cgroup == path || strings.HasPrefix(cgroup, path+"/")
}

// gcAliveUses tells whether a living container other than the one called name has cgroup, or one
// below it; an error where that could not be learned.
func gcAliveUses(name, cgroup string) (bool, error) {
	all, err := stateList()
	for _, other := range all {
		if other.Alive && other.Name != name && isWithin(other.Cgroup, cgroup) {
			return true, nil
		}
	}
	// A broken file hides nobody alive; one that could not be read might.
	if errnoOf(err) == 0 {
		err = nil
	}
	return false, err
}

// aliveUses: a state file names what its runtime was about to make. Where the runtime was killed
// before it came to that, a container alive may have made a cgroup of the same name: that one is not
// ours.
func aliveUses(s *State) (bool, error) {
	return gcAliveUses(s.Name, s.Cgroup)
}

func hasCgroup(s *State) (bool, error) {
	if s.Cgroup == "" {
		return false, nil
	}
	found, err := gcPathExists(cgroupRoot + s.Cgroup)
	if !found {
		return false, err
	}
	used, err := aliveUses(s)
	return !used && err == nil, err
}

// removeStaleCgroup: whether somebody alive has it is asked twice. One who began in between has
// written his state file before he made his cgroup, so the second answer is about the cgroup that is
// open by then.
func removeStaleCgroup(s *State) error {
	if s.Cgroup == "" {
		return nil
	}
	// Asked for a cgroup that is gone too: its parent may still be there.
	used, err := aliveUses(s)
	if used || err != nil {
		return err
	}
	return cgroupRemove(s.Cgroup, cgroupClaim{fd: -1, mayEnd: func() (bool, error) {
		used, err := aliveUses(s)
		return !used && err == nil, err
	}})
}

// hasLink: the name alone could be a link that somebody made after the container's was gone.
func hasLink(s *State) (bool, error) {
	if s.Link == "" {
		return false, nil
	}
	return networkHas(s.Link, s.LinkAddress)
}

func removeStaleLink(s *State) error {
	found, err := hasLink(s)
	if !found {
		return err
	}
	return networkRemove(s.Link, 0)
}

// holdsPid: a pid file is the container's while it holds the container's pid, or nothing yet.
func holdsPid(path string, pid int) (bool, error) {
	var st syscall.Stat_t

	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|
		syscall.O_CLOEXEC, 0)
	switch err {
	case nil:
	case syscall.ENOENT, syscall.ENOTDIR, syscall.ELOOP, syscall.ENXIO:
		// A link or a socket in its place is somebody else's.
		return false, nil
	default:
		return false, errorSys(err, "opening pid file %s", path)
	}
	defer syscall.Close(fd)
	text, n := make([]byte, 32), -1
	if err = syscall.Fstat(fd, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG {
		n, err = containerReadAll(fd, text)
	}
	if err != nil {
		return false, errorSys(err, "reading pid file %s", path)
	}
	return n == 0 || n > 0 && string(text[:n]) == strconv.Itoa(pid)+"\n", nil
}

func hasPidFile(s *State) (bool, error) {
	if s.PidFile == "" {
		return false, nil
	}
	return holdsPid(s.PidFile, s.Pid)
}

// gcRemovePidFile removes the pid file where it still holds pid or nothing: the name alone could be
// what somebody made after the container's was gone.
func gcRemovePidFile(path string, pid int) error {
	found, err := holdsPid(path, pid)
	if !found {
		return err
	}
	if err := syscall.Unlink(path); err != nil && err != syscall.ENOENT {
		return errorSys(err, "removing pid file %s", path)
	}
	return nil
}

func removeStalePidFile(s *State) error {
	if s.PidFile == "" {
		return nil
	}
	return gcRemovePidFile(s.PidFile, s.Pid)
}

// leftovers in this order: the process first, for it holds the rest.
var leftovers = []struct {
	what   string
	exists func(*State) (bool, error)
	remove func(*State) error
}{
	{"process", hasProcess, removeProcess},
	{"cgroup", hasCgroup, removeStaleCgroup},
	{"link", hasLink, removeStaleLink},
	{"pid file", hasPidFile, removeStalePidFile},
}

// gcContainer ends the process, removes cgroup, link, pid file and, once all of that is gone, the
// state file of a container that nobody holds. The caller has the lock. Touches nothing that the
// state does not name, and nothing that a container alive names too. Goes on after a failure and
// reports the first.
func gcContainer(s *State) error {
	var first error

	for _, leftover := range leftovers {
		if err := leftover.remove(s); first == nil {
			first = err
		}
	}
	// What could not be removed stays named, for the next gc.
	if first != nil {
		return first
	}
	return stateUnlink(s.Name)
}

// gcTell prints "full: removed process, cgroup, state file".
func gcTell(s *State, verb string, found []string, out io.Writer) {
	fmt.Fprintf(out, "%s: %s ", s.Name, verb)
	for _, what := range found {
		fmt.Fprintf(out, "%s, ", what)
	}
	fmt.Fprintf(out, "state file\n")
}

// collect is one container that nobody holds; the caller has its lock.
func collect(s *State, dryRun bool, out io.Writer) error {
	var found []string

	var err error

	for _, leftover := range leftovers {
		var exists bool
		if exists, err = leftover.exists(s); err != nil {
			break
		}
		if exists {
			found = append(found, leftover.what)
		}
	}
	if err == nil && dryRun {
		gcTell(s, "would remove", found, out)
		return nil
	}
	if err == nil {
		err = gcContainer(s)
	}
	if err != nil {
		fmt.Fprintf(out, "%s: could not be removed\n", s.Name)
		return err
	}
	gcTell(s, "removed", found, out)
	return nil
}

// collectName: false where a lock shows that it has an owner after all, or another gc was faster.
func collectName(name string, dryRun bool, out io.Writer) (told bool, err error) {
	fd, s, err := stateClaim(name)
	if errno := errnoOf(err); errno == syscall.EWOULDBLOCK || errno == syscall.ENOENT {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	defer syscall.Close(fd)
	return true, collect(s, dryRun, out)
}

// gcAll is the command `gc [--dry-run]`: each stale container, told on out. The error is the first
// failure.
func gcAll(dryRun bool, out io.Writer) error {
	all, first := stateList()
	told := false

	for _, s := range all {
		if s.Alive {
			continue
		}
		one, err := collectName(s.Name, dryRun, out)
		told = told || one
		if first == nil {
			first = err
		}
	}
	swept, _ := stateSweep(dryRun)
	if swept > 0 {
		verb := "removed"
		if dryRun {
			verb = "to remove"
		}
		fmt.Fprintf(out, "half-written state files %s: %d\n", verb, swept)
	}
	if !told && swept <= 0 && first == nil {
		fmt.Fprintf(out, "nothing to collect\n")
	}
	return first
}
