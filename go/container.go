// The story of one container, as parent and child tell it together; c/container.c tells the same
// story line for line.
//
//	parent                                  child
//	cgroup, namespaces ---- ForkExec -----> this same program again: reads what to do
//	identity, network (host's end)
//	release ------------------------------> identity, network (own end), hostname,
//	                                        mounts, privileges, exec
//	reads the error pipe until EOF <------- execve closes it
//	wait, cleanup
//
// A second process in a running container (`exec`) has the same story without the stages that make
// what it only joins: containerEnter.
//
// C goes on in a copy of the parent after clone3; Go cannot, because only one of its threads would
// be in the copy. So the child is a new program from the start and is told everything once more.

package gobox

import (
	"bytes"
	"syscall"
)

// Version of twinbox; the build sets it from the file VERSION.
var Version = "unknown"

const (
	containerNameMax = 64
	cgroupRoot       = "/sys/fs/cgroup"
)

// Container is what the stages work on. Descriptors are -1 while they are not open; containerRun
// owns and closes all of them but EventsFD and LogFD, which are its caller's.
type Container struct {
	// What is asked.
	Spec     *Spec
	Program  string   // "gobox"; for messages and the state file
	Name     string   // checked by stateCheckName
	Rootfs   string   // absolute
	PidFile  string   // "": none
	Command  []string // argv of the command
	NoPivot  bool
	Verbose  bool     // -v: each stage and its calls on LogFD
	Colour   bool     // in colours: LogFD is a terminal
	Japanese bool     // and in Japanese
	Via      []string // stages that are C's: via.go

	// exec: not a new container but a second process in one that runs. Its first process with a
	// pidfd, which is the caller's to close, and the namespaces in which that differs from us
	// (CLONE_NEW*).
	Enters      bool
	TargetPid   int
	TargetFD    int // -1: run
	TargetFlags uintptr

	// What exists.
	Cgroup        string // "/twinbox/NAME" below cgroupRoot; "": no cgroup stage
	CgroupRoot    int    // cgroupRoot, by cgroupCheck
	CgroupFD      int    // directory of the cgroup
	PidsFD        int    // its pids.max, where the child has to write it: childPidsLimit
	PidsMax       string // what to write there
	Pid           int    // the container's first process, seen from the host
	PidFD         int
	SyncFD        int       // own end of the socket pair between parent and child
	ErrorFD       int       // parent: read end; child: write end, close-on-exec
	ConsoleFD     int       // parent: master of the container's terminal; child: its slave
	ConsolePeerFD int       // parent: the slave, held open as long as the master
	EventsFD      int       // --events, O_APPEND; -1: none
	LogFD         int       // -v: standard error of the runtime, for the child too
	StateDir      int       // the state directory, while StateFD is open
	StateFD       int       // the locked state file
	StateSize     int64     // its bytes: stateAppend
	Created       int64     // seconds since 1970, UTC, by stateCreate
	IsChild       bool      // this process is the child
	LinkAddress   [6]byte   // of the host end of the veth, by stateCreate; 0: any
	LinkMade      bool      // the host end of the veth is ours to remove
	LinkIndex     uint32    // its index; 0: not known
	PidInFile     int       // what the pid file holds, which is ours to remove; 0: none is
	NewTerminal   bool      // process.terminal and standard input is a terminal
	Inherited     Inherited // by containerRun, containerEnter
	Umask         int       // run: the caller's, for the pid file
	ExitStatus    int       // of the command, once it has ended: 0-255, 128+N for a signal
	stage         string    // the stage under way; "" between stages
	stageBegin    int64     // its begin, nanoseconds of CLOCK_MONOTONIC
	facts         []byte    // eventsFact collects here until eventsOK
	entering      *callList // exec: what the child does; nil where it is a second self
	last          *callList // child: its stage "exec", by execPrepare
}

// stage is one stage: what the events and messages call it and the function that does it.
type stage struct {
	name string
	run  func(*Container) error
}

var parentStages = []stage{
	{"cgroup", cgroupCreate},
	{"namespaces", namespacesCreate},
	{"identity", identityMap},
	{"network", networkCreate},
	{"privileges", privilegesAdjustOOM},
}

var childStages = []stage{
	{"identity", identityAssume},
	{"network", networkConfigure},
	{"hostname", hostnameSet},
	{"mounts", mountsSetup},
	{"privileges", privilegesDrop},
	{"exec", execCommand},
}

