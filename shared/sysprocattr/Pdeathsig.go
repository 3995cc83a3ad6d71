//go:build ignore

// Pdeathsig: the signal that the child gets when the thread that made it ends. Locked
// to the main thread, that is when the process ends.
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
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
