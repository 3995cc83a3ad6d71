// What C gets for nothing from clone3's copy of the parent, Go hands to its second self in words:
// the request over the socket pair, an error back over the pipe.

package gobox

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

// childName is argv[0] of the second self; nobody types that by accident.
const childName = "twinbox-child"

// Descriptors of the second self, in the order of syscall.ProcAttr.Files.
const (
	childSync = 3 + iota
	childError
	childLog
	childEvents // only where --events was given
	childPids   // only where childDefersLimit says so
)

// A pids.max below childThreads would stop the second self: the runtime of a Go program makes some
// threads, and the limit counts them. C has one.
const childThreads = 32

// childRequest is what the child needs to know. []byte where any byte may come from outside:
// JSON strings would change what is not UTF-8.
type childRequest struct {
	Spec                *Spec
	Program, Name       string
	Rootfs              []byte
	Command             [][]byte
	NoPivot, Verbose    bool
	NewTerminal, Events bool
	PidsMax             string   // "": nothing to write
	Via                 []string `json:",omitempty"` // stages that are C's
	SpecText            []byte   `json:",omitempty"` // for them: they read the spec themselves
}

func init() {
	// Pdeathsig, namespaces and credentials belong to a thread, not to a process. Locked from
	// the start, main stays on the one thread that the kernel sees as the process.
	runtime.LockOSThread()
}

// childRequestSend tells the child what to do. The child reads while this writes.
func childRequestSend(c *Container) error {
	r := childRequest{Spec: c.Spec, Program: c.Program, Name: c.Name, Rootfs: []byte(c.Rootfs),
		NoPivot: c.NoPivot, Verbose: c.Verbose, NewTerminal: c.NewTerminal,
		Events: c.EventsFD >= 0, PidsMax: c.PidsMax}
	if len(c.Via) > 0 {
		r.Via, r.SpecText = c.Via, c.Spec.text
	}
	for _, word := range c.Command {
		r.Command = append(r.Command, []byte(word))
	}
	text, err := json.Marshal(r)
	if err != nil {
		return errorSay("writing the child's request: %s", err)
	}
	message := append(binary.NativeEndian.AppendUint32(nil, uint32(len(text))), text...)
	for len(message) > 0 {
		n, err := syscall.SendmsgN(c.SyncFD, message, nil, nil, syscall.MSG_NOSIGNAL)
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
	var r childRequest
	if err := json.Unmarshal(text, &r); err != nil {
		childErrorWrite(c.ErrorFD, &Error{Status: exitRuntime,
			Message: "reading the child's request: " + err.Error()})
		syscall.Exit(exitRuntime)
	}
	c.Spec, c.Program, c.Name, c.Rootfs = r.Spec, r.Program, r.Name, string(r.Rootfs)
	c.NoPivot, c.Verbose, c.NewTerminal = r.NoPivot, r.Verbose, r.NewTerminal
	c.Via, c.Spec.text = r.Via, r.SpecText
	for _, word := range r.Command {
		c.Command = append(c.Command, string(word))
	}
	if r.Events {
		c.EventsFD = childEvents
	}
	if r.PidsMax != "" {
		c.PidsFD, c.PidsMax = childPids, r.PidsMax
	}
	return c
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
	limit, err := strconv.Atoi(value)
	if err != nil || limit < 0 || limit >= childThreads {
		return false, nil
	}
	c.PidsFD, err = syscall.Openat(dir, file,
		syscall.O_WRONLY|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	c.PidsMax = value
	return true, err
}

// childPidsLimit writes what was kept; the threads that are there stay, and end with execve(2).
func childPidsLimit(c *Container, l *callList) {
	if c.PidsFD < 0 {
		return
	}
	l.says("write(pids.max, \"%s\")", c.PidsMax)
	l.add(syscall.SYS_WRITE, []uintptr{uintptr(c.PidsFD), l.text(c.PidsMax),
		uintptr(len(c.PidsMax))}, "writing %s to pids.max", c.PidsMax)
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
	if len(os.Args) != 1 || os.Args[0] != childName {
		return
	}
	if !fromParent(childSync) {
		errorPrint(errorHint(errorSay("this name is for the runtime's own second self"),
			"gobox --help lists the commands"), childName, os.Stderr)
		syscall.Exit(exitRuntime)
	}
	for fd := childSync; fd <= childPids; fd++ {
		syscall.CloseOnExec(fd)
	}
	// It lives for milliseconds; collecting would cost threads and time.
	debug.SetGCPercent(-1)
	containerChild(childRequestRead())
}

// childFailure is an Error on its way to the parent; []byte for the same reason as above.
type childFailure struct {
	Stage         string
	Errno, Status int
	Message, Hint []byte
}

// childErrorWrite sends e as 'e' and JSON: the last thing that a failing child tells.
func childErrorWrite(fd int, e *Error) {
	text, _ := json.Marshal(childFailure{e.Stage, int(e.Errno), e.Status, []byte(e.Message),
		[]byte(e.Hint)})
	syscall.Write(fd, append([]byte("e"), text...))
}

// childErrorRead reads what childErrorWrite wrote, to the end of the pipe; nil where it is cut.
func childErrorRead(fd int) error {
	buffer := make([]byte, 8192)
	n, _ := containerReadAll(fd, buffer)
	var f childFailure
	if json.Unmarshal(buffer[:n], &f) != nil {
		return nil
	}
	return &Error{Stage: f.Stage, Errno: syscall.Errno(f.Errno), Status: f.Status,
		Message: string(f.Message), Hint: string(f.Hint)}
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
