// Namespaces by path: a short-lived joiner enters them (setns(2)), makes the container's process
// as its own sibling (CLONE_PARENT) and ends; the runtime itself stays where it is.
//
// setns(2) takes a user, mount or time namespace only in a process of a single thread, and a Go
// program always has several. So the joiner is made by a bare clone(2), which copies one thread,
// and until execve(2) it does what Go's own syscall/exec_linux.go does there: system calls with
// arguments prepared before, on a stack that must not grow (go:nosplit), no allocation, no locks.

package gobox

import (
	"syscall"
	"unsafe"
)

// A user namespace is joined first: it gives the capabilities to join those it owns.
var joinOrder = [nsCount]int{nsUser, nsCgroup, nsIPC, nsNetwork, nsPID, nsTime, nsUTS, nsMount}

const (
	clonePidfd      = 0x1000
	cloneParent     = 0x8000
	cloneParentTid  = 0x100000 // CLONE_PARENT_SETTID
	cloneFiles      = 0x400
	cloneIntoCgroup = 0x200000000
	lowestCopyFD    = 16 // copies of descriptors stay clear of the child's own numbers
	noFile          = ^uintptr(0)
)

// cloneArgs is struct clone_args of clone3(2).
type cloneArgs struct {
	flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize,
	cgroup uint64
}

// joinReport is what the joiner tells, in memory that it shares with the runtime: the new process,
// as clone3(2) writes it, so that the runtime knows of it whatever happens to the joiner, and its
// pidfd (descriptors are shared: CLONE_FILES); or which namespace it could not join, or why there is
// no process.
type joinReport struct {
	pid, pidfd int32
	failedJoin int32 // index into joinPlan.joins, -1: none
	errno      int32
}

// joinPlan is everything that joiner and child need, prepared while allocation is allowed.
type joinPlan struct {
	joins   [nsCount]struct{ fd, flag uintptr }
	joinsN  int
	clone   cloneArgs
	files   [childPids + 1]uintptr // copies at lowestCopyFD or above; noFile: none
	filesN  int
	self    uintptr // this program, opened
	empty   *byte
	argv    *[2]*byte
	envv    *[1]*byte
	caps    capabilitySets
	capsN   uintptr // raise that many as ambient; 0: user namespaces are not concerned
	calls   *call   // exec: what the process does instead of executing this program again
	callsN  int
	failure uintptr // exec: its end of the error pipe
	told    failureMessage
	report  *joinReport
	allMask uint64
}

// capabilitySets is the argument of capset(2), version 3: low words, then high words.
type capabilitySets struct {
	version, pid uint32
	data         [2]struct{ effective, permitted, inheritable uint32 }
}

// everyCapabilitySet has the capabilities 0 to n-1 in all three sets.
func everyCapabilitySet(n int) capabilitySets {
	sets := capabilitySets{version: 0x20080522} // _LINUX_CAPABILITY_VERSION_3
	for i := 0; i < n; i++ {
		word := &sets.data[i/32]
		word.effective |= 1 << (i % 32)
		word.permitted, word.inheritable = word.effective, word.effective
	}
	return sets
}

// openJoins opens the namespaces while /proc and the paths are the host's.
func openJoins(c *Container, plan *joinPlan) error {
	for _, id := range joinOrder {
		path := c.Spec.Namespaces[id].Path
		if path == "" {
			continue
		}
		kind := namespaceKinds[id]
		// O_NONBLOCK: a FIFO is refused by setns(2), as any file is, and not waited for.
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
		if err != nil {
			tellJoins(c, plan.joinsN)
			return errorSys(err, "opening %s namespace %s", kind.name, path)
		}
		plan.joins[plan.joinsN].fd, plan.joins[plan.joinsN].flag = uintptr(fd), kind.flag
		plan.joinsN++
	}
	return nil
}

// tellJoins: the joiner cannot tell what it does; its parent does when it knows how far that went.
func tellJoins(c *Container, n int) {
	for i := 0; i < n; i++ {
		id := joinedID(c, i)
		eventsCall(c, "setns(%s, %s)", c.Spec.Namespaces[id].Path, namespaceKinds[id].flagName)
	}
}

