//go:build ignore

// All fields that go together with Setpgid instead: the order of the child's calls.
package main

import (
	"log"
	"os"
	"runtime"
	"syscall"
)

func main() {
	tty, err := syscall.Open(os.Args[1], syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	cgroup, err := syscall.Open(os.Args[2], syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	var pidfd int
	runtime.LockOSThread()
	pid, err := syscall.ForkExec(os.Args[4], os.Args[4:], &syscall.ProcAttr{
		Files: []uintptr{uintptr(tty), 1, 2},
		Sys: &syscall.SysProcAttr{
			Chroot:                     os.Args[3],
			Credential:                 &syscall.Credential{Uid: 65534, Gid: 65534, Groups: []uint32{100}},
			Setpgid:                    true,
			Foreground:                 true,
			Ctty:                       tty,
			Noctty:                     true,
			Pdeathsig:                  syscall.SIGTERM,
			Cloneflags:                 syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
			Unshareflags:               syscall.CLONE_NEWNS,
			UidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}},
			GidMappings:                []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}},
			GidMappingsEnableSetgroups: true,
			AmbientCaps:                []uintptr{10},
			UseCgroupFD:                true,
			CgroupFD:                   cgroup,
			PidFD:                      &pidfd,
			Ptrace:                     true,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
