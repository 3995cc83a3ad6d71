// Stage "cgroup" (parent): the container's own cgroup v2, its controllers and limits. The first
// stage: the container is born into its cgroup, so the cgroup stands before there is a process.
// cgroup_remove.go is the way back.
// What the files do: Documentation/admin-guide/cgroup-v2.rst.

package gobox

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"unsafe"
)

const createTries = 1000 // each failure means that another container has just ended

// cgroupPath fills c.Cgroup from the spec: linux.cgroupsPath, /twinbox/NAME where only resources
// are given, or "" where neither is.
func cgroupPath(c *Container) error {
	given := c.Spec.CgroupsPath
	c.Cgroup = ""
	if given != "" {
		if err := cgroupCheckPath(given); err != nil {
			return err
		}
		c.Cgroup = given
	} else if c.Spec.HasResources {
		c.Cgroup = cgroupParent + "/" + c.Name
	}
	return nil
}

func checkControllers(root int, needed []string) error {
	if len(needed) == 0 {
		return nil
	}
	available, err := smallFileRead(root, "cgroup.controllers")
	if err != nil {
		return errorSys(err, "reading %s/cgroup.controllers", cgroupRoot)
	}
	for _, controller := range needed {
		if !slices.Contains(strings.Fields(available), controller) {
			return errorHint(errorSay("controller %s is missing in %s/cgroup.controllers",
				jsonShown(controller), cgroupRoot),
				"cgroup v1 may hold it on this machine; the lab "+
					"(make lab) has every controller")
		}
	}
	return nil
}

// openRoot opens cgroupRoot, where it has the controllers that c needs.
func openRoot(c *Container) error {
	root, err := cgroupOpenRoot()
	if err != nil {
		return err
	}
	c.CgroupRoot = root
	if err = checkControllers(root, resourcesControllers(c.Spec)); err != nil {
		closeFD(&c.CgroupRoot)
	}
	return err
}

// cgroupCheck: nil when cgroupRoot is a cgroup v2 with the controllers that c needs, opened as
// c.CgroupRoot where it needs any cgroup; else the error says what to do.
func cgroupCheck(c *Container) error {
	if c.Spec.CgroupsPath == "" && !c.Spec.HasResources {
		return nil
	}
	return openRoot(c)
}

// findBelow: a container that makes cgroups of its own (as an init system does) has moved its
// processes down: cgroup v2 takes none into a cgroup whose children have controllers.
// /proc/PID/cgroup says where.
func findBelow(c *Container) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", c.TargetPid))
	for _, line := range strings.Split(string(text), "\n") {
		path, found := strings.CutPrefix(line, "0::")
		if found && strings.HasPrefix(path, c.Cgroup+"/") && len(path) < pathMax {
			c.Cgroup = path
		}
	}
}

// cgroupOpen (exec) opens the cgroup of c.TargetPid as c.CgroupFD, for the next one to be born in:
// c.Cgroup, or one that the container has made below it. Does nothing where c.Cgroup is empty.
func cgroupOpen(c *Container) error {
	if c.Cgroup == "" {
		return nil
	}
	findBelow(c)
	path := cgroupRoot + c.Cgroup
	eventsCall(c, "open(\"%s\")", path)
	var err error
	if c.CgroupFD, err = syscall.Open(path, cgroupDirFlags, 0); err != nil {
		return errorSys(err, "opening cgroup %s", c.Cgroup)
	}
	return nil
}

// enableControllers lets the children of dir have the controllers: only those that are not
// enabled there yet.
func enableControllers(c *Container, dir int, path string, needed []string) error {
	if len(needed) == 0 {
		return nil
	}
	enabled, err := smallFileRead(dir, "cgroup.subtree_control")
	if err != nil {
		return errorSys(err, "reading %s/cgroup.subtree_control", path)
	}
	var words []string
	for _, controller := range needed {
		if !slices.Contains(strings.Fields(enabled), controller) {
			words = append(words, "+"+controller)
		}
	}
	if len(words) == 0 {
		return nil
	}
	missing := strings.Join(words, " ")
	eventsCall(c, "write(%s/cgroup.subtree_control, \"%s\")", path, missing)
	err = smallFileWrite(dir, "cgroup.subtree_control", missing)
	if err == nil {
		return nil
	}
	failure := errorSys(err, "writing %s to %s/cgroup.subtree_control", missing, path)
	// The no-internal-process rule.
	if err == syscall.EBUSY {
		errorHint(failure, "processes live in that cgroup itself: cgroup v2 gives controllers "+
			"only to children of a cgroup without processes")
	}
	return failure
}

