// The file that names every resource of a running container; c/state.c has it in C.
//
// /run/twinbox/NAME.json ($XDG_RUNTIME_DIR/twinbox for an ordinary user) is written and locked
// (flock(2)) before the first resource is made and removed last. A state file that can be locked
// belongs to nobody alive: `gc`, and the next `run` of that name, undo what it names. It is only
// ever added to (state_file.go), at last the spec for `exec`: state_spec.go.
// Both runtimes write the same fields, so each can undo what the other left.

package gobox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const putTries = 100

// State is what a state file says.
type State struct {
	Name        string
	Runtime     string // "cbox", "gobox"
	Pid         int    // first process, 0 before it exists
	StartTime   uint64 // its start in clock ticks after boot (/proc/PID/stat field 22)
	Created     int64  // seconds since 1970, UTC
	Cgroup      string // "" or "/twinbox/NAME"
	Link        string // "" or the host end of the veth
	LinkAddress string // its hardware address: which link is meant
	Rootfs      string
	PidFile     string // "" or the file of --pid-file, absolute
	Alive       bool   // somebody holds the lock; not in the file
}

// stateCheckName: 1 to 64 of A-Z a-z 0-9 _ . - and not beginning with . or -
func stateCheckName(name string) error {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" +
		"0123456789_.-"
	n := len(name)

	if n >= 1 && n <= containerNameMax && strings.Trim(name, allowed) == "" && name[0] != '.' &&
		name[0] != '-' {
		return nil
	}
	err := errorSay("container name \"%s\" is not allowed", name[:min(n, 100)])
	return errorHint(err, "1 to %d of A-Z a-z 0-9 _ . - and not beginning with . or -",
		containerNameMax)
}

// stateStartTime gives the start of a process in clock ticks after boot: with the pid it names one
// process for ever.
func stateStartTime(pid int) (uint64, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, errorSys(err, "opening %s", path)
	}
	text := make([]byte, 2047)
	n, err := syscall.Read(fd, text)
	syscall.Close(fd)
	if err != nil {
		return 0, errorSys(err, "reading %s", path)
	}
	// Field 2 is the command in brackets and may hold any byte, brackets too: proc_pid_stat(5).
	fields := strings.Split(string(text[bytes.LastIndexByte(text[:n], ')')+1:n]), " ")
	if len(fields) <= 20 {
		return 0, errorSay("%s has no start time", path)
	}
	ticks, _ := strconv.ParseUint(fields[20], 10, 64)
	return ticks, nil
}

// pidFilePath gives the path of the pid file from the root of the file system, as gc may be started in
// another directory; "" where there is none.
func pidFilePath(c *Container) (string, error) {
	here := ""
	if c.PidFile == "" {
		return "", nil
	}
	if c.PidFile[0] != '/' {
		directory, err := syscall.Getwd()
		if err != nil {
			return "", errorSys(err, "finding the working directory")
		}
		here = directory + "/"
	}
	if len(here)+len(c.PidFile) >= pathMax {
		return "", errorSay("path is too long: %s", c.PidFile[:min(len(c.PidFile), 100)])
	}
	return here + c.PidFile, nil
}

// chooseLinkAddress gives the host end of the veth a hardware address, its own among all links: names
// come back, and after a crash a link of that name may be somebody else's. Random, of one card (bit 0
// of the first byte clear) and nobody's product (bit 1 set): IEEE 802. It also keeps udev from giving
// the link another one (systemd.link(5), MACAddressPolicy).
func chooseLinkAddress(c *Container) {
	var random [8]byte
	binary.NativeEndian.PutUint64(random[:], rand.Uint64())
	copy(c.LinkAddress[:], random[:])
	c.LinkAddress[0] = c.LinkAddress[0]&^1 | 2
}

// describe tells what c is about to make, as the file will say it.
func describe(c *Container, pidFile string) *State {
	s := &State{Name: c.Name, Runtime: c.Program, Created: c.Created, Cgroup: c.Cgroup,
		Rootfs: c.Rootfs, PidFile: pidFile}

	if c.Spec.HasVeth {
		s.Link = c.Spec.Veth.Host.Name
		s.LinkAddress = networkAddressText(c.LinkAddress[:])
	}
	return s
}

// existsAlready is the error of a stage that would come later, told before anything is made.
func existsAlready(stage, what, name string) error {
	err := errorSys(syscall.EEXIST, "creating %s %s", what, name)
	asError(err).Stage = stage
	return err
}

func hintGC(c *Container, name string, err error) error {
	return errorHint(err, "another container uses %s; `%s list` shows it, "+
		"`%s gc` removes what a crash left", name, c.Program, c.Program)
}

// refuseExisting: once named in the state file it would be taken for ours, so what exists already
// is refused here.
func refuseExisting(c *Container, s *State) error {
	var found bool
	var err error

	if s.Cgroup != "" {
		found, err = gcPathExists(cgroupRoot + s.Cgroup)
	}
	if found {
		return hintGC(c, s.Cgroup, existsAlready("cgroup", "cgroup", s.Cgroup))
	}
	if err == nil && s.Link != "" {
		found, err = networkHas(s.Link, networkAny)
	}
	if found {
		return hintGC(c, s.Link, existsAlready("network", "veth", s.Link))
	}
	if err == nil && s.PidFile != "" {
		found, err = gcPathExists(s.PidFile)
	}
	if found {
		return existsAlready("", "pid file", c.PidFile)
	}
	return err
}

func nameTaken(c *Container) error {
	err := errorSys(syscall.EEXIST, "container %s", c.Name)
	return errorHint(err, "`%s list` shows it; choose another --name", c.Program)
}

