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

// consoleFindDevpts gives the devpts at /dev/pts below root (O_PATH), or -1 where what is there is
// none.
func consoleFindDevpts(root int) int {
	fd, err := rootfsOpen(root, "/dev/pts", syscall.O_DIRECTORY, resolveBelow|resolveNoSymlinks)
	var fs syscall.Statfs_t
	if err == nil && syscall.Fstatfs(fd, &fs) == nil && fs.Type == devptsSuperMagic {
		return fd
	}
	closeIfOpen(fd)
	return -1
}

// consolePrepare (exec, parent): c.ConsoleFD is the host's ptmx where the container has no devpts at
// /dev/pts. root is a descriptor of its root directory.
func consolePrepare(c *Container, root int) error {
	if devpts := consoleFindDevpts(root); devpts >= 0 {
		syscall.Close(devpts)
		return nil
	}
	var err error
	c.ConsoleFD, err = syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|
		syscall.O_CLOEXEC, 0)
	if err != nil {
		return errorSys(err, "opening ptmx")
	}
	return nil
}

// terminalEnds is the message that carries master and slave to the parent (SCM_RIGHTS, unix(7)); the
// calls that open them save them here.
type terminalEnds struct {
	header        syscall.Msghdr
	vector        syscall.Iovec
	control       syscall.Cmsghdr
	master, slave int32
	mark          byte
}

// consoleCalls makes a pty of the open master, gives its slave to the container's user and sends
// both to the parent.
func consoleCalls(c *Container, sync int, ends *terminalEnds, l *callList) {
	kept(l, ends)
	ends.mark = 'm'
	ends.vector.Base = &ends.mark
	ends.vector.SetLen(1)
	ends.control.Level, ends.control.Type = syscall.SOL_SOCKET, syscall.SCM_RIGHTS
	ends.control.SetLen(syscall.CmsgLen(2 * 4))
	ends.header.Iov, ends.header.Iovlen = &ends.vector, 1
	ends.header.Control = (*byte)(unsafe.Pointer(&ends.control))
	ends.header.SetControllen(syscall.CmsgSpace(2 * 4))

	l.add(syscall.SYS_IOCTL, []uintptr{0, tiocsptlck, kept(l, new(int32))},
		"unlocking the terminal").fd = &ends.master
	k := l.add(syscall.SYS_IOCTL, []uintptr{0, tiocgptpeer,
		syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_CLOEXEC}, "opening the terminal")
	k.fd, k.save = &ends.master, &ends.slave
	uid := c.Spec.Process.UID
	l.add(syscall.SYS_FCHOWN, []uintptr{0, uintptr(uid), ^uintptr(0)},
		"giving the terminal to user %d", uid).fd = &ends.slave
	l.add(syscall.SYS_SENDMSG, []uintptr{uintptr(sync), kept(l, &ends.header),
		syscall.MSG_NOSIGNAL}, "sending the terminal to the parent")
	l.may(syscall.SYS_CLOSE).fd = &ends.master
}

// consoleOpen (child, from mountsSetup) opens a new pty through devptsFD, the root of the
// container's devpts, or, where that is -1, the host's /dev/ptmx, which `exec` has opened already as
// c.ConsoleFD before it joined (consolePrepare); keeps the slave as c.ConsoleFD and sends master and
// slave to the parent.
func consoleOpen(c *Container, devptsFD int) error {
	ends := &terminalEnds{master: int32(c.ConsoleFD), slave: -1}
	if c.ConsoleFD < 0 {
		directory, name := devptsFD, "ptmx"
		flags := syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_CLOEXEC | syscall.O_NOFOLLOW
		if devptsFD < 0 {
			directory, name = atFdcwd, "/dev/ptmx"
			flags &^= syscall.O_NOFOLLOW
		}
		eventsCall(c, "open(\"%s\")", name)
		master, err := syscall.Openat(directory, name, flags, 0)
		if err != nil {
			return errorSys(err, "opening ptmx")
		}
		ends.master = int32(master)
	}
	l := newCalls(c, "mounts")
	consoleCalls(c, c.SyncFD, ends, l)
	err := l.run(c)
	c.ConsoleFD = int(ends.slave)
	return err
}

// consoleAttach (child, from execCommand): its session's controlling terminal and the three
// streams. slave is the terminal, or saved where an earlier call will have saved it.
func consoleAttach(l *callList, saved *int32, slave int) {
	l.says("ioctl(TIOCSCTTY)")
	l.add(syscall.SYS_IOCTL, []uintptr{uintptr(slave), syscall.TIOCSCTTY, 0},
		"taking the terminal").fd = saved
	for fd := uintptr(0); fd <= 2; fd++ {
		l.add(syscall.SYS_DUP3, []uintptr{uintptr(slave), fd, 0},
			"attaching the terminal").fd = saved
	}
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
	master, slave, err := receiveEnds(c.SyncFD)
	if master < 0 {
		return errorSys(err, "receiving the terminal")
	}
	closeIfOpen(c.ConsoleFD)
	c.ConsoleFD, c.ConsolePeerFD = master, slave
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
