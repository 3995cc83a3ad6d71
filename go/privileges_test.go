// Who the command is and what it may; tests/unit/test_privileges.c has the same tests.

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Who.

func TestPrivilegesBecomeAnotherUserWithCapabilities(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	var request privilegesRequest
	p := &request.Spec.Process
	p.UID, p.GID, p.AdditionalGIDs, p.NoNewPrivileges = 1000, 1001, []uint32{5, 70000}, true
	p.Capabilities = SpecCapabilities{
		Given:       true,
		Bounding:    capChown | capKill | capBind,
		Permitted:   capChown | capKill,
		Effective:   capChown,
		Inheritable: capChown | capKill | capBind,
		Ambient:     capKill,
	}
	r := runPrivileges(t, request, "", nil)
	ids := []string{"Uid: 1000 1000 1000 1000", "Gid: 1001 1001 1001 1001", "Groups: 5 70000",
		"CapBnd: 0000000000000421", "CapInh: 0000000000000421", "CapAmb: 0000000000000020",
		"NoNewPrivs: 1", "Umask: 0022"}
	r.passed(t, r.Status, append(ids, "CapPrm: 0000000000000021", "CapEff: 0000000000000001")...)
	// Over execve(2) another user keeps the ambient ones: capabilities(7).
	r.passed(t, r.Executed, append(ids, "CapPrm: 0000000000000020", "CapEff: 0000000000000020")...)
	if r.DeathSignal != int32(syscall.SIGKILL) {
		t.Errorf("the parent-death signal is %d", r.DeathSignal)
	}
	if r.KeptOpen {
		t.Error("a leaked descriptor stays open")
	}
}

func TestPrivilegesRootKeepsWhatIsListed(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	request := privilegesRequest{Prepare: "have groups"}
	request.Spec.Process.Capabilities = SpecCapabilities{
		Given:     true,
		Bounding:  capKill | capBind,
		Permitted: capKill | capBind,
		Effective: capKill | capBind,
	}
	r := runPrivileges(t, request, "", nil)
	want := []string{"Uid: 0 0 0 0", "Groups:", "CapBnd: 0000000000000420",
		"CapPrm: 0000000000000420", "CapEff: 0000000000000420", "CapInh: 0000000000000000",
		"CapAmb: 0000000000000000", "NoNewPrivs: 0"}
	r.passed(t, r.Status, want...)
	r.passed(t, r.Executed, want...)
	if r.DeathSignal != int32(syscall.SIGKILL) {
		t.Errorf("the parent-death signal is %d", r.DeathSignal)
	}
}

func TestPrivilegesNoListMeansNoCapability(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	r := runPrivileges(t, privilegesRequest{}, "", nil)
	want := []string{"CapBnd: 0000000000000000", "CapPrm: 0000000000000000",
		"CapEff: 0000000000000000", "CapInh: 0000000000000000", "CapAmb: 0000000000000000"}
	r.passed(t, r.Status, want...)
	r.passed(t, r.Executed, want...)
}

func TestPrivilegesNothingOfTheCallerPasses(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	request := privilegesRequest{Prepare: "have ambient"}
	request.Spec.Process.Capabilities = SpecCapabilities{Given: true, Bounding: capChown,
		Permitted: capChown, Inheritable: capChown}
	r := runPrivileges(t, request, "", nil)
	r.passed(t, r.Status, "CapInh: 0000000000000001", "CapAmb: 0000000000000000",
		"CapEff: 0000000000000000")
}

// What the runtime has not got itself.

func TestPrivilegesNameTheCapabilityTheyLack(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	for _, row := range []struct {
		prepare, name       string
		bounding, permitted uint64
	}{
		{"lose bounding chown", "CAP_CHOWN", capChown | capKill, 0},
		{"lose chown", "CAP_CHOWN", capChown | capKill, capChown | capKill},
		{"", "capability 63", 1 << 63, 0},
	} {
		request := privilegesRequest{Prepare: row.prepare}
		request.Spec.Process.Capabilities = SpecCapabilities{Given: true,
			Bounding: row.bounding, Permitted: row.permitted}
		runPrivileges(t, request, "", nil).refused(t, 0,
			"the runtime itself has no "+row.name+" to give",
			"take it out of process.capabilities, or start the runtime with it")
	}
}

