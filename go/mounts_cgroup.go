// What a new mount of cgroup2 could take from the whole machine; c/mounts_cgroup.c has it in C.
//
// There is one hierarchy, and options such as nsdelegate are the hierarchy's. A mount made from the
// initial cgroup namespace sets them anew, so that one without them takes them from everybody
// (Documentation/admin-guide/cgroup-v2.rst, "Mounting"). In any other namespace the kernel ignores
// them.

package gobox

import (
	"slices"
	"strings"
	"syscall"
)

// hierarchyOptions are the options that are the hierarchy's (kernel/cgroup/cgroup.c,
// cgroup2_fs_parameters).
var hierarchyOptions = []string{"nsdelegate", "favordynmods", "memory_localevents",
	"memory_recursiveprot", "memory_hugetlb_accounting", "pids_localevents"}

// cgroup2Options gives the file system's own options in a line of mountinfo
// (proc_pid_mountinfo(5)).
func cgroup2Options(line string) (options string, found bool) {
	if !strings.Contains(line, " - cgroup2 ") {
		return "", false
	}
	return line[strings.LastIndexByte(line, ' ')+1:], true
}

// readMountinfo reads by system calls alone: package os would open descriptors of its own, for
// epoll(7), in a process that has to count what it leaves open.
func readMountinfo() (string, error) {
	fd, err := syscall.Open("/proc/self/mountinfo", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", errorSys(err, "opening /proc/self/mountinfo")
	}
	defer syscall.Close(fd)
	var text []byte
	buffer := make([]byte, 4096)
	for {
		n, err := containerReadAll(fd, buffer)
		text = append(text, buffer[:max(n, 0)]...)
		if err != nil {
			return "", errorSys(err, "reading /proc/self/mountinfo")
		}
		if n < len(buffer) {
			return string(text), nil
		}
	}
}

// mountsCgroupOptions gives the new cgroup2 file system fs the options that the hierarchy has now.
// Does nothing where the container gets a cgroup namespace of its own.
func mountsCgroupOptions(c *Container, fs int) error {
	if specMakes(c.Spec, nsCgroup) {
		return nil
	}
	mounts, err := readMountinfo()
	if err != nil {
		return err
	}
	// Every mount of the hierarchy shows the same ones: the first tells all.
	for _, line := range strings.Split(string(mounts), "\n") {
		options, found := cgroup2Options(line)
		if !found {
			continue
		}
		for _, option := range strings.Split(options, ",") {
			if !slices.Contains(hierarchyOptions, option) {
				continue
			}
			eventsCall(c, "fsconfig(\"%s\")", option)
			if err := fsconfig(fs, fsconfigSetFlag, option, ""); err != nil {
				return errorSys(err, "setting %s of a new cgroup", option)
			}
		}
		break
	}
	return nil
}
