// Stage "namespaces" (parent): the container's first process in its namespaces, born in its
// cgroup, with a pidfd. SysProcAttr says all of it; syscall.ForkExec makes it clone(2) or clone3(2).
//
// Namespaces that are given by path have to be entered first: namespaces_join.go.

package gobox

import (
	"syscall"
)

func joinsAny(c *Container) bool {
	for _, ns := range c.Spec.Namespaces {
		if ns.Path != "" {
			return true
		}
	}
	return false
}

// joinedBefore (exec) is what is joined before the process is there. The cgroup namespace only after:
// where the hierarchy is mounted with nsdelegate (systemd does), nobody is born into a cgroup across
// the border of the namespace that the parent is in (cgroups(7), ENOENT).
func joinedBefore(c *Container) uintptr { return c.TargetFlags &^ syscall.CLONE_NEWCGROUP }

// namespacesJoinCgroup (exec, child): the one namespace that is joined from inside the cgroup; closes
// c.TargetFD.
func namespacesJoinCgroup(c *Container, l *callList) {
	if c.TargetFlags&syscall.CLONE_NEWCGROUP != 0 {
		l.add(sysSetns, []uintptr{uintptr(c.TargetFD), syscall.CLONE_NEWCGROUP},
			"joining the cgroup namespace of container %s", c.Name)
	}
	l.may(syscall.SYS_CLOSE, uintptr(c.TargetFD))
}

// namespacesFlags: in a user namespace the child makes its ipc namespace itself: identityAssume.
func namespacesFlags(s *Spec) uintptr {
	var flags uintptr
	for id, kind := range namespaceKinds {
		if specMakes(s, id) && !(id == nsIPC && s.Namespaces[nsUser].Wanted) {
			flags |= kind.flag
		}
	}
	return flags
}

// namespacesFlagNames gives "CLONE_NEWPID|CLONE_NEWUTS|" for -v.
func namespacesFlagNames(flags uintptr) string {
	text := ""
	for _, kind := range namespaceKinds {
		if flags&kind.flag != 0 {
			text += kind.flagName + "|"
		}
	}
	return text
}

// childFiles are the descriptors of the second self, see childSync; -1 where it has none.
func childFiles(c *Container, sync, failure int) []uintptr {
	return []uintptr{0, 1, 2, uintptr(sync), uintptr(failure), uintptr(c.LogFD),
		uintptr(c.EventsFD), uintptr(c.PidsFD)}
}

// create makes the container's process. Until its ids are mapped it would lose all capabilities
// when it executes itself: in a new user namespace they are made ambient (capabilities(7)).
func create(c *Container, sync, failure int) error {
	pidfd := -1
	sys := &syscall.SysProcAttr{
		Cloneflags: namespacesFlags(c.Spec),
		PidFD:      &pidfd,
		// From the start, so that the terminal's Ctrl-C reaches the runtime alone, which hands
		// it on.
		Setsid: true,
	}
	into := ""
	if c.CgroupFD >= 0 {
		sys.UseCgroupFD, sys.CgroupFD = true, c.CgroupFD
		into = "|CLONE_INTO_CGROUP"
	}
	if specMakes(c.Spec, nsUser) {
		sys.AmbientCaps = everyCapability()
	}
	eventsCall(c, "clone3(%sCLONE_PIDFD%s)", namespacesFlagNames(namespacesFlags(c.Spec)), into)
	eventsCall(c, "setsid()")
	// It comes back when the second self executes; a frozen one does not come to that.
	endChild := waitWithKiller(c)
	pid, err := 0, waitEnded(c)
	if err == nil {
		pid, err = syscall.ForkExec("/proc/self/exe", []string{childName},
			&syscall.ProcAttr{Files: childFiles(c, sync, failure), Sys: sys})
	}
	endChild()
	if err != nil {
		// Go 1.22 leaves it open where the child came to be and could not execute.
		closeFD(&pidfd)
	}
	if errnoOf(err) == 0 && err != nil {
		return err
	}
	if err != nil {
		err := errorSys(err, "creating the container's process")
		if asError(err).Errno == syscall.EPERM {
			errorHint(err, "new namespaces need root, or a user namespace in the spec")
		}
		return err
	}
	c.Pid, c.PidFD = pid, pidfd
	return waitEnded(c)
}

// everyCapability lists the capabilities that this kernel knows.
func everyCapability() []uintptr {
	var all []uintptr
	for number := uintptr(0); prctl(syscall.PR_CAPBSET_READ, number) == nil; number++ {
		all = append(all, number)
	}
	return all
}

func namespacesCreate(c *Container) error {
	privilegesRaiseLimits(c)
	sync, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return errorSys(err, "making a socket pair")
	}
	var failure [2]int
	if err := syscall.Pipe2(failure[:], syscall.O_CLOEXEC); err != nil {
		syscall.Close(sync[0])
		syscall.Close(sync[1])
		return errorSys(err, "making a pipe")
	}
	c.SyncFD, c.ErrorFD = sync[0], failure[0]
	if c.Enters {
		err = createEntering(c, sync[1], failure[1])
	} else if joinsAny(c) {
		err = createJoined(c, sync[1], failure[1])
	} else {
		err = create(c, sync[1], failure[1])
	}
	syscall.Close(sync[1])
	syscall.Close(failure[1])
	if err != nil {
		return err
	}
	eventsFact(c, "pid", "%d", c.Pid)
	if c.entering != nil {
		return nil // what it does it has with it
	}
	return childRequestSend(c)
}
