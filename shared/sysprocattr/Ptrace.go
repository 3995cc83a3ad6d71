//go:build ignore

// Ptrace: the child stops at its exec and is traced by its parent, which must
// be one thread for all of ptrace(2), and so locks itself to it.
package main

import (
	"log"
	"os"
	"runtime"
	"syscall"
)

func main() {
	runtime.LockOSThread()
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
	if err := syscall.PtraceCont(pid, 0); err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
