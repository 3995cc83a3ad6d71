// Stage "identity": who the container's processes are outside. Source: user_namespaces(7).
//
// SysProcAttr.UidMappings would have ForkExec write the maps; written here, a failure is this
// stage's own and has a name, and C's stage can stand in for it.

package gobox

import (
	"fmt"
	"strings"
	"syscall"
)

// writeProc: the kernel takes a map in one write(2) and never a second one.
func writeProc(c *Container, file, text string) error {
	path := fmt.Sprintf("/proc/%d/%s", c.Pid, file)
	first, _, _ := strings.Cut(text, "\n")
	eventsCall(c, "write(%s, \"%s\")", path, first)
	err := smallFileWrite(atFdcwd, path, text)
	if err == nil {
		return nil
	}
	failure := errorSys(err, "writing %s of the child", file)
	if err == syscall.EPERM {
		errorHint(failure, "an ordinary user can map one id only: the own one, size 1")
	}
	return failure
}

// identityText gives maps as uid_map and gid_map take them, a line each. All of them go in one
// write(2), of which the kernel takes less than a page.
func identityText(maps []SpecIDMap) string {
	var text strings.Builder
	for _, m := range maps {
		fmt.Fprintf(&text, "%d %d %d\n", m.ContainerID, m.HostID, m.Size)
	}
	return text.String()
}

func writeMap(c *Container, file string, maps []SpecIDMap) error {
	text := identityText(maps)
	eventsFact(c, file, "%s", text)
	return writeProc(c, file, text)
}

// identityMap (parent) writes uid_map, setgroups and gid_map of the child.
func identityMap(c *Container) error {
	s := c.Spec
	if !specMakes(s, nsUser) {
		return nil
	}
	if err := writeMap(c, "uid_map", s.UIDMappings); err != nil {
		return err
	}
	// Without privilege gid_map needs it: CVE-2014-8989, dropping a group that denies access.
	if syscall.Geteuid() != 0 {
		if err := writeProc(c, "setgroups", "deny"); err != nil {
			return err
		}
	}
	return writeMap(c, "gid_map", s.GIDMappings)
}

func mapsRoot(maps []SpecIDMap) bool {
	for _, m := range maps {
		if m.ContainerID == 0 {
			return true
		}
	}
	return false
}

// makeIPCNamespace: only now, with the stage "namespaces" leaving it out: whoever makes an ipc namespace owns the
// root of its mqueue, and before the maps that would be somebody who is not in the user namespace.
func makeIPCNamespace(c *Container) error {
	if !specMakes(c.Spec, nsIPC) {
		return nil
	}
	eventsCall(c, "unshare(CLONE_NEWIPC)")
	if err := syscall.Unshare(syscall.CLONE_NEWIPC); err != nil {
		return errorSys(err, "making the ipc namespace")
	}
	return nil
}

// identityAssume (child) becomes root of its user namespace where 0 is mapped, so that its mounts
// belong to it, and then makes its ipc namespace. The calls are for this thread only: it is the one that execve(2) will leave.
func identityAssume(c *Container) error {
	s := c.Spec
	joined := s.Namespaces[nsUser].Path != ""
	if !s.Namespaces[nsUser].Wanted {
		return nil
	}
	// The maps of a joined namespace are not ours to know: there EINVAL says "not mapped".
	if joined || mapsRoot(s.GIDMappings) {
		eventsCall(c, "setresgid(0, 0, 0)")
		_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESGID, 0, 0, 0)
		if errno != 0 && !(joined && errno == syscall.EINVAL) {
			return errorSys(errno, "becoming group 0 of the user namespace")
		}
	}
	if joined || mapsRoot(s.UIDMappings) {
		eventsCall(c, "setresuid(0, 0, 0)")
		_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, 0, 0, 0)
		if errno != 0 && !(joined && errno == syscall.EINVAL) {
			return errorSys(errno, "becoming user 0 of the user namespace")
		}
	}
	// A change of ids cleared it: prctl(2), PR_SET_PDEATHSIG.
	if err := containerDieWithParent(c); err != nil {
		return err
	}
	return makeIPCNamespace(c)
}
