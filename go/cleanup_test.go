// The end of every run, of one that failed half-way too; tests/unit/test_cleanup.c has the same tests.

package gobox

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func linkIndexOf(t *testing.T, name string) uint32 {
	t.Helper()
	link, err := net.InterfaceByName(name)
	must(t, err)
	return uint32(link.Index)
}

// startSleeperIn ends it with the test.
func startSleeperIn(t *testing.T, cgroup string) (pid int) {
	t.Helper()
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "60"}, nil)
	must(t, err)
	t.Cleanup(func() {
		syscall.Kill(pid, syscall.SIGKILL)
		syscall.Wait4(pid, nil, 0, nil)
	})
	must(t, os.WriteFile(cgroup+"/cgroup.procs", fmt.Appendf(nil, "%d\n", pid), 0))
	return pid
}

// As after a run that failed late: everything is there, and goes; the second call does nothing.
func TestCleanup(t *testing.T) {
	base := stateScene(t)
	c := stateContainer("a")
	c.PidFile = base + "/elsewhere"
	if os.Geteuid() == 0 {
		c.Cgroup = fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
		c.Spec.HasVeth = true
		c.Spec.Veth.Host.Name = "left0"
	}
	before := countDescriptors()
	must(t, stateCreate(c))
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "60"},
		&syscall.ProcAttr{Sys: &syscall.SysProcAttr{PidFD: &c.PidFD}})
	must(t, err)
	c.Pid = pid
	var pipe [2]int
	must(t, syscall.Pipe2(pipe[:], syscall.O_CLOEXEC))
	c.SyncFD, c.ErrorFD = pipe[0], pipe[1]
	must(t, os.WriteFile(c.PidFile, fmt.Appendf(nil, "%d\n", pid), 0600))
	c.PidInFile = pid
	if os.Geteuid() == 0 {
		must(t, os.Mkdir(cgroupRoot+c.Cgroup, 0755))
		c.CgroupFD, err = syscall.Open(cgroupRoot+c.Cgroup, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(t, err)
		c.CgroupRoot, err = syscall.Open(cgroupRoot, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(t, err)
		makeLink(t, "left0")
		c.LinkMade, c.LinkIndex = true, linkIndexOf(t, "left0")
	}
	for i := 0; i < 2; i++ {
		must(t, cleanupContainer(c))
		if syscall.Kill(pid, 0) != syscall.ESRCH || isThere(c.PidFile) || linkIsThere("left0") ||
			isThere(base+"/twinbox/a.json") || c.Cgroup != "" && isThere(cgroupRoot+c.Cgroup) {
			t.Errorf("call %d: something is left", i)
		}
	}
	if after := countDescriptors(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// A resource that stays keeps its name in the state file, for gc, and nothing else.
func TestCleanupFailing(t *testing.T) {
	stateScene(t)
	c := stateContainer("a")
	must(t, stateCreate(c))
	c.PidFile = strings.Repeat("x", nameMax+1)
	c.PidInFile = 1
	wantError(t, cleanupContainer(c), syscall.ENAMETOOLONG, "opening pid file "+c.PidFile,
		"`gobox gc` tries again")
	list, err := stateList()
	if err != nil || len(list) != 1 || list[0].Alive {
		t.Error(list, err)
	}
	must(t, wantGC(t, false, "a: removed state file\n"))
}

// The container's link, pid file and cgroup were taken away, and somebody has made others of the same
// names by the time it ends.
func TestCleanupLeavesWhatIsAnothers(t *testing.T) {
	needsRoot(t, "cgroups and links")
	base := stateScene(t)
	c := stateContainer("a")
	c.PidFile = base + "/elsewhere"
	c.Cgroup = fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
	c.Spec.HasVeth = true
	c.Spec.Veth.Host.Name = "left0"
	must(t, stateCreate(c))
	makeLink(t, "left0")
	c.LinkMade, c.LinkIndex = true, linkIndexOf(t, "left0")
	must(t, networkRemove("left0", 0))
	makeLink(t, "left0")
	c.PidInFile = 1234567
	must(t, os.WriteFile(c.PidFile, []byte("7654321\n"), 0600))
	full := cgroupRoot + c.Cgroup
	must(t, os.Mkdir(full, 0755))
	var err error
	c.CgroupFD, err = syscall.Open(full, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(t, err)
	c.CgroupRoot, err = syscall.Open(cgroupRoot, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(t, err)
	must(t, os.Remove(full))
	must(t, os.Mkdir(full, 0755))
	another := startSleeperIn(t, full)
	must(t, cleanupContainer(c))
	if !linkIsThere("left0") || !isThere(c.PidFile) || waited(another) ||
		isThere(base+"/twinbox/a.json") {
		t.Error("it took what is another's, or left its own")
	}
	must(t, syscall.Kill(another, syscall.SIGKILL))
	must(t, cgroupRemove(c.Cgroup, cgroupAnyone))
	must(t, networkRemove("left0", 0))
}

// waited is true where the child has ended.
func waited(pid int) bool {
	ended, _ := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
	return ended == pid
}

// A container that lives has its cgroup below that of the one that ends.
func TestCleanupSparesWhoLivesBelow(t *testing.T) {
	needsRoot(t, "cgroups")
	stateScene(t)
	c, alive := stateContainer("a"), stateContainer("b")
	c.Cgroup = fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
	alive.Cgroup = c.Cgroup + "/below"
	must(t, stateCreate(c))
	must(t, stateCreate(alive))
	must(t, os.MkdirAll(cgroupRoot+alive.Cgroup, 0755))
	var err error
	c.CgroupFD, err = syscall.Open(cgroupRoot+c.Cgroup, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(t, err)
	c.CgroupRoot, err = syscall.Open(cgroupRoot, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(t, err)
	another := startSleeperIn(t, cgroupRoot+alive.Cgroup)
	wantError(t, cleanupContainer(c), 0,
		"cgroup "+c.Cgroup+" has the cgroup of another container below it",
		"`gobox list` shows the containers of this user; `gobox gc` tries again")
	// Of the two one is nobody's by now; then neither is anybody's.
	must(t, wantGC(t, false, "a: removed state file\n"))
	if waited(another) {
		t.Error("it ended who lives below")
	}
	must(t, syscall.Close(alive.StateFD))
	must(t, syscall.Close(alive.StateDir))
	must(t, wantGC(t, false, "b: removed cgroup, state file\n"))
	must(t, os.Remove(cgroupRoot+c.Cgroup))
}