// exec: the cgroup is opened, the namespaces are joined.
var enteringParentStages = []stage{
	{"cgroup", cgroupOpen},
	{"namespaces", namespacesCreate},
	{"privileges", privilegesAdjustOOM},
}

// For a second self that joined before it began (go/bridge); else enterCalls lists the same.
var enteringChildStages = []stage{
	{"identity", identityAssume},
	{"mounts", mountsSetup},
	{"privileges", privilegesDrop},
	{"exec", execCommand},
}

var waitStage = []stage{{"wait", waitCommand}}
var cleanupStage = []stage{{"cleanup", cleanupContainer}}

// newContainer gives an empty container: descriptors -1, the rest zero.
func newContainer() *Container {
	return &Container{CgroupRoot: -1, CgroupFD: -1, PidsFD: -1, PidFD: -1, SyncFD: -1, ErrorFD: -1,
		ConsoleFD: -1, ConsolePeerFD: -1, EventsFD: -1, LogFD: -1, StateDir: -1, StateFD: -1,
		TargetFD: -1, Japanese: languageJapanese()}
}

// containerStages runs the stages in order, each between its events, until one fails.
func containerStages(c *Container, stages []stage) error {
	for _, s := range stages {
		eventsBegin(c, s.name)
		if err := s.run(c); err != nil {
			e := asError(err)
			if e.Stage == "" {
				e.Stage = s.name
			}
			eventsError(c, s.name, e)
			return e
		}
		eventsOK(c, s.name)
	}
	return nil
}

func childEnded() error {
	return errorHint(errorSay("the child ended before its command ran"),
		"it was killed from outside or by a memory limit that is too small")
}

// release lets the child go on: from here it runs its own stages.
func release(c *Container) error {
	err := syscall.Sendto(c.SyncFD, []byte("g"), syscall.MSG_NOSIGNAL, nil)
	if err == syscall.EPIPE {
		return childEnded()
	}
	if err != nil {
		return errorSys(err, "releasing the child")
	}
	return nil
}

