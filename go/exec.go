// Stage "exec" (child): the container's command takes over the process.

package gobox

import (
	"strings"
	"syscall"
	"unsafe"
)

const (
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	sigUnblock  = 1 // SIG_UNBLOCK
	sigSetmask  = 2 // SIG_SETMASK
	sigDfl      = 0
	sigIgn      = 1
	signals     = 64 // the kernel's _NSIG

	saRestorer = 0x04000000 // SA_RESTORER: the kernel wants to be told how a handler ends
	saOnstack  = 0x08000000 // SA_ONSTACK: Go's stacks are too small for a handler
	saRestart  = 0x10000000 // SA_RESTART
)

// ofWrites: what a write of ours may raise: the reader of -v or --events went away, or RLIMIT_FSIZE
// is reached. Blocked, write(2) tells it by its errno.
var ofWrites = []syscall.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}

// setAction, catchSignal and changeMask are rt_sigaction(2) and rt_sigprocmask(2) of the kernel: os/signal cannot
// undo an ignored signal, and Go's runtime must not notice.
func setAction(signal syscall.Signal, handler uint64) {
	sigaction(signal, &kernelSigaction{handler: handler})
}

// catchSignal has the handler of wait_ARCH.s called for signal, with all others held back.
func catchSignal(signal syscall.Signal) {
	sigaction(signal, &kernelSigaction{handler: uint64(signalHandlerPC),
		flags: saRestorer | saOnstack | saRestart, restorer: uint64(signalReturnPC), mask: ^uint64(0)})
}

// kernelSigaction is struct sigaction as the kernel of amd64 and arm64 has it.
type kernelSigaction struct{ handler, flags, restorer, mask uint64 }

func sigaction(signal syscall.Signal, action *kernelSigaction) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(action)), 0, 8, 0, 0)
}

func changeMask(how uintptr, mask uint64) (before uint64) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&mask)),
		uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	return before
}

// resetSignals: Go's handlers end with execve(2) by themselves, but a signal ignored from the
// start (SIGHUP under nohup(1)) and the mask are inherited. See signal(7).
func resetSignals() {
	mask := uint64(0)
	for _, signal := range ofWrites {
		mask |= 1 << (signal - 1)
	}
	changeMask(sigSetmask, mask)
	for signal := syscall.Signal(1); signal <= signals; signal++ {
		setAction(signal, sigDfl)
	}
}

// forgetWrites: the signals of our own writes are nothing for the command: ignoring one forgets it.
func forgetWrites() {
	for _, signal := range ofWrites {
		setAction(signal, sigIgn)
		setAction(signal, sigDfl)
	}
}

// parentIsGone: a parent that died while ids changed sent no signal; its end of the socket pair
// tells.
func parentIsGone(c *Container) bool {
	var b [1]byte
	n, _, err := syscall.Recvfrom(c.SyncFD, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n == 0 && err == nil
}

func containerPath(s *Spec) string {
	for _, entry := range s.Process.Env {
		if strings.HasPrefix(entry, "PATH=") {
			return entry[len("PATH="):]
		}
	}
	return defaultPath
}

// tryExec returns only when execve(2) fails. Only the command itself has an open mask: after a
// failure there is more to write.
func tryExec(c *Container, path string) error {
	eventsCall(c, "execve(\"%s\")", path)
	argv, err := syscall.SlicePtrFromStrings(c.Command)
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(c.Spec.Process.Env)
	if err != nil {
		return err
	}
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	forgetWrites()
	before := changeMask(sigSetmask, 0)
	// Not syscall.Exec: it would put RLIMIT_NOFILE back to what Go found at its start, over
	// what the privileges stage has set.
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])))
	changeMask(sigSetmask, before)
	return errno
}

// searchAndExec as execvp(3): a name with a slash is a path; else each directory, and EACCES
// outlives ENOENT.
func searchAndExec(c *Container) error {
	name := c.Command[0]
	if strings.Contains(name, "/") {
		return tryExec(c, name)
	}
	var result error = syscall.ENOENT
	for _, directory := range strings.Split(containerPath(c.Spec), ":") {
		if directory == "" {
			directory = "."
		}
		switch err := tryExec(c, directory+"/"+name); err {
		case syscall.EACCES:
			result = err
		case syscall.ENOENT, syscall.ENOTDIR:
		default:
			return err
		}
	}
	return result
}

// execCommand returns only on failure.
func execCommand(c *Container) error {
	if c.NewTerminal {
		if err := consoleAttach(c); err != nil {
			return err
		}
	}
	if parentIsGone(c) {
		return errorSay("the runtime is gone")
	}
	if err := childPidsLimit(c); err != nil {
		return err
	}
	// 'x' on the error pipe: only execve(2) is left.
	if _, err := syscall.Write(c.ErrorFD, []byte("x")); err != nil {
		return errorSys(err, "telling the parent")
	}
	resetSignals()
	cause := searchAndExec(c)
	err := asError(errorSys(cause, "executing %s", c.Command[0]))
	err.Status = exitCannotRun
	if err.Errno == syscall.ENOENT {
		err.Status = exitNotFound
		errorHint(err, "the command is searched in the rootfs, not on the host; a script "+
			"also needs its #! interpreter there")
	}
	return err
}
