//go:build ignore

// PidFD: the parent gets a descriptor of the child with its birth.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	var pidfd int
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{PidFD: &pidfd},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
