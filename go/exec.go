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

// kernelSigaction is struct sigaction as the kernel of amd64 and arm64 has it.
type kernelSigaction struct{ handler, flags, restorer, mask uint64 }

// catchSignal has the handler of wait_ARCH.s called for signal, with all others held back. changeAction
// and changeMask are the kernel's own calls: Go's runtime must not notice.
func catchSignal(signal syscall.Signal) {
	changeAction(signal, &kernelSigaction{handler: uint64(signalHandlerPC),
		flags: saRestorer | saOnstack | saRestart, restorer: uint64(signalReturnPC), mask: ^uint64(0)})
}

func changeAction(signal syscall.Signal, action *kernelSigaction) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(action)), 0, 8, 0, 0)
}

func changeMask(how uintptr, mask uint64) (before uint64) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&mask)),
		uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	return before
}

// setAction and blockOnly do the same in a list: os/signal could not undo an ignored signal.
func setAction(signal syscall.Signal, handler uint64, l *callList) {
	l.add(syscall.SYS_RT_SIGACTION, []uintptr{uintptr(signal),
		kept(l, &kernelSigaction{handler: handler}), 0, 8}, "setting signal %d back", int(signal))
}

func blockOnly(mask uint64, l *callList) {
	l.add(syscall.SYS_RT_SIGPROCMASK, []uintptr{sigSetmask, kept(l, &mask), 0, 8},
		"setting the mask of signals")
}

func maskOfWrites() (mask uint64) {
	for _, signal := range ofWrites {
		mask |= 1 << (signal - 1)
	}
	return mask
}

// resetSignals: Go's handlers end with execve(2) by themselves, but a signal ignored from the
// start (SIGHUP under nohup(1)) and the mask are inherited. See signal(7).
func resetSignals(c *Container, l *callList) {
	blockOnly(maskOfWrites(), l)
	for signal := syscall.Signal(1); signal <= signals; signal++ {
		if c.Inherited.Ignored>>(signal-1)&1 == 1 {
			setAction(signal, sigDfl, l)
		}
	}
}

// forgetWrites: the signals of our own writes are nothing for the command: ignoring one forgets it. Not
// rt_sigtimedwait(2) as in C: what waitBlockSignals ignores has to go to its default too.
func forgetWrites(l *callList) {
	for _, signal := range ofWrites {
		setAction(signal, sigIgn, l)
		setAction(signal, sigDfl, l)
	}
}

// parentIsGone: a parent that died while ids changed sent no signal; its end of the socket pair
// tells: end of file.
func parentIsGone(sync int, l *callList) {
	k := l.may(syscall.SYS_RECVFROM, uintptr(sync), kept(l, new(byte)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	l.must(func(syscall.Errno) error { return errorSay("the runtime is gone") })
	k.rule, k.errno = callWants, syscall.EAGAIN
}

func containerPath(s *Spec) string {
	for _, entry := range s.Process.Env {
		if strings.HasPrefix(entry, "PATH=") {
			return entry[len("PATH="):]
		}
	}
	return defaultPath
}

// execWith is what each try gives to execve(2), once in memory whatever the number of tries.
type execWith struct{ argv, envp uintptr }

// tryExec: only the command itself has an open mask: after a failure there is more to write. Fails
// where the command would begin with other signals than it should have.
func tryExec(c *Container, path string, with execWith, rule callRule, l *callList) {
	l.says("execve(\"%s\")", path)
	forgetWrites(l)
	blockOnly(0, l)
	// Not syscall.Exec: it would put RLIMIT_NOFILE back to what Go found at its start, over
	// what the privileges stage has set.
	l.may(syscall.SYS_EXECVE, l.text(path), with.argv, with.envp)
	l.must(func(errno syscall.Errno) error { return execFailed(c, errno) }).rule = rule
	mask := maskOfWrites()
	l.may(syscall.SYS_RT_SIGPROCMASK, sigSetmask, kept(l, &mask), 0, 8) // the next try opens it anyway
}

// searchAndExec as execvp(3): a name with a slash is a path; else each directory, and EACCES
// outlives ENOENT.
func searchAndExec(c *Container, l *callList) {
	name, with := c.Command[0], execWith{l.texts(c.Command), l.texts(c.Spec.Process.Env)}
	if strings.Contains(name, "/") {
		tryExec(c, name, with, callMust, l)
		return
	}
	for _, directory := range strings.Split(containerPath(c.Spec), ":") {
		if directory == "" {
			directory = "."
		}
		tryExec(c, directory+"/"+name, with, callExec, l)
	}
	l.may(0)
	l.must(func(errno syscall.Errno) error { return execFailed(c, errno) }).rule = callDenied
}

func execFailed(c *Container, errno syscall.Errno) error {
	err := asError(errorSys(errno, "executing %s", c.Command[0]))
	err.Status = exitCannotRun
	if errno == syscall.ENOENT {
		err.Status = exitNotFound
		errorHint(err, "the command is searched in the rootfs, not on the host; a script "+
			"also needs its #! interpreter there")
	}
	return err
}

// execCalls is the stage as a list; sync and failure are the child's ends.
func execCalls(c *Container, sync, failure int, l *callList) {
	parentIsGone(sync, l)
	childPidsLimit(c, l)
	// 'x' on the error pipe: only execve(2) is left.
	mark := byte('x')
	l.add(syscall.SYS_WRITE, []uintptr{uintptr(failure), kept(l, &mark), 1},
		"telling the parent").rule = callWants
	resetSignals(c, l)
	searchAndExec(c, l)
}

// execPrepare writes the stage's list down before "privileges" begins: under its RLIMIT_AS and
// RLIMIT_DATA there may be no memory any more, and Go does not go on without.
func execPrepare(c *Container) {
	c.last = newCalls(c, "exec")
	if c.NewTerminal {
		consoleAttach(c.last, nil, c.ConsoleFD)
	}
	execCalls(c, c.SyncFD, c.ErrorFD, c.last)
}

// execCommand returns only on failure.
func execCommand(c *Container) error {
	err := c.last.run(c)
	changeMask(sigSetmask, maskOfWrites())
	return err
}