// containerReadAll fills buffer; fewer bytes mean end of file.
func containerReadAll(fd int, buffer []byte) (int, error) {
	got := 0
	for got < len(buffer) {
		n, err := syscall.Read(fd, buffer[got:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return got, err
		}
		if n == 0 {
			break
		}
		got += n
	}
	return got, nil
}

// containerConfirm learns from the error pipe whether the command runs. The child writes 'x' just
// before execve(2), which then closes the pipe; a failure is 'e' and the error. End of file without
// either means that the child was killed on its way.
func containerConfirm(c *Container) error {
	if err := waitForEnd(c, c.ErrorFD); err != nil {
		return err
	}
	var told [toldMax]byte // marks, and after 'e' the error: the pipe holds all of it
	n, err := 0, error(syscall.EINTR)
	for err == syscall.EINTR {
		n, err = syscall.Read(c.ErrorFD, told[:])
	}
	if err != nil {
		return errorSys(err, "reading from the child")
	}
	rest, aboutToRun := bytes.CutPrefix(told[:n], []byte("x"))
	if ofChild, failed := bytes.CutPrefix(rest, []byte("e")); failed {
		read := childErrorRead
		if c.entering != nil {
			read = c.entering.read
		}
		if err := read(ofChild); err != nil {
			return err
		}
	}
	// Else it was killed, perhaps while it told its failure.
	if !aboutToRun || len(rest) > 0 {
		return childEnded()
	}
	c.stageBegin = 0 // its begin was told by the child
	eventsOK(c, "exec")
	return nil
}

// writePidFile is --pid-file: the pid as the host sees it. A file that is there already is not
// ours to replace.
func writePidFile(c *Container) error {
	if c.PidFile == "" {
		return nil
	}
	// It is the caller's, and so is its mode.
	fd, err := syscall.Open(c.PidFile, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|
		syscall.O_NOFOLLOW|syscall.O_CLOEXEC, uint32(0o644&^c.Umask))
	if err != nil {
		return errorSys(err, "creating pid file %s", c.PidFile)
	}
	defer syscall.Close(fd)
	c.PidInFile = c.Pid
	if _, err := syscall.Write(fd, decimalLine(c.Pid)); err != nil {
		return errorSys(err, "writing pid file %s", c.PidFile)
	}
	return nil
}

// startCommand lets the child go on and hears that its command runs. A frozen child keeps us waiting
// here.
func startCommand(c *Container) error {
	if err := release(c); err != nil {
		return err
	}
	if c.NewTerminal {
		if err := waitForChild(c, c.SyncFD, pollIn); err != nil {
			return err
		}
		if err := consoleReceive(c); err != nil {
			// The child's own words say more than the end of the socket.
			if ofChild := containerConfirm(c); ofChild != nil {
				return ofChild
			}
			return err
		}
	}
	return containerConfirm(c)
}

func start(c *Container) error {
	if err := stateBeforeBirth(c); err != nil {
		return err
	}
	if err := containerStages(c, viaStages(c, parentStages, parentStagesOfC)); err != nil {
		return err
	}
	if err := stateUpdate(c); err != nil {
		return err
	}
	if err := startCommand(c); err != nil {
		return err
	}
	// Only now: before its own root it would be the host's that `exec` enters.
	statePublish(c)
	return writePidFile(c)
}

// finish is what both commands share from the start to the end.
func finish(c *Container, err error) error {
	if err == nil {
		err = containerStages(c, waitStage)
	}
	consoleRestore()
	// The first failure is the one to tell; what cleanup adds counts only after success.
	if ofCleanup := containerStages(c, cleanupStage); ofCleanup != nil && err == nil {
		err = ofCleanup
	}
	return err
}

// containerRun runs one container from begin to end: all stages, wait, cleanup. After a failure
// everything that had been made is gone again; the error says which stage failed.
func containerRun(c *Container) error {
	c.Inherited = inheritedRead()
	// What is made for the container has the modes that it asks for, the cgroup first.
	c.Umask = syscall.Umask(0o022)
	waitBlockSignals(c)
	defer waitUnblockSignals(c)
	if err := cgroupPath(c); err != nil {
		return err
	}
	if err := stateCreate(c); err != nil {
		return err
	}
	err := start(c)
	if err != nil && specMakes(c.Spec, nsUser) {
		usernsExplain(err)
	}
	return finish(c, err)
}

// containerEnter is exec: it runs c.Command in the container whose first process is c.TargetPid: the
// stages that join what run's stages make, wait. Nothing of the container itself is touched.
func containerEnter(c *Container) error {
	c.Inherited = inheritedRead()
	waitBlockSignals(c)
	defer waitUnblockSignals(c)
	err := containerStages(c, viaStages(c, enteringParentStages, enteringStagesOfC))
	// Whoever has it open at the end removes it, and this one is not ours.
	closeFD(&c.CgroupFD)
	if err == nil {
		err = startCommand(c)
	}
	return finish(c, err)
}

// waitForRelease: end of file means that the parent is gone.
func waitForRelease(c *Container) {
	var b [1]byte
	if n, _ := containerReadAll(c.SyncFD, b[:]); n != 1 {
		syscall.Exit(exitRuntime)
	}
}

// containerDieWithParent (child): the kernel ends it with its parent, from here on; an error where that
// is gone already. The signal comes with the parent's end, but not for an end that came before it was
// asked for: then the other end of the socket pair is closed already, whatever the parent had sent
// before.
func containerDieWithParent(c *Container) error {
	err := prctl(syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL))
	parent := []pollFD{{fd: int32(c.SyncFD)}}
	if err == nil {
		err = pollNow(parent)
	}
	if err != nil {
		return errorSys(err, "binding the child to its parent")
	}
	if parent[0].revents != 0 {
		return errorSay("the parent is gone")
	}
	return nil
}

// containerChild is the child's side: waits for the parent, runs its stages and ends in execve(2).
// Never returns; a failure goes to the parent over c.ErrorFD.
func containerChild(c *Container) {
	c.IsChild = true
	// Before it waits, so that a dying parent leaves no child behind.
	err := containerDieWithParent(c)
	waitForRelease(c)
	// From here until execve nobody in a joined pid namespace may look in: CVE-2016-9962.
	prctl(syscall.PR_SET_DUMPABLE, 0)
	stages := childStages
	if c.Enters {
		stages = enteringChildStages
		syscall.Umask(0o022) // in `run` it is the parent's
	}
	stages = viaStages(c, stages, childStagesOfC)
	last := len(stages) - 2 // "privileges", "exec"
	if err == nil {
		err = containerStages(c, stages[:last])
	}
	if err == nil {
		execPrepare(c)
		if limitsMemory(c.Spec) {
			childSpareMemory()
		}
		err = containerStages(c, stages[last:])
	}
	e := asError(err)
	childErrorWrite(c.ErrorFD, e)
	syscall.Exit(e.Status)
}
