// One container on its way through the stages, and the story of the whole; c/container.c tells it
// in C. Parent and child are two processes: the child is this same program, executed again.

package gobox

// Version of twinbox; the build sets it from the file VERSION.
var Version = "unknown"

const (
	containerNameMax = 64
	cgroupRoot       = "/sys/fs/cgroup"
)

// Container is what the stages work on. Descriptors are -1 while they are not open; containerRun
// owns and closes all of them.
type Container struct {
	// What is asked.
	Spec    *Spec
	Program string   // "gobox"; for messages and the state file
	Name    string   // checked by stateCheckName
	Rootfs  string   // absolute
	PidFile string   // "": none
	Command []string // argv of the command
	NoPivot bool
	Verbose bool // -v: each stage and its calls on LogFD

	// What exists.
	Cgroup      string // "/twinbox/NAME" below cgroupRoot; "": no cgroup stage
	CgroupFD    int    // directory of the cgroup
	Pid         int    // the container's first process, seen from the host
	PidFD       int
	SyncFD      int  // own end of the socket pair between parent and child
	ErrorFD     int  // parent: read end; child: write end, close-on-exec
	ConsoleFD   int  // parent: master of the container's terminal; child: its slave
	EventsFD    int  // --events, O_APPEND; -1: none
	LogFD       int  // standard error of the runtime, for -v in the child too
	StateFD     int  // the locked state file
	IsChild     bool // this process is the child
	LinkMade    bool // the host end of the veth is ours to remove
	PidFileMade bool // the pid file is ours to remove
	NewTerminal bool // process.terminal and standard input is a terminal
	ExitStatus  int  // of the command, once it has ended: 0-255, 128+N for a signal
	stage       string // the stage under way; "" between stages
	stageBegin  int64  // its begin, nanoseconds of CLOCK_MONOTONIC
	facts       []byte // eventsFact collects here until eventsOK
}

// newContainer gives an empty container: descriptors -1, the rest zero.
func newContainer() *Container {
	return &Container{CgroupFD: -1, PidFD: -1, SyncFD: -1, ErrorFD: -1, ConsoleFD: -1,
		EventsFD: -1, LogFD: -1, StateFD: -1}
}

// stage is one stage: what the events and messages call it and the function that does it.
type stage struct {
	name string
	run  func(*Container) error
}