// collectStale makes the name free: collects what a killed runtime left under it, or half-written.
func collectStale(c *Container, dir int, directory string) error {
	stateSweepIn(dir, directory, false)
	fd, stale, err := stateClaimIn(dir, directory, c.Name)
	if errnoOf(err) == syscall.ENOENT {
		return nil
	}
	if errnoOf(err) == syscall.EWOULDBLOCK {
		return nameTaken(c)
	}
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return gcContainer(stale)
}

// stateLock: a runtime has two locks on its new file. That of flock(2) is the open file's, so that a
// copy of the process has it too. That of fcntl(2) is the process's alone, but goes with whatever
// descriptor of the file the process closes first: after birth it opens none.
func stateLock(fd int) error {
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	return syscall.FcntlFlock(uintptr(fd), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK})
}

// stateBeforeBirth leaves the file with the lock that no child gets a copy of: a child that is frozen
// before its first step could not let go of it.
func stateBeforeBirth(c *Container) error {
	if err := syscall.Flock(c.StateFD, syscall.LOCK_UN); err != nil {
		return errorSys(err, "keeping the state file of %s from the child", c.Name)
	}
	return nil
}

func writeAll(fd int, text []byte) error {
	for len(text) > 0 {
		n, err := syscall.Write(fd, text)
		if err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// stateAppend adds text to the file of c; after an error the file is as it was.
func stateAppend(c *Container, text []byte) error {
	if err := writeAll(c.StateFD, text); err != nil {
		// A part that was written counts as nothing, until something else is added.
		if err := syscall.Ftruncate(c.StateFD, c.StateSize); err != nil {
			return err
		}
		return err
	}
	c.StateSize += int64(len(text))
	return nil
}

// putOnce is one try of putFile; after an error nothing is left.
func putOnce(dir int, name, file string, text []byte) (int, error) {
	// The clock is read without a system call (vdso(7)), which getpid(2) would be.
	temporary := "." + name + "." + strconv.FormatInt(time.Now().UnixNano(), 10)
	fd, err := syscall.Openat(dir, temporary, syscall.O_RDWR|syscall.O_APPEND|syscall.O_CREAT|
		syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0600)
	if err != nil {
		return -1, err
	}
	err = stateLock(fd)
	if err == nil {
		err = writeAll(fd, text)
	}
	if err == nil {
		err = renameNew(dir, temporary, file)
	}
	if err != nil {
		syscall.Unlinkat(dir, temporary)
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

// putFile makes the file, written whole under a name of its own and then renamed, never in the place
// of another, and locked from before it has either. The descriptor is the caller's.
func putFile(dir int, name, file string, text []byte) (int, error) {
	for tries := 1; ; tries++ {
		fd, err := putOnce(dir, name, file, text)
		if err == nil {
			return fd, nil
		}
		// A file that nobody has locked yet is a leftover to gc, which locks it (EWOULDBLOCK)
		// and takes it away: then there is nothing to rename (ENOENT).
		if err != syscall.ENOENT && err != syscall.EWOULDBLOCK || tries == putTries {
			return -1, stateRefused(err, "writing", file)
		}
	}
}

// putState makes the file of s with its first record, so many bytes.
func putState(dir int, file string, s *State) (int, int64, error) {
	var text bytes.Buffer

	if err := statePrint(s, &text); err != nil {
		return -1, 0, err
	}
	fd, err := putFile(dir, s.Name, file, text.Bytes())
	return fd, int64(text.Len()), err
}

// makeFile: of two runtimes one gets the name.
func makeFile(c *Container, dir int, directory string, s *State) error {
	if err := collectStale(c, dir, directory); err != nil {
		return err
	}
	if err := refuseExisting(c, s); err != nil {
		return err
	}
	fd, size, err := putState(dir, s.Name+".json", s)
	if errnoOf(err) == syscall.EEXIST {
		return nameTaken(c)
	}
	if err != nil {
		return err
	}
	c.StateDir, c.StateFD, c.StateSize = dir, fd, size
	return nil
}

// stateCreate makes and locks the state file of c, naming what c is about to make. A stale file of
// that name is collected first (gcContainer); a live one is an error (EEXIST). So is a cgroup, link
// or pid file that is there already: once named here it would be taken for the container's own by
// gc. The words and the stage are those of the stage that would make it.
func stateCreate(c *Container) error {
	if err := stateCheckName(c.Name); err != nil {
		return err
	}
	c.Created = time.Now().Unix()
	if c.Spec.HasVeth {
		chooseLinkAddress(c)
	}
	pidFile, err := pidFilePath(c)
	if err != nil {
		return err
	}
	dir, directory, err := stateDirectory(true)
	if err != nil {
		return err
	}
	if err := makeFile(c, dir, directory, describe(c, pidFile)); err != nil {
		syscall.Close(dir)
		return err
	}
	return nil
}

// stateUpdate adds pid and start time, once c.Pid exists.
func stateUpdate(c *Container) error {
	startTime, err := stateStartTime(c.Pid)
	if err != nil {
		return err
	}
	if err := stateAppend(c, fmt.Appendf(nil, stateProcess, c.Pid, startTime)); err != nil {
		return stateRefused(err, "writing", c.Name+".json")
	}
	return nil
}

// stateRemove removes the file and closes c.StateFD and c.StateDir. No error where it is gone or
// another has its name.
func stateRemove(c *Container) error {
	if c.StateFD < 0 {
		return nil
	}
	defer closeFD(&c.StateFD)
	defer closeFD(&c.StateDir)
	file := c.Name + ".json"
	// While the file is ours.
	err := stateStillNamed(c.StateDir, file, c.StateFD)
	if err == nil {
		err = syscall.Unlinkat(c.StateDir, file)
	}
	if err != nil && err != syscall.ENOENT {
		return stateRefused(err, "removing", file)
	}
	return nil
}
