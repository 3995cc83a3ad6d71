// step5 connects the command: a veth pair from the host into its network namespace.
//
//	go build -o go-step5 ./step5 && ./go-step5 /bin/sh
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	switch {
	case len(os.Args) >= 3 && os.Args[0] == "child":
		child(os.Args[1], os.Args[2:])
	case len(os.Args) >= 2:
		leave(parent(os.Args[1:]))
	default:
		fmt.Fprintln(os.Stderr, "usage: go-step5 COMMAND [ARG...]")
		os.Exit(2)
	}
}

// region: limits
const cgroupPath = "/sys/fs/cgroup/workshop"

var limits = []struct{ file, value string }{
	{"memory.max", "50M"},
	{"memory.swap.max", "0"},
	{"cpu.max", "20000 100000"}, // microseconds of each 100 ms
	{"pids.max", "20"},
}

// openCgroup makes the cgroup with its limits and opens its directory.
func openCgroup() int {
	must("enabling controllers", os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control",
		[]byte("+cpu +memory +pids"), 0))
	must("mkdir "+cgroupPath, syscall.Mkdir(cgroupPath, 0o755))
	undo = append(undo, func() { syscall.Rmdir(cgroupPath) })
	for _, limit := range limits {
		must(limit.file, os.WriteFile(cgroupPath+"/"+limit.file, []byte(limit.value), 0))
	}
	fd, err := syscall.Open(cgroupPath, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	must("opening "+cgroupPath, err)
	return fd
}

// endregion: limits

const (
	hostLink      = "ws-host"
	containerLink = "eth0"
	syncFD        = 3 // in the child: the first of cmd.ExtraFiles
)

var (
	hostIP      = [4]byte{10, 200, 0, 1}
	containerIP = [4]byte{10, 200, 0, 2}
)

// region: parent
func parent(command []string) int {
	cgroup := openCgroup()
	wait, release, err := os.Pipe()
	must("pipe", err)
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{"child", "container"}, command...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{wait}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET | syscall.CLONE_NEWCGROUP,
		UseCgroupFD: true,
		CgroupFD:    cgroup,
	}
	must("starting the child", cmd.Start())
	undo = append(undo, func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	wait.Close()
	// The child waits: its end of the pair cannot be set up before there is one.
	must("creating the veth pair", vethCreate(hostLink, containerLink, cmd.Process.Pid))
	// It goes with the child's network namespace, too, but only some time after the child's end.
	undo = append(undo, func() { linkDelete(hostLink) })
	must("setting up "+hostLink, linkSetup(hostLink, hostIP))
	release.Write([]byte{1})
	release.Close()
	return exitStatus(cmd.Wait())
}

// linkSetup gives a link of the caller's network namespace its address and brings it up.
func linkSetup(name string, ip [4]byte) error {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	if err := addressAdd(link.Index, ip, 24); err != nil {
		return err
	}
	return linkUp(link.Index)
}

// endregion: parent

// region: child
func child(hostname string, command []string) {
	waitForParent()
	const loopback = 1 // the first link of every network namespace
	must("bringing lo up", linkUp(loopback))
	must("setting up "+containerLink, linkSetup(containerLink, containerIP))
	must("adding the default route", routeAddDefault(hostIP))
	must("sethostname", syscall.Sethostname([]byte(hostname)))
	enterRoot("rootfs")
	path, err := exec.LookPath(command[0])
	must("looking for the command", err)
	must("execve "+path, syscall.Exec(path, command, os.Environ()))
}

// waitForParent returns after the parent's byte. End of file means that the parent is gone.
func waitForParent() {
	pipe := os.NewFile(syncFD, "sync")
	if n, _ := pipe.Read(make([]byte, 1)); n != 1 {
		os.Exit(125)
	}
	pipe.Close()
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
		fmt.Fprintf(os.Stderr, "go-step5: %s: %v\n", what, err)
		leave(125)
	}
}

// undo is what has to be taken back on every way out, the newest last.
var undo []func()

func leave(status int) {
	for i := len(undo) - 1; i >= 0; i-- {
		undo[i]()
	}
	os.Exit(status)
}
