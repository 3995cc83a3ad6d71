//go:build ignore

// Foreground: a process group of its own, in the foreground of the terminal. Ctty is
// the parent's number of it: the child has not yet arranged its own.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	tty, err := syscall.Open("/dev/tty", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Foreground: true, Ctty: tty},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
