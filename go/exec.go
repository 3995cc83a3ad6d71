// Stage "exec" (child): the container's command takes over the process.

package gobox

import (
	"strings"
	"syscall"
	"unsafe"
)

const (
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	sigSetmask  = 2  // SIG_SETMASK
	signals     = 64 // the kernel's _NSIG
)

// resetSignals: Go's handlers end with execve(2) by themselves, but a signal ignored from the
// start (SIGHUP under nohup(1)) and the mask are inherited. os/signal cannot undo that, and Go's
// runtime must not notice: two bare system calls, just before execve(2). See signal(7).
func resetSignals() {
	var standard [4]uint64 // struct sigaction of the kernel: SIG_DFL, no flags, empty mask
	var none uint64
	for signal := uintptr(1); signal <= signals; signal++ {
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal,
			uintptr(unsafe.Pointer(&standard)), 0, 8, 0, 0)
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&none)), 0, 8, 0, 0)
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

// tryExec returns only when execve(2) fails.
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
	// Not syscall.Exec: it would put RLIMIT_NOFILE back to what Go found at its start, over
	// what the privileges stage has set.
	_, _, errno := syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])))
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
	eventsCall(c, "setsid()")
	if _, err := syscall.Setsid(); err != nil {
		return errorSys(err, "making a new session")
	}
	if c.NewTerminal {
		if err := consoleAttach(c); err != nil {
			return err
		}
	}
	if parentIsGone(c) {
		return errorSay("the runtime is gone")
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
