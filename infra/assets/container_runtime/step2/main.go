// step2 sets the host name before the command runs. Go has no code of ours between clone and
// execve, so the program executes itself a second time, as "child", and does it there.
//
//	go build -o go-step2 ./step2 && ./go-step2 /bin/sh
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	switch {
	case len(os.Args) >= 3 && os.Args[0] == "child":
		child(os.Args[1], os.Args[2:])
	case len(os.Args) >= 2:
		os.Exit(parent(os.Args[1:]))
	default:
		fmt.Fprintln(os.Stderr, "usage: go-step2 COMMAND [ARG...]")
		os.Exit(2)
	}
}

// region: parent
func parent(command []string) int {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"child", "container"}, command...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
	}
	return exitStatus(cmd.Run())
}

// endregion: parent

// region: child
func child(hostname string, command []string) {
	must("sethostname", syscall.Sethostname([]byte(hostname)))
	path, err := exec.LookPath(command[0])
	must("looking for the command", err)
	must("execve "+path, syscall.Exec(path, command, os.Environ()))
}

// endregion: child

func exitStatus(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	must("starting the child", err)
	return 0
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "go-step2: %s: %v\n", what, err)
		os.Exit(125)
	}
}