func explainMkdir(c *Container, cause error, path string) error {
	failure := errorSys(cause, "creating cgroup %s", path)
	switch cause {
	case syscall.EEXIST:
		var st syscall.Stat_t
		if syscall.Lstat(cgroupRoot+path, &st) == nil && st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
			return errorHint(failure, "that is one of the kernel's files; choose another --name or "+
				"linux.cgroupsPath")
		}
		errorHint(failure, "another container uses %s; `%s list` shows it, `%s gc` removes what "+
			"a crash left", path, c.Program, c.Program)
	case syscall.EACCES, syscall.EPERM, syscall.EROFS:
		errorHint(failure, "cgroups belong to root; run as root, name a cgroup of your own in "+
			"linux.cgroupsPath, or leave linux.resources out")
	}
	return failure
}

// setMark marks a parent as made by us; without it the parent only stays behind.
func setMark(dir int) {
	name, _ := syscall.BytePtrFromString(cgroupMark)
	syscall.Syscall6(syscall.SYS_FSETXATTR, uintptr(dir), uintptr(unsafe.Pointer(name)), 0, 0, 0, 0)
}

// enter makes the cgroup called name in dir and opens it; a parent may be there already.
func enter(c *Container, dir int, path, name string, leaf bool) (int, error) {
	eventsCall(c, "mkdirat(%s)", path)
	err := syscall.Mkdirat(dir, name, 0o755)
	made := err == nil
	if !made && (leaf || err != syscall.EEXIST) {
		return -1, explainMkdir(c, err, path)
	}
	next, err := syscall.Openat(dir, name, cgroupDirFlags, 0)
	if err != nil {
		if leaf {
			cgroupRmdir(dir, name)
		}
		return -1, errorSys(err, "opening cgroup %s", path)
	}
	if made && !leaf {
		setMark(next)
	}
	return next, nil
}

// makePath walks once from the root to the leaf and gives the leaf's descriptor. ENOENT and
// ENODEV mean that a parent went away under our feet.
func makePath(c *Container, root int, needed []string) (int, error) {
	dir, path := root, ""
	for name, rest := cgroupNextName(c.Cgroup); name != ""; name, rest = cgroupNextName(rest) {
		next := -1
		err := enableControllers(c, dir, path, needed)
		path = c.Cgroup[:len(c.Cgroup)-len(rest)]
		if err == nil {
			next, err = enter(c, dir, path, name, rest == "")
		}
		cgroupCloseBelow(root, dir)
		if err != nil {
			return -1, err
		}
		dir = next
	}
	return dir, nil
}

func writeLimits(c *Container, dir int) error {
	for i := 0; i < resourcesCount(c.Spec); i++ {
		limit, wanted := resourcesLimit(c.Spec, i)
		if !wanted {
			continue
		}
		deferred, err := childDefersLimit(c, dir, limit.file, limit.value)
		if !deferred {
			eventsCall(c, "write(%s, \"%s\")", limit.file, limit.value)
			err = smallFileWrite(dir, limit.file, limit.value)
		}
		if err == nil {
			continue
		}
		failure := errorSys(err, "writing %s to %s", limit.value, limit.file)
		if err == syscall.ENOENT {
			errorHint(failure, "this kernel has no %s; take that limit out of the spec",
				limit.file)
		}
		return failure
	}
	return nil
}

func makeLeaf(c *Container, root int, needed []string) (dir int, err error) {
	// Parents are shared: the last container in one removes it just while we pass.
	for i := 0; i < createTries; i++ {
		dir, err = makePath(c, root, needed)
		if err == nil {
			return dir, nil
		}
		if !cgroupIsGone(asError(err).Errno) {
			break
		}
	}
	cgroupRemoveParents(root, c.Cgroup)
	return -1, err
}

// cgroupCreate makes c.Cgroup, enables the controllers it needs on the way, writes the limits and
// opens the directory as c.CgroupFD for CLONE_INTO_CGROUP (clone3(2)). An existing cgroup of that
// name is an error (EEXIST). After a failure nothing of it is left and c.CgroupFD is -1: only a
// container whose CgroupFD is open owns its cgroup. Undone by cgroupRemove.
func cgroupCreate(c *Container) error {
	if c.Cgroup == "" {
		return nil
	}
	if c.CgroupRoot < 0 {
		if err := openRoot(c); err != nil {
			return err
		}
	}
	dir, err := makeLeaf(c, c.CgroupRoot, resourcesControllers(c.Spec))
	if err != nil {
		return err
	}
	err = writeLimits(c, dir)
	if err == nil {
		err = cgroupDevicesRestrict(c, dir)
	}
	if err != nil {
		cgroupRemoveIn(c.CgroupRoot, c.Cgroup, cgroupClaim{fd: dir})
		syscall.Close(dir)
		return err
	}
	c.CgroupFD = dir
	eventsFact(c, "path", "%s", c.Cgroup)
	return nil
}
