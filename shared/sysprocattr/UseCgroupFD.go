//go:build ignore

// UseCgroupFD: the child is born in the cgroup of the first argument.
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
		Sys:   &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: cgroup},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
