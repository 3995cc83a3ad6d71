// Command `doctor`: what this machine lacks for running containers, and what cures it. One row a
// check; c/doctor.c prints the same bytes.

package gobox

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

const (
	detailMax        = 512
	smallFile        = 4096
	cgroup2Magic     = 0x63677270 // CGROUP2_SUPER_MAGIC, statfs(2)
	accessExist      = 0          // F_OK, W_OK and X_OK of access(2)
	accessWriteEnter = 3
	accessExecute    = 1
)

// say adds to the line of the check under way.
func say(detail *string, format string, args ...any) {
	*detail += fmt.Sprintf(format, args...)
	*detail = (*detail)[:min(len(*detail), detailMax-1)]
}

// readLine gives the first line of a small file; "" where it cannot be read.
func readLine(path string) string {
	line := make([]byte, smallFile-1)
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	n, _ := syscall.Read(fd, line)
	first, _, _ := strings.Cut(string(line[:max(n, 0)]), "\n")
	return first
}

// doctorKernel: cgroup.kill came last of all that the stages use: 5.14,
// Documentation/admin-guide/cgroup-v2.rst. mount_setattr(2) needs 5.12, clone3(2) with
// CLONE_INTO_CGROUP 5.7.
func doctorKernel(detail *string) bool {
	var major, minor uint

	release := readLine("/proc/sys/kernel/osrelease")
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	say(detail, "%.64s, needed is 5.14 or newer", release)
	return major > 5 || major == 5 && minor >= 14
}

func doctorRoot(detail *string) bool {
	say(detail, "user %d", os.Geteuid())
	return os.Geteuid() == 0
}

func doctorCgroup(detail *string) bool {
	var fs syscall.Statfs_t

	if syscall.Statfs(cgroupRoot, &fs) == nil && int64(fs.Type) == cgroup2Magic {
		say(detail, "%s", cgroupRoot)
		return true
	}
	say(detail, "%s is not a cgroup v2 file system", cgroupRoot)
	return false
}

func hasWord(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}

// sayEach adds one thing of a list and whether it is there.
func sayEach(detail *string, i int, name string, present bool) {
	separator, missing := "", ""
	if i > 0 {
		separator = ", "
	}
	if !present {
		missing = " missing"
	}
	say(detail, "%s%s%s", separator, name, missing)
}

func doctorControllers(detail *string) bool {
	all := true

	line := readLine(cgroupRoot + "/cgroup.controllers")
	for i, name := range []string{"cpu", "memory", "pids"} {
		present := hasWord(line, name)
		sayEach(detail, i, name, present)
		all = all && present
	}
	return all
}

func doctorNamespaces(detail *string) bool {
	all := true

	for i, kind := range namespaceKinds {
		present := syscall.Access("/proc/self/ns/"+kind.proc, accessExist) == nil
		sayEach(detail, i, kind.name, present)
		all = all && present
	}
	return all
}

// usernsSwitches: each file, and the value that refuses a user namespace; the last two do not
// concern root.
var usernsSwitches = []struct {
	path, name, refuses string
	root                bool
}{
	{"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", "0", true},
	{"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone",
		"0", false},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		"kernel.apparmor_restrict_unprivileged_userns", "1", false},
}

func doctorUserns(detail *string) bool {
	for _, s := range usernsSwitches {
		line := readLine(s.path)
		if line != s.refuses || os.Geteuid() == 0 && !s.root {
			continue
		}
		say(detail, "refused by %s = %s", s.name, line)
		return false
	}
	say(detail, "allowed")
	return true
}

// doctorState: one that is not there yet is made by the first run, where its parent lets us.
func doctorState(detail *string) bool {
	fd, path, err := stateDirectory(false)
	usable := err == nil

	if err == nil {
		syscall.Close(fd)
	}
	if errnoOf(err) == syscall.ENOENT {
		parent := path[:strings.LastIndexByte(path, '/')]
		usable = syscall.Access(parent, accessWriteEnter) == nil
	}
	if usable {
		say(detail, "%s", path)
	} else if e := asError(err); e.Errno != 0 {
		say(detail, "%s: %s", e.Message, errorText(e.Errno))
	} else {
		say(detail, "%s", e.Message)
	}
	return usable
}

func doctorStale(detail *string) bool {
	stale := 0
	list, err := stateList()

	for _, s := range list {
		if !s.Alive {
			sayEach(detail, stale, s.Name, true)
			stale++
		}
	}
	if stale == 0 && err != nil {
		say(detail, "cannot be read")
	} else if stale == 0 {
		say(detail, "none")
	}
	return stale == 0 && err == nil
}

func doctorRootfs(detail *string) bool {
	if found, _ := gcPathExists("build/rootfs/bin/sh"); found {
		say(detail, "build/rootfs")
		return true
	}
	say(detail, "build/rootfs is missing")
	return false
}

func inPath(tool string) bool {
	for _, directory := range strings.Split(os.Getenv("PATH"), ":") {
		if syscall.Access(directory+"/"+tool, accessExecute) == nil {
			return true
		}
	}
	return false
}

func doctorTools(detail *string) bool {
	all := true

	for i, tool := range []string{"ip", "strace"} {
		present := inPath(tool)
		sayEach(detail, i, tool, present)
		all = all && present
	}
	return all
}

// checks: without a needed one no container with limits runs.
var checks = []struct {
	name   string
	passes func(detail *string) bool
	needed bool
	cure   string
}{
	{"kernel", doctorKernel, true, "run in the lab: make lab"},
	{"root", doctorRoot, true, "run it with sudo, or in the lab: make lab"},
	{"cgroup v2", doctorCgroup, true,
		"boot with systemd.unified_cgroup_hierarchy=1, or run in the lab: make lab"},
	{"controllers", doctorControllers, true,
		"boot with cgroup_no_v1=all, or run in the lab: make lab"},
	{"namespaces", doctorNamespaces, true, "run in the lab: make lab"},
	{"state directory", doctorState, true,
		"as root: chown root /run/twinbox && chmod 700 /run/twinbox; else: export " +
			"XDG_RUNTIME_DIR=$(mktemp -d)"},
	{"user namespaces", doctorUserns, false,
		"sudo sysctl -e -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1 " +
			"kernel.apparmor_restrict_unprivileged_userns=0"},
	{"stale containers", doctorStale, false, "cbox gc, or gobox gc"},
	{"rootfs", doctorRootfs, false, "make rootfs"},
	{"tools", doctorTools, false, "sudo apt-get install iproute2 strace"},
}

// doctorPrint prints a line a check, "ok" or "fail", and below a failing one its cure; changes
// nothing. It gives 0, or 1 when a container with limits cannot run here.
func doctorPrint(out io.Writer) (int, error) {
	runs := true

	for _, check := range checks {
		detail, mark := "", "ok"
		passes := check.passes(&detail)

		if !passes {
			mark = "fail"
		}
		fmt.Fprintf(out, "%-4s  %s: %s\n", mark, check.name, detail)
		if !passes {
			fmt.Fprintf(out, "      cure: %s\n", check.cure)
		}
		runs = runs && (passes || !check.needed)
	}
	if !runs {
		fmt.Fprintf(out, "a container with limits cannot run here\n")
		return 1, nil
	}
	fmt.Fprintf(out, "a container with limits can run here\n")
	return 0, nil
}
