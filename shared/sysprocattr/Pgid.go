//go:build ignore

// Pgid: an existing process group of the session, here that of the parent's parent.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	group, err := syscall.Getpgid(syscall.Getppid())
	if err != nil {
		log.Fatal(err)
	}
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pgid: group},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
