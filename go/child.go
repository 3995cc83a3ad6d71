// What C gets for nothing from clone3's copy of the parent, Go hands to its second self in words:
// the request over the socket pair, an error back over the pipe.

package gobox

import (
	"encoding/binary"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// childName is argv[0] of the second self; nobody types that by accident. joinsName is that of one
// which a constructor in C has put into a running container before Go began: go/bridge/join.c.
const (
	childName = "twinbox-child"
	joinsName = "twinbox-joins"
)

// Descriptors of the second self, in the order of syscall.ProcAttr.Files.
const (
	childSync = 3 + iota
	childError
	childLog
	childEvents  // only where --events was given
	childPids    // only where childDefersLimit says so; joinsName: cgroup.procs of the container
	childConsole // joinsName: only where consolePrepare has opened it
)

// A pids.max below childThreads would stop the second self: the runtime of a Go program makes some
// threads, and the limit counts them. C has one.
const childThreads = 32

// textsJoin puts texts, which may hold any byte, into one message: each after its length.
// encoding/json would do, but looks at the types first: an eighth of a start, in both processes.
func textsJoin(texts []string) []byte {
	var message []byte
	for _, text := range texts {
		message = append(binary.NativeEndian.AppendUint32(message, uint32(len(text))), text...)
	}
	return message
}

// textsSplit is its way back; false where the message is cut.
func textsSplit(message []byte) (texts []string, whole bool) {
	for len(message) >= 4 {
		n := binary.NativeEndian.Uint32(message)
		message = message[4:]
		if uint64(n) > uint64(len(message)) {
			return nil, false
		}
		texts = append(texts, string(message[:n]))
		message = message[n:]
	}
	return texts, len(message) == 0
}

// What the child needs to know, in this order; the command follows.
const (
	requestSpec = iota // the file: parsing it again is cheaper than any other way to hand it over
	requestProgram
	requestName
	requestRootfs
	requestPidsMax // "": nothing to write
	requestIgnored
	requestBounding
	requestFlags // of the letters below
	requestVia   // stages that are C's
	requestCommand
)

// requestFlagsOf are the letters of requestFlags and what they mean.
func requestFlagsOf(c *Container) []struct {
	letter byte
	set    *bool
} {
	return []struct {
		letter byte
		set    *bool
	}{{'p', &c.NoPivot}, {'v', &c.Verbose}, {'t', &c.NewTerminal}, {'x', &c.Enters},
		{'k', &c.Colour}, {'j', &c.Japanese}}
}

func init() {
	// Pdeathsig, namespaces and credentials belong to a thread, not to a process. Locked from
	// the start, main stays on the one thread that the kernel sees as the process.
	runtime.LockOSThread()
}

// childRequestSend tells the child what to do. The child reads while this writes.
func childRequestSend(c *Container) error {
	flags := ""
	for _, flag := range requestFlagsOf(c) {
		if *flag.set {
			flags += string(flag.letter)
		}
	}
	if c.EventsFD >= 0 {
		flags += "e"
	}
	if c.Enters && c.ConsoleFD >= 0 {
		flags += "c"
	}
	if c.Enters && c.CgroupFD >= 0 {
		c.PidsMax = "0" // to cgroup.procs: whoever writes it, with all its threads
	}
	text := textsJoin(append([]string{requestSpec: string(c.Spec.text), requestProgram: c.Program,
		requestName: c.Name, requestRootfs: c.Rootfs, requestPidsMax: c.PidsMax,
		requestIgnored:  strconv.FormatUint(c.Inherited.Ignored, 16),
		requestBounding: strconv.FormatUint(c.Inherited.Bounding, 16), requestFlags: flags,
		requestVia: strings.Join(c.Via, ",")}, c.Command...))
	message := append(binary.NativeEndian.AppendUint32(nil, uint32(len(text))), text...)
	for len(message) > 0 {
		n, err := syscall.SendmsgN(c.SyncFD, message, nil, nil,
			syscall.MSG_NOSIGNAL|syscall.MSG_DONTWAIT)
		if err == syscall.EAGAIN { // as long as a child that is frozen does not read
			if err := waitForChild(c, c.SyncFD, pollOut); err != nil {
				return err
			}
			continue
		}
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EPIPE {
			return childEnded()
		}
		if err != nil {
			return errorSys(err, "sending the child's request")
		}
		message = message[n:]
	}
	return nil
}

// childRequestRead is its other side; it ends the process when the parent is gone.
func childRequestRead() *Container {
	c := newContainer()
	c.SyncFD, c.ErrorFD, c.LogFD = childSync, childError, childLog
	var size [4]byte
	if n, _ := containerReadAll(c.SyncFD, size[:]); n != len(size) {
		syscall.Exit(exitRuntime)
	}
	text := make([]byte, binary.NativeEndian.Uint32(size[:]))
	if n, _ := containerReadAll(c.SyncFD, text); n != len(text) {
		syscall.Exit(exitRuntime)
	}
	if err := childRequestTake(c, text); err != nil {
		childErrorWrite(c.ErrorFD, asError(err))
		syscall.Exit(exitRuntime)
	}
	return c
}

// childRequestTake fills c as childRequestSend had it.
func childRequestTake(c *Container, text []byte) (err error) {
	texts, whole := textsSplit(text)
	if !whole || len(texts) < requestCommand {
		return errorSay("the child's request is cut")
	}
	if c.Spec, err = specParse("spec", []byte(texts[requestSpec])); err != nil {
		return err
	}
	c.Program, c.Name, c.Rootfs = texts[requestProgram], texts[requestName], texts[requestRootfs]
	c.Command = texts[requestCommand:]
	c.Inherited.Ignored, _ = strconv.ParseUint(texts[requestIgnored], 16, 64)
	c.Inherited.Bounding, _ = strconv.ParseUint(texts[requestBounding], 16, 64)
	for _, flag := range requestFlagsOf(c) {
		*flag.set = strings.IndexByte(texts[requestFlags], flag.letter) >= 0
	}
	if c.Japanese {
		os.Setenv("LC_ALL", "ja_JP.UTF-8") // no environment is handed over; C looks here too
	}
	if strings.Contains(texts[requestFlags], "e") {
		c.EventsFD = childEvents
	}
	if strings.Contains(texts[requestFlags], "c") {
		c.ConsoleFD = childConsole
	}
	for id, kind := range namespaceKinds {
		if c.Enters && c.Spec.Namespaces[id].Wanted {
			c.Spec.Namespaces[id].Path = "/proc/self/ns/" + kind.proc // it is in there
		}
	}
	if texts[requestVia] != "" {
		c.Via = strings.Split(texts[requestVia], ",")
	}
	if c.PidsMax = texts[requestPidsMax]; c.PidsMax != "" {
		c.PidsFD = childPids
	}
	return nil
}

// pidsLimit reads value as the kernel does, which strips blanks and knows the bases of C
// (pids_max_write(), kstrtoll()); false for "max" and what it refuses. strconv's base 0 takes more.
func pidsLimit(value string) (limit uint64, known bool) {
	digits, base := strings.TrimPrefix(strings.Trim(value, " \t\n\v\f\r"), "+"), 10
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		digits, base = digits[2:], 16
	} else if strings.HasPrefix(digits, "0") {
		base = 8
	}
	limit, err := strconv.ParseUint(digits, base, 63)
	return limit, err == nil
}

