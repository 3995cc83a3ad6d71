// What the process of `exec` does, from its clone to execve(2), as a list of calls. In C the copy of
// the runtime runs its stages; here these are the stages of enteringChildStages in another form:
// namespaces, identity, mounts, privileges, exec.
//
// Nothing of Go runs in the container: its pids.max and memory.max need no room for a Go runtime,
// and the process has the memory of one that was started outside, to which no capability of a user
// namespace opens a way (ptrace(2), PTRACE_MODE_*).

package gobox

import (
	"slices"
	"syscall"
	"unsafe"
)

// keepOwn: the container is at work already and may lead our lookups into /proc/self/fd. So nothing
// is open there that the child does not need, whatever the caller or the parent left open
// (CVE-2024-21626). In order, between the numbers that stay.
func keepOwn(own []int, l *callList) {
	slices.Sort(own)
	from := 3
	for _, fd := range own {
		if fd > from {
			l.add(sysCloseRange, []uintptr{uintptr(from), uintptr(fd - 1), 0},
				"closing descriptors")
		}
		from = max(from, fd+1)
	}
	l.add(sysCloseRange, []uintptr{uintptr(from), uintptr(^uint32(0)), 0}, "closing descriptors")
}

// dieWithParent is containerDieWithParent.
func dieWithParent(sync int, l *callList) {
	const binding = "binding the child to its parent"
	parent, now := &pollFD{fd: int32(sync)}, new(syscall.Timespec)
	l.add(syscall.SYS_PRCTL, []uintptr{syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL)}, binding)
	l.add(syscall.SYS_PPOLL, []uintptr{kept(l, parent), 1, kept(l, now), 0}, binding)
	k := l.must(func(errno syscall.Errno) error {
		if errno == 0 {
			return errorSay("the parent is gone")
		}
		return errorSys(errno, binding)
	})
	// Its revents: both architectures are little-endian.
	k.word, k.mask, k.want = (*uint64)(unsafe.Pointer(parent)), 0xffff<<48, 0
}

// beginSession: from the start, so that the terminal's Ctrl-C reaches the runtime alone. Its failure
// waits until the parent listens: mustHaveSession.
func beginSession(l *callList) *uint64 {
	session := new(uint64)
	*session = 1 << 31 // the sign of the int32 that a session's number is
	l.may(syscall.SYS_SETSID).save = (*int32)(unsafe.Pointer(session))
	return session
}

// mustHaveSession judges it with the last call, which cannot fail itself. In the caller's session the
// command could reach for its terminal.
func mustHaveSession(session *uint64, l *callList) {
	k := l.must(func(syscall.Errno) error {
		return errorSys(syscall.EPERM, "creating the container's process")
	})
	k.word, k.mask, k.want = session, 1<<31, 0
}

// identityCalls is identityAssume of a joined namespace: there EINVAL says "not mapped".
func identityCalls(c *Container, sync int, l *callList) {
	if !c.Spec.Namespaces[nsUser].Wanted {
		return
	}
	l.add(syscall.SYS_SETRESGID, []uintptr{0, 0, 0},
		"becoming group 0 of the user namespace").errno = syscall.EINVAL
	l.add(syscall.SYS_SETRESUID, []uintptr{0, 0, 0},
		"becoming user 0 of the user namespace").errno = syscall.EINVAL
	// A change of ids cleared it: prctl(2), PR_SET_PDEATHSIG.
	dieWithParent(sync, l)
}

// devptsCalls is mountsDevpts and the opening of its ptmx.
func devptsCalls(master *int32, l *callList) {
	root, devpts, fs := new(int32), new(int32), new(syscall.Statfs_t)
	says := func(syscall.Errno) error { return errorSay("the container's /dev/pts is no devpts") }
	l.may(syscall.SYS_OPENAT, l.here(), l.text("/"), oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC)
	l.must(says).save = root
	l.may(sysOpenat2, 0, l.text("/dev/pts"), kept(l, &openHow{
		flags:   oPath | syscall.O_DIRECTORY | syscall.O_CLOEXEC,
		resolve: resolveBelow | resolveNoSymlinks}), unsafe.Sizeof(openHow{}))
	k := l.must(says)
	k.fd, k.save = root, devpts
	l.may(syscall.SYS_FSTATFS, 0, kept(l, fs))
	k = l.must(says)
	k.fd, k.word = devpts, (*uint64)(unsafe.Pointer(&fs.Type))
	k.mask, k.want = ^uint64(0), devptsSuperMagic
	k = l.add(syscall.SYS_OPENAT, []uintptr{0, l.text("ptmx"), syscall.O_RDWR | syscall.O_NOCTTY |
		syscall.O_CLOEXEC | syscall.O_NOFOLLOW}, "opening ptmx")
	k.fd, k.save = devpts, master
	l.may(syscall.SYS_CLOSE).fd = devpts
	l.may(syscall.SYS_CLOSE).fd = root
}

