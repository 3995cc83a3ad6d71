//go:build ignore

// CgroupFD: a directory of cgroup v2, opened. As the child is born there, its new cgroup
// namespace has it as its root.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	cgroup, err := syscall.Open(os.Args[1], syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	pid, err := syscall.ForkExec(os.Args[2], os.Args[2:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWCGROUP,
			UseCgroupFD: true,
			CgroupFD:    cgroup,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