// copyFiles moves the child's descriptors out of the way of their final numbers.
func copyFiles(plan *joinPlan, files []uintptr) error {
	for _, fd := range files {
		if fd == noFile {
			plan.files[plan.filesN] = noFile
			plan.filesN++
			continue
		}
		copied, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC,
			lowestCopyFD)
		if errno != 0 {
			return errorSys(errno, "copying a descriptor")
		}
		plan.files[plan.filesN] = copied
		plan.filesN++
	}
	return nil
}

func closePlan(plan *joinPlan) {
	for i := 0; i < plan.joinsN; i++ {
		syscall.Close(int(plan.joins[i].fd))
	}
	for i := 0; i < plan.filesN; i++ {
		syscall.Close(int(plan.files[i]))
	}
}

func createJoined(c *Container, sync, failure int) error {
	plan := &joinPlan{}
	defer closePlan(plan)
	if err := openJoins(c, plan); err != nil {
		return err
	}
	if err := copyFiles(plan, childFiles(c, sync, failure)); err != nil {
		return err
	}
	self, err := syscall.Open("/proc/self/exe", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return errorSys(err, "opening /proc/self/exe")
	}
	defer syscall.Close(self)
	name, _ := syscall.BytePtrFromString(childName)
	plan.self = uintptr(self)
	plan.empty, plan.argv, plan.envv = new(byte), &[2]*byte{name}, new([1]*byte)
	if c.Spec.Namespaces[nsUser].Wanted {
		// As in create(): without them the capabilities would end with execve(2).
		plan.capsN = uintptr(len(everyCapability()))
		plan.caps = everyCapabilitySet(int(plan.capsN))
	}
	return startJoiner(c, plan)
}

// startJoiner runs the joiner to its end and reads what it tells.
func startJoiner(c *Container, plan *joinPlan) error {
	into := ""
	plan.allMask = ^uint64(0)
	memory, err := syscall.Mmap(-1, 0, int(unsafe.Sizeof(joinReport{})),
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		return errorSys(err, "making memory for the joining process")
	}
	defer syscall.Munmap(memory)
	report := (*joinReport)(unsafe.Pointer(&memory[0]))
	report.failedJoin = -1
	plan.report = report
	plan.clone = cloneArgs{
		flags:     uint64(namespacesFlags(c.Spec)) | clonePidfd | cloneParent | cloneParentTid,
		pidfd:     uint64(uintptr(unsafe.Pointer(&report.pidfd))),
		parentTid: uint64(uintptr(unsafe.Pointer(&report.pid)))}
	if c.CgroupFD >= 0 {
		plan.clone.flags |= cloneIntoCgroup
		plan.clone.cgroup = uint64(c.CgroupFD)
		into = "|CLONE_INTO_CGROUP"
	}
	syscall.ForkLock.Lock()
	joiner, errno := joinerStart(plan)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return errorSys(errno, "creating the joining process")
	}
	for {
		if _, err := syscall.Wait4(int(joiner), nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	joined := plan.joinsN
	if report.failedJoin >= 0 {
		joined = int(report.failedJoin) + 1
	}
	if !c.Enters {
		tellJoins(c, joined)
	}
	if report.failedJoin < 0 {
		eventsCall(c, "clone3(%sCLONE_PIDFD%s)", namespacesFlagNames(namespacesFlags(c.Spec)), into)
		eventsCall(c, "setsid()")
	}
	if err := joinFailure(c, report); err != nil {
		return err
	}
	c.Pid, c.PidFD = int(report.pid), int(report.pidfd)
	return nil
}

// joinFailure is why there is no process; nil: there is one.
func joinFailure(c *Container, report *joinReport) error {
	errno := syscall.Errno(report.errno)
	if report.failedJoin >= 0 && c.Enters {
		return errorSys(errno, "joining the namespaces of container %s", c.Name)
	}
	if report.failedJoin >= 0 {
		id := joinedID(c, int(report.failedJoin))
		return errorSys(errno, "joining %s namespace %s", namespaceKinds[id].name,
			c.Spec.Namespaces[id].Path)
	}
	if errno != 0 {
		err := errorSys(errno, "creating the container's process")
		if errno == syscall.EPERM && !c.Enters {
			errorHint(err, "new namespaces need root, or a user namespace in the spec")
		} else if errno == syscall.EAGAIN && c.Enters {
			errorHint(err, "pids.max of the container's cgroup may be reached")
		} else if errno == syscall.ENOMEM && c.Spec.Namespaces[nsPID].Path != "" && !c.Enters {
			// pid_namespaces(7); a bind mount keeps such a one.
			errorHint(err, "the first process of the joined pid namespace may have "+
				"ended: no other can be made there then")
		}
		return err
	}
	if report.pid <= 0 {
		return errorSay("the joining process ended early")
	}
	return nil
}

// joinedID is the namespace of the n-th join.
func joinedID(c *Container, n int) int {
	for _, id := range joinOrder {
		if c.Spec.Namespaces[id].Path == "" {
			continue
		}
		if n == 0 {
			return id
		}
		n--
	}
	return 0
}

// joinerStart is the bare clone(2), which comes back when the joiner has told and ended (CLONE_VFORK),
// whatever wait4(2) says then. All signals are blocked meanwhile, so that none of Go's
// handlers runs in the copy; the exec stage opens the mask again.
//
//go:nosplit
//go:norace
//go:noinline
func joinerStart(plan *joinPlan) (pid uintptr, errno syscall.Errno) {
	var before uint64
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&plan.allMask)), uintptr(unsafe.Pointer(&before)), 8, 0, 0)
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE,
		uintptr(syscall.SIGCHLD)|cloneFiles|syscall.CLONE_VFORK, 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		joinerRun(plan)
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, sigSetmask,
		uintptr(unsafe.Pointer(&before)), 0, 8, 0, 0)
	return pid, errno
}

