// Stage "wait" (parent): hand signals on, carry the terminal, reap the command.
//
// C sits in one poll(2) loop with a signalfd(2). In Go the runtime owns signals and waiting, so
// each of the three is a goroutine, and the main one blocks in wait4(2).

package gobox

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

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
// is made, so that none of them ends the runtime half-way. SIGPIPE: a reader of our output that
// goes away must not end us before cleanup; write(2) then says EPIPE.
func waitBlockSignals(c *Container) {
	for _, s := range forwarded {
		signal.Notify(caught, s)
	}
	for s := syscall.Signal(sigRTMin); s <= sigRTMax; s++ {
		signal.Notify(caught, s)
	}
	signal.Ignore(syscall.SIGPIPE)
}

func waitUnblockSignals(c *Container) { signal.Reset() }

func forwardSignal(c *Container, s syscall.Signal) {
	if s == syscall.SIGWINCH && c.NewTerminal {
		consoleResize(c)
		return
	}
	eventsCall(c, "pidfd_send_signal(%d)", int(s))
	// It may have ended meanwhile (ESRCH); wait4 will see that.
	syscall.Syscall6(sysPidfdSendSignal, uintptr(c.PidFD), uintptr(s), 0, 0, 0, 0)
}

// forwardSignals hands signals on until done is closed.
func forwardSignals(c *Container, done, stopped chan struct{}) {
	defer close(stopped)
	for {
		select {
		case s := <-caught:
			forwardSignal(c, s.(syscall.Signal))
		case <-done:
			return
		}
	}
}

func writeAll(fd int, data []byte) bool {
	for len(data) > 0 {
		n, err := syscall.Write(fd, data)
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EAGAIN {
			// The caller's descriptor is non-blocking: somebody else's choice, rare and short.
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return false
		}
		data = data[n:]
	}
	return true
}

// copyInput carries the caller's typing; it ends with the process.
func copyInput(c *Container) {
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.Read(0, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 || !writeAll(c.ConsoleFD, buffer[:n]) {
			return
		}
	}
}

// copyOutput carries what the command writes until console is closed on the other side (EIO) or
// its deadline is set.
func copyOutput(console *os.File, done chan struct{}) {
	defer close(done)
	buffer := make([]byte, 4096)
	for {
		n, err := console.Read(buffer)
		if n > 0 && !writeAll(1, buffer[:n]) || err != nil {
			return
		}
	}
}

// drainConsole: what the command wrote last is still in the terminal when it has ended.
func drainConsole(c *Container, console *os.File, done chan struct{}) {
	console.SetReadDeadline(time.Unix(1, 0))
	<-done
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.Read(c.ConsoleFD, buffer)
		if err != nil || n <= 0 || !writeAll(1, buffer[:n]) {
			return
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
	done, stopped := make(chan struct{}), make(chan struct{})
	go forwardSignals(c, done, stopped)
	var console *os.File
	copied := make(chan struct{})
	if c.NewTerminal {
		// Non-blocking, so that Go's poller can be told to stop reading.
		syscall.SetNonblock(c.ConsoleFD, true)
		console = os.NewFile(uintptr(c.ConsoleFD), "console")
		go copyInput(c)
		go copyOutput(console, copied)
	}
	err := reap(c)
	close(done)
	<-stopped
	if console != nil {
		drainConsole(c, console, copied)
		console.Close()
		c.ConsoleFD = -1
	}
	return err
}
