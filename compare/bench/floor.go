// floor.go: the least that a container of this kind costs a Go program: fork, execute itself again,
// and the same kernel calls as floor.c, nothing checked. `make bench` puts gobox beside it.
//
//	floor ROOTFS CGROUP
package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	sysOpenTree   = 428
	sysMoveMount  = 429
	sysFsopen     = 430
	sysFsconfig   = 431
	sysFsmount    = 432
	sysCloseRange = 436

	cloneNewcgroup = 0x02000000
	opath          = 0x200000
	emptyPaths     = 0x44 // MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
)

func init() { runtime.LockOSThread() }

func text(s string) uintptr {
	p, _ := syscall.BytePtrFromString(s)
	return uintptr(unsafe.Pointer(p))
}

func call(number uintptr, a ...uintptr) int {
	var all [6]uintptr
	copy(all[:], a)
	r, _, _ := syscall.RawSyscall6(number, all[0], all[1], all[2], all[3], all[4], all[5])
	return int(r)
}

func loopbackUp() {
	nl, _ := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	// struct nlmsghdr and struct ifinfomsg of link 1: type RTM_NEWLINK, flags IFF_UP.
	message := []byte{32, 0, 0, 0, syscall.RTM_NEWLINK, 0, syscall.NLM_F_REQUEST | syscall.NLM_F_ACK, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, syscall.IFF_UP, 0, 0, 0, syscall.IFF_UP, 0, 0, 0}
	syscall.Sendto(nl, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK})
	syscall.Recvfrom(nl, make([]byte, 4096), 0)
	syscall.Close(nl)
}

func mounts(rootfs string) {
	empty := text("")
	here := -100 // AT_FDCWD
	syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	root := call(sysOpenTree, uintptr(here), text(rootfs), 1|syscall.O_CLOEXEC|0x8000)
	fs := call(sysFsopen, text("proc"), 1)
	call(sysFsconfig, uintptr(fs), 1, text("source"), text("proc"), 0)
	call(sysFsconfig, uintptr(fs), 6, 0, 0, 0)
	proc := call(sysFsmount, uintptr(fs), 1, 0)
	syscall.Close(fs)
	call(sysMoveMount, uintptr(root), empty, uintptr(here), text("/"), 4)
	syscall.Fchdir(root)
	syscall.PivotRoot(".", ".")
	syscall.Unmount(".", syscall.MNT_DETACH)
	target, _ := syscall.Open("/proc", opath|syscall.O_CLOEXEC, 0)
	call(sysMoveMount, uintptr(proc), empty, uintptr(target), empty, emptyPaths)
	syscall.Close(target)
	syscall.Close(proc)
	syscall.Close(root)
	syscall.Chdir("/")
}

func privileges() {
	const capsetVersion3 = 0x20080522
	header, none := [2]uint32{capsetVersion3}, [6]uint32{}
	call(syscall.SYS_SETGROUPS, 0, 0)
	call(syscall.SYS_PRCTL, syscall.PR_SET_KEEPCAPS, 1)
	call(syscall.SYS_SETRESGID, 0, 0, 0)
	call(syscall.SYS_SETRESUID, 0, 0, 0)
	call(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)))
	call(syscall.SYS_PRCTL, 47, 4) // PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL
	call(syscall.SYS_KEYCTL, 1, 0) // KEYCTL_JOIN_SESSION_KEYRING
	call(syscall.SYS_PRCTL, 38, 1) // PR_SET_NO_NEW_PRIVS
	call(sysCloseRange, 3, 1<<32-1, 4)
}

// devices is floor.c's program, an instruction a number: value, offset, registers, code.
var devices = [...]uint64{
	0x0000000000001361, 0x0000000000041461, 0x0000000000081561, 0x00000000000032bc, 0x0000001000000274,
	0x00000001000f0216, 0x0000ffff00000354, 0x00000000000042bc, 0x0000001400000264, 0x000000000000254c,
	0x0000000200080355, 0x0010000300090516, 0x0010000500080516, 0x0010000700070516, 0x0010000800060516,
	0x0010000900050516, 0x0050000000040516, 0x0050000200030516, 0x0000008800020416, 0x00000000000000b7,
	0x0000000000000095, 0x00000001000000b7, 0x0000000000000095,
}

func restrictDevices(cgroup int) {
	type loadAttr struct {
		kind, count           uint32
		instructions, license uintptr
		rest                  [6]uint32
	}
	load := loadAttr{kind: 15, count: uint32(len(devices)),
		instructions: uintptr(unsafe.Pointer(&devices)), license: text("MIT")}
	fd := call(321, 5, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	attach := [4]uint32{uint32(cgroup), uint32(fd), 6, 2}
	call(321, 8, uintptr(unsafe.Pointer(&attach)), unsafe.Sizeof(attach))
	syscall.Close(fd)
}

// child is the second self: descriptor 3 lets it go on, 4 tells that it runs.
func child() {
	b := make([]byte, 256)
	n, _ := syscall.Read(3, b)
	loopbackUp()
	syscall.Sethostname([]byte("floor"))
	mounts(string(b[:n]))
	privileges()
	syscall.Write(4, []byte("x"))
	syscall.Exec("/bin/true", []string{"/bin/true"}, []string{"PATH=/bin"})
	syscall.Exit(127)
}

func main() {
	if os.Args[0] == "floor-child" {
		child()
	}
	cgroup := "/sys/fs/cgroup/" + os.Args[2]
	syscall.Mkdir(cgroup, 0o755)
	dir, _ := syscall.Open(cgroup, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	restrictDevices(dir)
	sync, _ := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	var failure [2]int
	syscall.Pipe2(failure[:], syscall.O_CLOEXEC)
	pidfd := -1
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"floor-child"}, &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2, uintptr(sync[1]), uintptr(failure[1])},
		Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, PidFD: &pidfd,
			UseCgroupFD: true, CgroupFD: dir,
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
				syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | cloneNewcgroup}})
	if err != nil {
		syscall.Exit(125)
	}
	syscall.Close(failure[1])
	syscall.Write(sync[0], []byte(os.Args[1]))
	for n := 1; n > 0; {
		n, _ = syscall.Read(failure[0], make([]byte, 1))
	}
	var status syscall.WaitStatus
	syscall.Wait4(pid, &status, 0, nil)
	syscall.Rmdir(cgroup)
	syscall.Exit(status.ExitStatus())
}
