// Stage "wait" (parent): hand signals on, carry the terminal, reap the command.
//
// One ppoll(2) loop over the container's pidfd, the signals and, with a terminal of the container's
// own, both directions of it. C blocks the signals and reads them from a signalfd(2); Go cannot,
// since its runtime has threads that do not block them. So a handler of our own, a few lines of
// assembler in wait_ARCH.s, writes the number of a signal into a pipe. os/signal does the same at a
// price that was half of a container's start: for each of 41 signals it goes from this locked thread
// to another one and back, once to begin and once to end.

package gobox

import (
	"os/signal"
	"syscall"
	"unsafe"
)

// terminalBytes is more than a pty holds (drivers/tty/pty.c).
const terminalBytes = 65536

// forwarded signals go on to the command, with the real-time signals. Left alone: what stops and
// continues the runtime itself for the caller's job control, and what a fault of the runtime
// raises.
var forwarded = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1,
	syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGTERM, syscall.SIGWINCH, syscall.SIGIO,
	syscall.SIGPWR}

// glibc keeps 32 and 33 for itself, so C's SIGRTMIN is 34; SIGRTMAX is 64.
const (
	sigRTMin = 34
	sigRTMax = 64
)

// The addresses of the handler and of what it returns to, set in wait_ARCH.s.
var signalHandlerPC, signalReturnPC uintptr

// signalReader is where waitCommand reads the numbers, signalWriter what the handler writes them
// to; -1 before waitBlockSignals. A process has one set of handlers, and so one pipe.
var signalReader, signalWriter int32 = -1, -1

// ending: of the forwarded ones those that ask the runtime to end, where no command could take them.
// The handler knows them too.
var ending = [signals + 1]string{syscall.SIGHUP: "SIGHUP", syscall.SIGINT: "SIGINT",
	syscall.SIGTERM: "SIGTERM"}

// signalKiller is what the handler writes to when it gets one of these: cgroup.kill of a child that
// keeps ForkExec from coming back; -1: nothing. A signal that comes before the child does kills nobody
// there. So the handler has SIGALRM sent to itself after signalAgain, which by then is one of those
// that make it write: signalEnds. signalsEarly are the others, which came before the
// command.
var signalKiller int32 = -1
var signalEnds uint64 = 1<<syscall.SIGHUP | 1<<syscall.SIGINT | 1<<syscall.SIGTERM
var signalAgain = [2]syscall.Timeval{1: {Usec: 10000}} // struct itimerval: once
var signalsEarly []syscall.Signal

// signalPipeError is why there is no pipe: for waitCommand, whose failure it is.
var signalPipeError error

func forwardedMask(c *Container) uint64 {
	var mask uint64
	for _, s := range forwarded {
		// Under nohup(1) a hang-up is nothing to the command either.
		if s != syscall.SIGHUP || c.Inherited.Ignored>>(s-1)&1 == 0 {
			mask |= 1 << (s - 1)
		}
	}
	for s := sigRTMin; s <= sigRTMax; s++ {
		mask |= 1 << (s - 1)
	}
	return mask
}