// childDefersLimit keeps a small pids.max for the child, which writes it when it needs no thread any
// more. The file is opened here: the child has no path to it and, by then, no right.
func childDefersLimit(c *Container, dir int, file, value string) (bool, error) {
	if file != "pids.max" {
		return false, nil
	}
	// Named once more, by pids.limit and in unified: the later one counts.
	closeFD(&c.PidsFD)
	c.PidsMax = ""
	// What the kernel refuses is written at once, and so is 0, by which it refuses the child: the stage
	// that fails is then cbox's.
	if limit, known := pidsLimit(value); !known || limit == 0 || limit >= childThreads {
		return false, nil
	}
	var err error
	c.PidsFD, err = syscall.Openat(dir, file,
		syscall.O_WRONLY|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	c.PidsMax = value
	return true, err
}

// childPidsLimit writes what was kept; the threads that are there stay, and end with execve(2). In
// `exec` they were outside of the cgroup until now, and it moves them in, whatever its limits are:
// there the kernel asks only who opened the file.
func childPidsLimit(c *Container, l *callList) {
	if c.PidsFD < 0 {
		return
	}
	file := "pids.max"
	if c.Enters {
		file = "cgroup.procs"
	}
	l.says("write(%s, \"%s\")", file, c.PidsMax)
	l.add(syscall.SYS_WRITE, []uintptr{uintptr(c.PidsFD), l.text(c.PidsMax),
		uintptr(len(c.PidsMax))}, "writing %s to %s", c.PidsMax, file)
}

// limitsMemory tells whether the command will have a limit that the second self has from "privileges" on.
func limitsMemory(s *Spec) bool {
	for _, r := range s.Process.Rlimits {
		if r.Resource == syscall.RLIMIT_AS || r.Resource == syscall.RLIMIT_DATA {
			return true
		}
	}
	return false
}

// spare is memory that Go gets from the kernel and has no use for: in pieces, as of small objects each
// size takes one.
var spare [64][]byte

// childSpareMemory: under a small RLIMIT_AS or RLIMIT_DATA the kernel gives no more memory, and Go ends
// where it asks for some. What a collection has freed it keeps, and from that come the words of -v,
// --events and a failure. A call of C that takes longer wakes another thread; there have to be two by
// then, since one may be about to sleep. With one processor that is all, however many there are.
func childSpareMemory() {
	runtime.GOMAXPROCS(1)
	var threads sync.WaitGroup
	threads.Add(2)
	for i := 0; i < 2; i++ {
		go func() {
			runtime.LockOSThread() // each has one of its own until both have
			threads.Done()
			threads.Wait()
			runtime.UnlockOSThread()
		}()
	}
	threads.Wait()
	for i := range spare {
		spare[i] = make([]byte, 32<<10)
	}
	clear(spare[:])
	runtime.GC()
}

// fromParent tells whether fd is a socket pair that this process's parent made (SO_PEERCRED,
// unix(7)); in a new pid namespace both are pid 0. Anything else is somebody who typed childName
// after all, and whose descriptor 3 might be read for ever.
func fromParent(fd int) bool {
	peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	return err == nil && int(peer.Pid) == syscall.Getppid()
}

// ChildMain runs the child's part and never returns where this process is the second self.
func ChildMain() {
	if len(os.Args) != 1 || os.Args[0] != childName && os.Args[0] != joinsName {
		return
	}
	if !fromParent(childSync) {
		errorPrint(errorHint(errorSay("this name is for the runtime's own second self"),
			"%s --help lists the commands", "gobox"), os.Args[0], os.Stderr)
		syscall.Exit(exitRuntime)
	}
	rawSyscall(sysCloseRange, childSync, childConsole, closeRangeCloexec)
	// It lives for milliseconds; collecting would cost threads and time.
	debug.SetGCPercent(-1)
	containerChild(childRequestRead())
}

// childErrorWrite sends e as 'e' and its texts: the last thing that a failing child tells.
func childErrorWrite(fd int, e *Error) {
	text := textsJoin([]string{e.Stage, strconv.Itoa(int(e.Errno)), strconv.Itoa(e.Status), e.Message,
		e.Hint})
	syscall.Write(fd, append([]byte("e"), text...))
}

// toldMax is more than a child ever tells: its marks and an error.
const toldMax = 8192

// childErrorRead reads what childErrorWrite wrote after its 'e'; nil where it is cut.
func childErrorRead(text []byte) error {
	f, whole := textsSplit(text)
	if !whole || len(f) != 5 {
		return nil
	}
	errno, _ := strconv.Atoi(f[1])
	status, _ := strconv.Atoi(f[2])
	return &Error{Stage: f[0], Errno: syscall.Errno(errno), Status: status, Message: f[3], Hint: f[4]}
}

// prctl is prctl(2) with two arguments, on the calling thread.
func prctl(option int, argument uintptr) error {
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, uintptr(option), argument, 0, 0, 0,
		0); errno != 0 {
		return errno
	}
	return nil
}

func decimalLine(n int) []byte { return append(strconv.AppendInt(nil, int64(n), 10), '\n') }
