// step1 runs a command in new namespaces: all that SysProcAttr.Cloneflags can do alone.
//
//	go build -o go-step1 ./step1 && ./go-step1 /bin/sh
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go-step1 COMMAND [ARG...]")
		os.Exit(2)
	}
	// region: cloneflags
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
	}
	err := cmd.Run()
	// endregion: cloneflags
	if exit, ok := err.(*exec.ExitError); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-step1:", err)
		os.Exit(1)
	}
}
