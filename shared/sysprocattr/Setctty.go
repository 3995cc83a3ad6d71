//go:build ignore

// Setctty: the terminal of the first argument controls the new session. Ctty is the
// child's number of it: 0, its place in Files.
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
		Files: []uintptr{uintptr(tty), 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
