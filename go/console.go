// A terminal of the container's own (pty(7)), and the caller's terminal put to raw.
//
// The terminal is opened inside the container, through the root of its own devpts, so that
// ttyname(3) works there and no path of the untrusted rootfs is followed (CVE-2025-52565 was a
// /dev/console or /dev/pts/N that the rootfs had replaced).

package gobox

import (
	"syscall"
	"unsafe"
)

// saved is the caller's terminal as it was, while it is raw; nil otherwise. One process has one.
var saved *syscall.Termios

// ioctl numbers of include/uapi/asm-generic/ioctls.h that Go's syscall package lacks on some
// architectures.
const (
	tiocsptlck  = 0x40045431
	tiocgptpeer = 0x5441
)

func ioctl(fd int, request, argument uintptr) (int, error) {
	result, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, argument)
	if errno != 0 {
		return -1, errno
	}
	return int(result), nil
}

// consoleOpen (child, from mountsSetup) opens a new pty through devptsFD, the root of the
// container's devpts, or, where that is -1, the host's /dev/ptmx; keeps the slave as c.ConsoleFD
// and sends master and slave to the parent (SCM_RIGHTS, unix(7)).
func consoleOpen(c *Container, devptsFD int) error {
	directory, name := devptsFD, "ptmx"
	if devptsFD < 0 {
		directory, name = atFdcwd, "/dev/ptmx"
	}
	eventsCall(c, "open(\"%s\")", name)
	flags := syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_CLOEXEC
	if devptsFD >= 0 {
		flags |= syscall.O_NOFOLLOW
	}
	master, err := syscall.Openat(directory, name, flags, 0)
	if err != nil {
		return errorSys(err, "opening ptmx")
	}
	defer syscall.Close(master)
	var unlock int32
	if _, err := ioctl(master, tiocsptlck, uintptr(unsafe.Pointer(&unlock))); err != nil {
		return errorSys(err, "unlocking the terminal")
	}
	c.ConsoleFD, err = ioctl(master, tiocgptpeer,
		syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC)
	if err != nil {
		return errorSys(err, "opening the terminal")
	}
	if err := syscall.Fchown(c.ConsoleFD, int(c.Spec.Process.UID), -1); err != nil {
		return errorSys(err, "giving the terminal to user %d", c.Spec.Process.UID)
	}
	err = syscall.Sendmsg(c.SyncFD, []byte("m"), syscall.UnixRights(master, c.ConsoleFD), nil,
		syscall.MSG_NOSIGNAL)
	if err != nil {
		return errorSys(err, "sending the terminal to the parent")
	}
	return nil
}

// consoleAttach (child, from execCommand): its session's controlling terminal and the three
// streams.
func consoleAttach(c *Container) error {
	eventsCall(c, "ioctl(TIOCSCTTY)")
	if _, err := ioctl(c.ConsoleFD, syscall.TIOCSCTTY, 0); err != nil {
		return errorSys(err, "taking the terminal")
	}
	for fd := 0; fd <= 2; fd++ {
		if err := syscall.Dup3(c.ConsoleFD, fd, 0); err != nil {
			return errorSys(err, "attaching the terminal")
		}
	}
	return nil
}

// receiveEnds gives no errno when the other side closed the socket without sending.
func receiveEnds(socket int) (master, slave int, err error) {
	var b [1]byte
	control := make([]byte, syscall.CmsgSpace(2*4))
	for {
		n, controlN, _, _, err := syscall.Recvmsg(socket, b[:], control,
			syscall.MSG_CMSG_CLOEXEC)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return -1, -1, err
		}
		messages, err := syscall.ParseSocketControlMessage(control[:controlN])
		if n != 1 || err != nil || len(messages) != 1 {
			return -1, -1, nil
		}
		fds, err := syscall.ParseUnixRights(&messages[0])
		if err != nil || len(fds) != 2 {
			return -1, -1, nil
		}
		return fds[0], fds[1], nil
	}
}

// consoleReceive (parent) receives the master from the child as c.ConsoleFD, non-blocking, and the
// slave as c.ConsolePeerFD: while somebody holds it, the terminal outlives moments in which nobody
// in the container has it open (a login program between two users).
func consoleReceive(c *Container) error {
	var err error
	c.ConsoleFD, c.ConsolePeerFD, err = receiveEnds(c.SyncFD)
	if c.ConsoleFD < 0 {
		return errorSys(err, "receiving the terminal")
	}
	// The command may leave its input unread; the runtime has other things to do meanwhile.
	if err := syscall.SetNonblock(c.ConsoleFD, true); err != nil {
		return errorSys(err, "making the terminal non-blocking")
	}
	consoleResize(c)
	return consoleRaw(c)
}

// consoleHangUp: the caller's terminal is gone, so the container's is: SIGHUP and end of file
// there.
func consoleHangUp(c *Container) {
	eventsCall(c, "close(%d)", c.ConsoleFD)
	syscall.Close(c.ConsoleFD)
	syscall.Close(c.ConsolePeerFD)
	c.ConsoleFD, c.ConsolePeerFD = -1, -1
}

// consoleResize hands the window size on.
func consoleResize(c *Container) {
	var size [4]uint16
	if _, err := ioctl(0, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size))); err == nil {
		ioctl(c.ConsoleFD, syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size)))
	}
}

// consoleRaw puts the caller's terminal to raw mode (termios(3), cfmakeraw).
func consoleRaw(c *Container) error {
	var was syscall.Termios
	if _, err := ioctl(0, syscall.TCGETS, uintptr(unsafe.Pointer(&was))); err != nil {
		return errorSys(err, "reading the terminal's settings")
	}
	raw := was
	raw.Iflag &^= syscall.IGNBRK | syscall.BRKINT | syscall.PARMRK | syscall.ISTRIP |
		syscall.INLCR | syscall.IGNCR | syscall.ICRNL | syscall.IXON
	raw.Oflag &^= syscall.OPOST
	raw.Lflag &^= syscall.ECHO | syscall.ECHONL | syscall.ICANON | syscall.ISIG | syscall.IEXTEN
	raw.Cflag &^= syscall.CSIZE | syscall.PARENB
	raw.Cflag |= syscall.CS8
	raw.Cc[syscall.VMIN], raw.Cc[syscall.VTIME] = 1, 0
	if _, err := ioctl(0, syscall.TCSETS, uintptr(unsafe.Pointer(&raw))); err != nil {
		return errorSys(err, "setting the terminal to raw")
	}
	saved = &was
	return nil
}

// consoleRestore undoes consoleRaw.
func consoleRestore() {
	if saved != nil {
		ioctl(0, syscall.TCSETS+1, uintptr(unsafe.Pointer(saved))) // TCSETSW: after what is written
	}
	saved = nil
}