// waitBlockSignals catches the signals that waitCommand hands on, from before the first resource
// is made, so that none of them ends the runtime half-way. What a write of ours may raise must not
// end us before cleanup: write(2) then says EPIPE or, as Go has it already, EFBIG.
func waitBlockSignals(c *Container) {
	signal.Ignore(syscall.SIGPIPE)
	if signalReader < 0 {
		var pipe [2]int
		// A full pipe drops signals rather than stop the thread that got one.
		signalPipeError = syscall.Pipe2(pipe[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK)
		if signalPipeError != nil {
			return
		}
		signalReader, signalWriter = int32(pipe[0]), int32(pipe[1])
	}
	mask := forwardedMask(c)
	for s := syscall.Signal(1); s <= signals; s++ {
		if mask>>(s-1)&1 == 1 {
			catchSignal(s)
		}
	}
	// The caller may have blocked them.
	changeMask(sigUnblock, mask)
}

// waitUnblockSignals: what came too late for the command has nobody to go to any more. The
// handlers and their pipe stay to the end of the process, which is near. A message that nobody reads
// ends it, as it ends any program; also where the caller ignores SIGPIPE, which Go's runtime does not
// tell. signal.Reset would begin a goroutine on a thread of its own, 2 % of a start.
func waitUnblockSignals(c *Container) {
	changeAction(syscall.SIGPIPE, &kernelSigaction{handler: sigDfl})
}

// pollFD is struct pollfd of poll(2).
type pollFD struct {
	fd              int32
	events, revents int16
}

const pollOut = 4 // POLLOUT, poll(2)

// pollNow does not wait. A signal ends it all the same, and the Go runtime sends SIGURG to its own
// threads when they compute for long (asyncPreempt).
func pollNow(fds []pollFD) error {
	for {
		if err := ppoll(fds, &syscall.Timespec{}); err != syscall.EINTR {
			return err
		}
	}
}

// poll waits without a limit. amd64's poll(2) is missing on arm64: ppoll(2).
func poll(fds []pollFD) error { return ppoll(fds, nil) }

func ppoll(fds []pollFD, limit *syscall.Timespec) error {
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])),
		uintptr(len(fds)), uintptr(unsafe.Pointer(limit)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// waitWithKiller lets the handler end what begins in the container's cgroup, until done is called.
func waitWithKiller(c *Container) (done func()) {
	fd := -1
	if c.CgroupFD >= 0 {
		// A kernel without that file is older than 5.14; there a frozen child thaws first.
		fd, _ = syscall.Openat(c.CgroupFD, "cgroup.kill", syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	}
	signalKiller = int32(fd)
	return func() {
		signalKiller = -1
		closeIfOpen(fd)
	}
}

// waitEnded is an error, with the status 128+N, where one of the ending signals has come.
func waitEnded(c *Container) error {
	for number := nextSignal(); number != 0; number = nextSignal() {
		if name := ending[number]; name != "" {
			err := errorSay("%s came before the command ran", name)
			asError(err).Status = 128 + int(number)
			return err
		}
		signalsEarly = append(signalsEarly, number)
	}
	return nil
}

// waitForChild waits until there is something to read at fd (pollIn) or room to write (pollOut), or
// its other end is closed; waitEnded's error where one of those signals comes first: there is no
// command yet that it could go to, and a child that is frozen would keep us waiting.
func waitForChild(c *Container, fd int, events int16) error {
	for {
		fds := []pollFD{{fd: int32(fd), events: events}, {fd: signalReader, events: pollIn}}
		if err := poll(fds); err != nil && err != syscall.EINTR {
			return errorSys(err, "waiting for the child")
		}
		if fds[1].revents != 0 {
			if err := waitEnded(c); err != nil {
				return err
			}
		}
		if fds[0].revents != 0 {
			return nil
		}
	}
}

// waitForEnd is the same until nobody has the other end of the pipe any more, whatever is in it:
// POLLHUP comes without being asked for (poll(2)).
func waitForEnd(c *Container, fd int) error { return waitForChild(c, fd, 0) }

// nextSignal reads a number from the pipe, 0 where there is none.
func nextSignal() syscall.Signal {
	var number [1]byte
	if n, err := syscall.Read(int(signalReader), number[:]); n != len(number) || err != nil {
		return 0
	}
	return syscall.Signal(number[0])
}

func forwardSignal(c *Container, number syscall.Signal) {
	if number == 0 {
		return
	}
	if number == syscall.SIGWINCH && c.NewTerminal {
		consoleResize(c)
		return
	}
	eventsCall(c, "pidfd_send_signal(%d)", int(number))
	// ESRCH: it has ended meanwhile; the loop will see that.
	pidfdSendSignal(c.PidFD, number)
}

// pump is one direction of the terminal: what was read on one side and is not yet taken on the
// other.
type pump struct {
	from, to   int // -1: none
	begin, end int
	data       [4096]byte
}

// waitsFor: it reads when it is empty, else writes: neither side's pause stops the other direction.
func (p *pump) waitsFor() pollFD {
	if p.begin < p.end {
		return pollFD{fd: int32(p.to), events: pollOut}
	}
	return pollFD{fd: int32(p.from), events: pollIn}
}

// move moves what can be moved now; false at the end of one side.
func (p *pump) move() bool {
	isFull := p.begin < p.end
	var n int
	var err error
	if isFull {
		n, err = syscall.Write(p.to, p.data[p.begin:p.end])
	} else {
		n, err = syscall.Read(p.from, p.data[:])
	}
	if err != nil {
		return err == syscall.EINTR || err == syscall.EAGAIN
	}
	if isFull {
		p.begin += n
		return true
	}
	p.begin, p.end = 0, n
	return n > 0
}

// drain: what the command wrote last is still in the terminal when it has ended.
func (p *pump) drain() {
	// Bounded: without a pid namespace the command's children may go on writing.
	for moved := 0; p.from >= 0; moved += p.end {
		for p.begin < p.end {
			fd := []pollFD{p.waitsFor()}
			if err := poll(fd); err != nil && err != syscall.EINTR || !p.move() {
				return
			}
		}
		if moved >= terminalBytes || !p.move() || p.begin == p.end {
			return
		}
	}
}

// What waitLoop polls, in this order.
const (
	waitInput = iota
	waitOutput
	waitPidFD
	waitSignals
)

// moveTerminal: either side's end is the end of the terminal, as for a window that is closed.
func moveTerminal(c *Container, pumps *[2]pump, fds []pollFD) {
	for i := waitInput; i <= waitOutput; i++ {
		if fds[i].revents == 0 || pumps[i].move() {
			continue
		}
		consoleHangUp(c)
		pumps[waitInput], pumps[waitOutput] = pump{from: -1, to: -1}, pump{from: -1, to: -1}
		return
	}
}

func waitLoop(c *Container) error {
	pumps := [2]pump{waitInput: {from: -1, to: c.ConsoleFD}, waitOutput: {from: c.ConsoleFD, to: 1}}
	if c.NewTerminal {
		pumps[waitInput].from = 0
	}
	for {
		fds := []pollFD{
			waitInput:   pumps[waitInput].waitsFor(),
			waitOutput:  pumps[waitOutput].waitsFor(),
			waitPidFD:   {fd: int32(c.PidFD), events: pollIn},
			waitSignals: {fd: signalReader, events: pollIn},
		}
		if err := poll(fds); err != nil {
			if err == syscall.EINTR {
				continue
			}
			return errorSys(err, "waiting for the command")
		}
		if fds[waitSignals].revents != 0 {
			forwardSignal(c, nextSignal())
		}
		moveTerminal(c, &pumps, fds)
		if fds[waitPidFD].revents != 0 {
			pumps[waitOutput].drain()
			return nil
		}
	}
}

// reap waits for the command's end.
func reap(c *Container) error {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.Pid, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return errorSys(err, "reaping the command")
		}
		break
	}
	c.Pid = 0
	c.ExitStatus = status.ExitStatus()
	if status.Signaled() {
		c.ExitStatus = 128 + int(status.Signal())
	}
	eventsFact(c, "status", "%d", c.ExitStatus)
	return nil
}

// waitCommand runs until the command has ended: signals to it (pidfd_send_signal(2)), pty both
// ways, exit status.
func waitCommand(c *Container) error {
	if signalPipeError != nil {
		return errorSys(signalPipeError, "making a pipe for signals")
	}
	for _, number := range signalsEarly {
		forwardSignal(c, number)
	}
	if err := waitLoop(c); err != nil {
		return err
	}
	return reap(c)
}
