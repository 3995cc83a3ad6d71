//go:build ignore

// Cloneflags with CLONE_NEWUTS: born in a new UTS namespace.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