// joinerRun is the joiner: it never returns.
//
//go:nosplit
//go:norace
//go:noinline
func joinerRun(plan *joinPlan) {
	// Before the first namespace and for all that are made here: whoever is in there must not look
	// in (CVE-2016-9962). Once more after it: another user namespace is a change of credentials,
	// which sets this to fs.suid_dumpable.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
	for i := 0; i < plan.joinsN; i++ {
		_, _, errno := syscall.RawSyscall(sysSetns, plan.joins[i].fd, plan.joins[i].flag, 0)
		if errno != 0 {
			plan.report.failedJoin, plan.report.errno = int32(i), int32(errno)
			break
		}
	}
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
	if plan.report.failedJoin < 0 {
		pid, _, errno := syscall.RawSyscall(sysClone3, uintptr(unsafe.Pointer(&plan.clone)),
			unsafe.Sizeof(plan.clone), 0)
		if errno == 0 && pid == 0 && plan.calls != nil {
			enteredRun(plan)
		}
		if errno == 0 && pid == 0 {
			joinedExec(plan)
		}
		plan.report.errno = int32(errno)
	}
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// joinedExec gives the descriptors their numbers and executes this program again. It is executed
// by descriptor: in a joined mount namespace /proc/self/exe may not be there.
//
//go:nosplit
//go:norace
//go:noinline
func joinedExec(plan *joinPlan) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0); errno != 0 {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, exitRuntime, 0, 0)
	}
	for i := childSync; i < plan.filesN; i++ {
		if plan.files[i] == noFile {
			continue
		}
		syscall.RawSyscall(syscall.SYS_DUP3, plan.files[i], uintptr(i), 0)
	}
	if plan.capsN > 0 {
		syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&plan.caps)),
			uintptr(unsafe.Pointer(&plan.caps.data)), 0)
	}
	for i := uintptr(0); i < plan.capsN; i++ {
		syscall.RawSyscall6(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientRaise, i, 0, 0, 0)
	}
	syscall.RawSyscall6(sysExecveat, plan.self, uintptr(unsafe.Pointer(plan.empty)),
		uintptr(unsafe.Pointer(plan.argv)), uintptr(unsafe.Pointer(plan.envv)), atEmptyPath, 0)
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, exitRuntime, 0, 0)
	}
}