func TestPrivilegesRefuseSetsThatDoNotFit(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	var request privilegesRequest
	request.Spec.Process.Capabilities = SpecCapabilities{Given: true,
		Bounding: capChown | capKill, Permitted: capChown, Effective: capKill}
	runPrivileges(t, request, "", nil).refused(t, syscall.EPERM, "setting the capabilities",
		"")
}

// Limits.

func TestPrivilegesSetLimitsInOrder(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	var request privilegesRequest
	request.Spec.Process.Rlimits = []SpecRlimit{
		{syscall.RLIMIT_NOFILE, 200, 300},
		{syscall.RLIMIT_CORE, 0, 0},
		{syscall.RLIMIT_NOFILE, 100, 250}, // the later row wins
	}
	r := runPrivileges(t, request, "ulimit -Sn 150;", nil)
	r.passed(t, r.Status)
	if r.Nofile != (syscall.Rlimit{Cur: 100, Max: 250}) || r.ExecutedLimit != "100 250" {
		t.Errorf("RLIMIT_NOFILE is %v, after execve %s", r.Nofile, r.ExecutedLimit)
	}
	if r.Core.Max != 0 {
		t.Errorf("RLIMIT_CORE is %v", r.Core)
	}
}

// Go has raised the soft limit by the time of the stage.
func TestPrivilegesLeaveOtherLimitsAsTheCallerHadThem(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	r := runPrivileges(t, privilegesRequest{}, "ulimit -Sn 50; ulimit -Hn 60;", nil)
	r.passed(t, r.Status)
	if r.Nofile != (syscall.Rlimit{Cur: 50, Max: 60}) || r.ExecutedLimit != "50 60" {
		t.Errorf("RLIMIT_NOFILE is %v, after execve %s", r.Nofile, r.ExecutedLimit)
	}
}

func TestPrivilegesExplainALimitTheyMayNotRaise(t *testing.T) {
	needsRoot(t, "other users and capabilities")
	request := privilegesRequest{Prepare: "lose resource"}
	request.Spec.Process.Rlimits = []SpecRlimit{{syscall.RLIMIT_NOFILE, 55, 61}}
	r := runPrivileges(t, request, "ulimit -Sn 50; ulimit -Hn 60;", nil)
	r.refused(t, syscall.EPERM, "setting RLIMIT_NOFILE to soft 55, hard 61",
		"raising a hard limit needs CAP_SYS_RESOURCE on the host, and RLIMIT_NOFILE may not "+
			"exceed /proc/sys/fs/nr_open")
}

// oom_score_adj, the parent's part.

func TestPrivilegesAdjustTheOOMScoreOfTheChild(t *testing.T) {
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	c := newContainer()
	c.Spec, c.Pid = &Spec{}, child.Process.Pid
	score := func() string {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", c.Pid))
		return string(text)
	}
	c.Spec.Process.OOMScoreAdj = SpecNumber{Given: false, Value: 900}
	if err := privilegesAdjustOOM(c); err != nil || score() == "900\n" {
		t.Errorf("%v, the score is %s", err, score())
	}
	c.Spec.Process.OOMScoreAdj = SpecNumber{Given: true, Value: 901}
	if err := privilegesAdjustOOM(c); err != nil || score() != "901\n" {
		t.Errorf("%v, the score is %s", err, score())
	}
}

func TestPrivilegesExplainAScoreTheyMayNotLower(t *testing.T) {
	request := privilegesRequest{Prepare: "lose resource", OOM: true}
	request.Spec.Process.OOMScoreAdj = SpecNumber{Given: true, Value: -999}
	runPrivileges(t, request, "", nil).refused(t, syscall.EACCES,
		"writing -999 to oom_score_adj",
		"a value below the runtime's own needs CAP_SYS_RESOURCE on the host")
}
