// Stage "wait" (parent): hand signals on, carry the terminal, reap the command.
//
// One ppoll(2) loop over the container's pidfd, the signals and, with a terminal of the container's
// own, both directions of it. Signals belong to Go's runtime, so that a goroutine writes into a
// pipe what C reads from a signalfd(2).

package gobox

import (
	"os"
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

// signals waiting to be handed on; as many as may come before the command runs.
var caught = make(chan os.Signal, 64)

// waitBlockSignals catches the signals that waitCommand hands on, from before the first resource
// is made, so that none of them ends the runtime half-way. What a write of ours may raise must not
// end us before cleanup: write(2) then says EPIPE or, as Go has it already, EFBIG.
func waitBlockSignals(c *Container) {
	for _, s := range forwarded {
		// Under nohup(1) a hang-up is nothing to the command either.
		if s != syscall.SIGHUP || !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	for s := syscall.Signal(sigRTMin); s <= sigRTMax; s++ {
		signal.Notify(caught, s)
	}
	signal.Ignore(syscall.SIGPIPE)
}

// waitUnblockSignals: what came too late for the command has nobody to go to any more.
func waitUnblockSignals(c *Container) { signal.Reset() }

// pollFD is struct pollfd of poll(2).
type pollFD struct {
	fd              int32
	events, revents int16
}

const pollOut = 4 // POLLOUT, poll(2)

// poll waits without a limit. amd64's poll(2) is missing on arm64: ppoll(2).
func poll(fds []pollFD) error {
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])),
		uintptr(len(fds)), 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// writeSignals writes each caught signal's number to fd until done is closed.
func writeSignals(fd int, done, stopped chan struct{}) {
	defer close(stopped)
	for {
		select {
		case s := <-caught:
			syscall.Write(fd, []byte{byte(s.(syscall.Signal))})
		case <-done:
			return
		}
	}
}

func forwardSignal(c *Container, signalFD int) {
	var number [1]byte
	if n, err := syscall.Read(signalFD, number[:]); n != len(number) || err != nil {
		return
	}
	if syscall.Signal(number[0]) == syscall.SIGWINCH && c.NewTerminal {
		consoleResize(c)
		return
	}
	eventsCall(c, "pidfd_send_signal(%d)", number[0])
	// ESRCH: it has ended meanwhile; the loop will see that.
	pidfdSendSignal(c.PidFD, syscall.Signal(number[0]))
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

func waitLoop(c *Container, signalFD int) error {
	pumps := [2]pump{waitInput: {from: -1, to: c.ConsoleFD}, waitOutput: {from: c.ConsoleFD, to: 1}}
	if c.NewTerminal {
		pumps[waitInput].from = 0
	}
	for {
		fds := []pollFD{
			waitInput:   pumps[waitInput].waitsFor(),
			waitOutput:  pumps[waitOutput].waitsFor(),
			waitPidFD:   {fd: int32(c.PidFD), events: pollIn},
			waitSignals: {fd: int32(signalFD), events: pollIn},
		}
		if err := poll(fds); err != nil {
			if err == syscall.EINTR {
				continue
			}
			return errorSys(err, "waiting for the command")
		}
		if fds[waitSignals].revents != 0 {
			forwardSignal(c, signalFD)
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
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return errorSys(err, "making a pipe for signals")
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go writeSignals(pipe[1], done, stopped)
	err := waitLoop(c, pipe[0])
	if err == nil {
		err = reap(c)
	}
	// Both ends only when nobody writes any more: the number would soon be another file's.
	close(done)
	<-stopped
	syscall.Close(pipe[0])
	syscall.Close(pipe[1])
	return err
}
