//go:build ignore

// Unshareflags with CLONE_NEWNS: a new mount namespace, and its mounts made private.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
