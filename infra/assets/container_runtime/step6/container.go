package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

const exitRuntime = 125 // this program failed; otherwise the command's own status

// container is what the stages work on. The child starts with the command alone.
type container struct {
	command []string
	cgroup  int       // directory of the cgroup
	child   *exec.Cmd // this program's second self
	release *os.File  // a byte written here lets it go on
	undo    []func()  // what to take back at the end, the newest last
}

// region: stages
type stage struct {
	name string
	run  func(*container) error
}

var parentStages = []stage{
	{"cgroup", cgroupCreate},
	{"namespaces", namespacesCreate},
	{"network", networkCreate},
	{"release", childRelease},
}

var childStages = []stage{
	{"release", childWait},
	{"network", networkConfigure},
	{"hostname", hostnameSet},
	{"mounts", mountsSetup},
	{"exec", execCommand},
}

func containerStages(c *container, stages []stage) error {
	for _, s := range stages {
		if err := s.run(c); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// containerRun is the parent's story. After a failure, too, nothing is left behind.
func containerRun(c *container) (int, error) {
	defer func() {
		for i := len(c.undo) - 1; i >= 0; i-- {
			c.undo[i]()
		}
	}()
	if err := containerStages(c, parentStages); err != nil {
		return exitRuntime, err
	}
	return waitCommand(c)
}

// endregion: stages

// region: namespaces
func namespacesCreate(c *container) error {
	wait, release, err := os.Pipe()
	if err != nil {
		return err
	}
	defer wait.Close()
	c.release = release
	c.child = exec.Command("/proc/self/exe")
	c.child.Args = append([]string{childName}, c.command...)
	c.child.Stdin, c.child.Stdout, c.child.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.child.ExtraFiles = []*os.File{wait}
	c.child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET | syscall.CLONE_NEWCGROUP,
		UseCgroupFD: true,
		CgroupFD:    c.cgroup,
	}
	if err := c.child.Start(); err != nil {
		return err
	}
	c.undo = append(c.undo, func() {
		c.child.Process.Kill() // an error if waitCommand has seen its end
		c.child.Wait()
	})
	return nil
}

// endregion: namespaces

func childRelease(c *container) error {
	defer c.release.Close()
	_, err := c.release.Write([]byte{1})
	return err
}

// childWait returns after the parent's byte. End of file means that the parent is gone.
func childWait(*container) error {
	pipe := os.NewFile(3, "release") // the first of ExtraFiles
	defer pipe.Close()
	_, err := pipe.Read(make([]byte, 1))
	return err
}

func waitCommand(c *container) (int, error) {
	// Ctrl-C is for the command; this program has to stay and clean up after it. Not earlier: the
	// command would inherit that the signals are ignored.
	signal.Ignore(syscall.SIGINT, syscall.SIGQUIT)
	err := c.child.Wait()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		return exitRuntime, err
	}
	status := c.child.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}
