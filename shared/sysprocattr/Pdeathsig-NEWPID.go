//go:build ignore

// Pdeathsig in a new pid namespace: the child cannot see its parent there, and takes it for
// dead.
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
		Sys: &syscall.SysProcAttr{
			Pdeathsig:  syscall.SIGTERM,
			Cloneflags: syscall.CLONE_NEWPID,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
