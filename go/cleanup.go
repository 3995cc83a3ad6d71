// Stage "cleanup" (parent): everything the container had is gone again; c/cleanup.c has it in C.
// The end of every run, of one that failed half-way too: each step looks at what the container has
// by then, so that a second call finds nothing to do.

package gobox

import "syscall"

func closeFD(fd *int) {
	if *fd >= 0 {
		syscall.Close(*fd)
	}
	*fd = -1
}

// endProcess ends and reaps the first process; in a pid namespace the kernel ends all others with
// it.
func endProcess(c *Container) error {
	var err error

	if c.Pid > 0 {
		eventsCall(c, "pidfd_send_signal(%d, SIGKILL)", c.PidFD)
		err = gcKill(c.PidFD)
	}
	if c.Pid > 0 && err == nil {
		// ECHILD: reaped already.
		for {
			if _, err := syscall.Wait4(c.Pid, nil, 0, nil); err != syscall.EINTR {
				break
			}
		}
		c.Pid = 0
	}
	closeFD(&c.PidFD)
	return err
}

// mayEnd: who lives below it would end with what is left of this container.
func mayEnd(c *Container) (bool, error) {
	used, err := gcAliveUses(c.Name, c.Cgroup)
	if used && err == nil {
		err = errorHint(errorSay("cgroup %s has the cgroup of another container below it", c.Cgroup),
			"`%s list` shows the containers of this user", c.Program)
	}
	return err == nil, err
}

func removeCgroup(c *Container) error {
	if c.CgroupFD < 0 {
		return nil
	}
	eventsCall(c, "rmdir(\""+cgroupRoot+"%s\")", c.Cgroup)
	err := cgroupRemoveIn(c.CgroupRoot, c.Cgroup,
		cgroupClaim{c.CgroupFD, func() (bool, error) { return mayEnd(c) }})
	closeFD(&c.CgroupFD)
	return err
}

func removeLink(c *Container) error {
	if !c.LinkMade {
		return nil
	}
	c.LinkMade = false
	// It would die with the namespace, but at a time of the kernel's choosing. Its name may by now be
	// another's, its index not.
	eventsCall(c, "RTM_DELLINK %s", c.Spec.Veth.Host.Name)
	return networkRemove(c.Spec.Veth.Host.Name, c.LinkIndex)
}

func removePidFile(c *Container) error {
	pid := c.PidInFile
	if pid == 0 {
		return nil
	}
	c.PidInFile = 0
	eventsCall(c, "unlink(\"%s\")", c.PidFile)
	return gcRemovePidFile(c.PidFile, pid)
}

// cleanupSteps in this order: the process first, for it holds the rest.
var cleanupSteps = []func(*Container) error{
	endProcess,
	removeCgroup,
	removeLink,
	removePidFile,
}

// cleanupContainer ends what still runs, removes cgroup, link, pid file and, last, the state file;
// goes on after a failure so that one stuck resource does not keep the others, and reports the
// first. The state file stays where something else did: it names what is still there, for gc.
func cleanupContainer(c *Container) error {
	var first error

	closeFD(&c.SyncFD)
	closeFD(&c.ErrorFD)
	closeFD(&c.ConsoleFD)
	closeFD(&c.ConsolePeerFD)
	closeFD(&c.PidsFD)
	for _, step := range cleanupSteps {
		if err := step(c); first == nil {
			first = err
		}
	}
	if first == nil {
		first = stateRemove(c)
	}
	closeFD(&c.CgroupRoot)
	closeFD(&c.StateFD)
	closeFD(&c.StateDir)
	if first == nil {
		return nil
	}
	// Beside what a step has said already.
	hint, separator := asError(first).Hint, ""
	if hint != "" {
		separator = "; "
	}
	return errorHint(first, "%s%s`%s gc` tries again", hint, separator, c.Program)
}
