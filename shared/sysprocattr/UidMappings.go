//go:build ignore

// UidMappings: user 0 of the new user namespace is the parent's user outside.
// The parent writes the map, the child waits for it.
package main

import (
	"log"
	"os"
	"syscall"
)

func main() {
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	syscall.Wait4(pid, nil, 0, nil)
}
