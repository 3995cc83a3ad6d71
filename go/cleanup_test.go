// The end of every run, of one that failed half-way too; tests/unit/test_cleanup.c has the same tests.

package gobox

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

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
	must(t, os.WriteFile(c.PidFile, []byte("whatever"), 0600))
	c.PidFileMade = true
	if os.Geteuid() == 0 {
		must(t, os.Mkdir(cgroupRoot+c.Cgroup, 0755))
		c.CgroupFD, err = syscall.Open(cgroupRoot+c.Cgroup, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(t, err)
		c.CgroupRoot, err = syscall.Open(cgroupRoot, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(t, err)
		makeLink(t, "left0")
		c.LinkMade = true
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
	base := stateScene(t)
	c := stateContainer("a")
	must(t, stateCreate(c))
	c.PidFile = base // a directory: EISDIR
	c.PidFileMade = true
	wantError(t, cleanupContainer(c), syscall.EISDIR, "removing pid file "+base, "`gobox gc` tries again")
	list, err := stateList()
	if err != nil || len(list) != 1 || list[0].Alive {
		t.Error(list, err)
	}
	must(t, wantGC(t, false, "a: removed state file\n"))
}