// rootCalls is mountsChroot.
func rootCalls(c *Container, l *callList) {
	root := new(int32)
	l.add(syscall.SYS_OPENAT, []uintptr{l.here(), l.text(c.Rootfs),
		oPath | syscall.O_DIRECTORY | syscall.O_CLOEXEC}, "opening rootfs %s", c.Rootfs).save = root
	l.add(syscall.SYS_FCHDIR, nil, "entering the rootfs %s", c.Rootfs).fd = root
	l.add(syscall.SYS_CHROOT, []uintptr{l.text(".")}, "changing the root to %s", c.Rootfs)
	l.may(syscall.SYS_CLOSE).fd = root
}

// cwdCalls is mountsCwd.
func cwdCalls(c *Container, l *callList) {
	cwd, actual := c.Spec.Process.Cwd, new([pathMax / 8]uint64)
	l.add(syscall.SYS_CHDIR, []uintptr{l.text(cwd)}, "entering the working directory %s", cwd)
	l.may(syscall.SYS_GETCWD, kept(l, actual), unsafe.Sizeof(*actual))
	k := l.must(func(errno syscall.Errno) error {
		if errno == 0 {
			return errorSay("the working directory %s is outside the rootfs", cwd)
		}
		return errorSys(errno, "checking the working directory %s", cwd)
	})
	// Its first byte: both architectures are little-endian.
	k.word, k.mask, k.want = &actual[0], 0xff, '/'
}

// terminalCalls is mountsConsole; it gives where the slave's number will be.
func terminalCalls(c *Container, sync int, l *callList) *int32 {
	ends := &terminalEnds{master: int32(c.ConsoleFD), slave: -1}
	if c.ConsoleFD < 0 {
		devptsCalls(&ends.master, l)
	}
	consoleCalls(c, sync, ends, l)
	return &ends.slave
}

// enterCalls is the list; sync and failure are the child's ends.
func enterCalls(c *Container, sync, failure int) (*callList, error) {
	l := newCalls(c, "")
	o, err := ownedNow(c)
	if err != nil {
		return nil, err
	}
	if c.TargetFlags&syscall.CLONE_NEWUSER != 0 {
		o = ownedInUserNamespace()
	}
	own := []int{sync, failure, c.TargetFD}
	if c.ConsoleFD >= 0 {
		own = append(own, c.ConsoleFD)
	}
	l.may(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL))
	session := beginSession(l)
	keepOwn(own, l)
	// Waits for the release; end of file means that the parent is gone.
	l.add(syscall.SYS_READ, []uintptr{uintptr(sync), kept(l, new(byte)), 1},
		"waiting for the parent").rule = callWants
	l.may(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0)
	l.stage = "namespaces"
	l.may(syscall.SYS_UMASK, 0o022)
	mustHaveSession(session, l)
	dieWithParent(sync, l)
	namespacesJoinCgroup(c, l)
	l.stage = "identity"
	identityCalls(c, sync, l)
	l.stage = "mounts"
	var slave *int32
	if c.NewTerminal {
		slave = terminalCalls(c, sync, l)
	}
	if !c.Spec.Namespaces[nsMount].Wanted {
		rootCalls(c, l)
	}
	cwdCalls(c, l)
	l.stage = "privileges"
	privilegesCalls(c, o, l)
	l.stage = "exec"
	if slave != nil {
		consoleAttach(l, slave, 0)
	}
	execCalls(c, sync, failure, l)
	return l, nil
}

// failureMessage is what the child writes to the error pipe: 'e' and which call failed.
type failureMessage struct {
	mark    byte
	_       [3]byte
	failure callFailure
}

// read reads it behind the mark 'e'; nil where it is cut.
func (l *callList) read(told []byte) error {
	var m failureMessage
	buffer := unsafe.Slice((*byte)(unsafe.Pointer(&m)), int(unsafe.Sizeof(m)))
	if copy(buffer[1:], told) != len(buffer)-1 {
		return nil
	}
	return l.failure(m.failure)
}

// createEntering makes the process: as createJoined, but it never is this program again.
func createEntering(c *Container, sync, failure int) error {
	var err error
	if c.entering, err = enterCalls(c, sync, failure); err != nil {
		return err
	}
	plan := &joinPlan{failure: uintptr(failure)}
	plan.calls, plan.callsN = &c.entering.calls[0], len(c.entering.calls)
	if before := joinedBefore(c); before != 0 {
		plan.joins[0].fd, plan.joins[0].flag = uintptr(c.TargetFD), before
		plan.joinsN = 1
	}
	return startJoiner(c, plan)
}

// enteredRun is the process of `exec`, in the copy of a thread: it never returns.
//
//go:nosplit
//go:norace
//go:noinline
func enteredRun(plan *joinPlan) {
	plan.told.mark = 'e'
	plan.told.failure = callsMake(plan.calls, plan.callsN)
	// After a failed execve(2) the mask is open; nothing may end us before this is told.
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&plan.allMask)), 0, 8, 0, 0)
	syscall.RawSyscall(syscall.SYS_WRITE, plan.failure, uintptr(unsafe.Pointer(&plan.told)),
		unsafe.Sizeof(plan.told))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, exitRuntime, 0, 0)
	}
}
