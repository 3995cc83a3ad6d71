// step3 gives the command a root of its own: pivot_root(2) into ./rootfs, and a new /proc there.
//
//	go build -o go-step3 ./step3 && ./go-step3 /bin/sh
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
		fmt.Fprintln(os.Stderr, "usage: go-step3 COMMAND [ARG...]")
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
	enterRoot("rootfs")
	path, err := exec.LookPath(command[0])
	must("looking for the command", err)
	must("execve "+path, syscall.Exec(path, command, os.Environ()))
}

// endregion: child

// region: root
// enterRoot makes dir the root of this mount namespace and lets go of the host's tree.
func enterRoot(dir string) {
	// Cloneflags does not do this: mounts still propagate to the host here.
	must("making / private", syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	// pivot_root(2) wants a mount point.
	must("bind mount of "+dir, syscall.Mount(dir, dir, "", syscall.MS_BIND|syscall.MS_REC, ""))
	must("chdir "+dir, syscall.Chdir(dir))
	// The old root comes to lie on the new one, and "." is then the old one.
	must("pivot_root", syscall.PivotRoot(".", "."))
	must("umount of the old root", syscall.Unmount(".", syscall.MNT_DETACH))
	must("chdir /", syscall.Chdir("/"))
	must("mount of /proc", syscall.Mount("proc", "/proc", "proc",
		syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""))
}

// endregion: root

func exitStatus(err error) int {
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	must("starting the child", err)
	return 0
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "go-step3: %s: %v\n", what, err)
		os.Exit(125)
	}
}
