//go:build ignore

// Ctty with Setctty: the child's number of the terminal, here 3, whatever the parent's is.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	tty, err := syscall.Open(os.Args[1], syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	pid, err := syscall.ForkExec(os.Args[2], os.Args[2:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2, uintptr(tty)},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
