// The privileges stage in a second self, read back from the kernel's own view in
// /proc/self/status; then once more from a program that it executes: credentials belong to one
// thread until execve(2) makes it the only one. tests/unit/test_privileges.c has the same tests.
//
// Most tests need root. Those of the user namespace run as an ordinary user too, where the machine
// lets one make it.

package gobox

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const privilegesInside = "TWINBOX_TEST_PRIVILEGES" // the second self's request

const (
	capChown       = 1 << 0
	capKill        = 1 << 5
	capBind        = 1 << 10
	capSysResource = 1 << 24

	prGetPdeathsig = 2
)

// privilegesRequest is what the second self does; privilegesReport what came of it.
type privilegesRequest struct {
	Prepare string // one of privilegesPrepare
	OOM     bool   // privilegesAdjustOOM instead of privilegesDrop
	Spec    Spec
}

type privilegesReport struct {
	Failure       *Error
	Status        string // /proc/thread-self/status after the stage
	DeathSignal   int32
	KeptOpen      bool // a descriptor without close-on-exec is still without
	Nofile, Core  syscall.Rlimit
	Executed      string // /proc/self/status of the program that the second self executed
	ExecutedLimit string // its /proc/self/limits, the line of open files
}

// lose takes capabilities from the permitted and effective sets of this thread and sets the
// inheritable one.
func lose(lost, inheritable uint32) error {
	header := capHeader{version: linuxCapabilityVersion}
	var data [linuxCapabilityU32s]capData
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)),
		uintptr(unsafe.Pointer(&data)), 0); errno != 0 {
		return errno
	}
	data[0].permitted &^= lost
	data[0].effective &^= lost
	data[0].inheritable = inheritable
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)),
		uintptr(unsafe.Pointer(&data)), 0); errno != 0 {
		return errno
	}
	return nil
}

var privilegesPrepare = map[string]func() error{
	"":              func() error { return nil },
	"lose chown":    func() error { return lose(capChown, 0) },
	"lose resource": func() error { return lose(capSysResource, 0) },
	"lose bounding chown": func() error {
		_, err := rawSyscall(syscall.SYS_PRCTL, syscall.PR_CAPBSET_DROP, 0, 0)
		return err
	},
	"have groups": func() error { return syscall.Setgroups([]int{5, 6}) },
	"have ambient": func() error { // as a caller that was itself started with them
		if err := lose(0, capChown|capKill); err != nil {
			return err
		}
		_, err := rawSyscall(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientRaise, 0)
		return err
	},
}

// The second self works in init(), on the main thread, which child.go has locked before: as in
// gobox itself.
func init() {
	text := os.Getenv(privilegesInside)
	if text == "" {
		return
	}
	var request privilegesRequest
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		panic(err)
	}
	syscall.Umask(0o077)
	if privilegesPrepare[request.Prepare]() != nil {
		os.Exit(2)
	}
	c := newContainer()
	c.Spec, c.Pid = &request.Spec, os.Getpid()
	leaked, _ := syscall.Open("/", syscall.O_RDONLY, 0)
	stage := privilegesDrop
	if request.OOM {
		stage = privilegesAdjustOOM
	}
	var report privilegesReport
	if err := stage(c); err != nil {
		report.Failure = asError(err)
	}
	status, _ := os.ReadFile("/proc/thread-self/status")
	report.Status = string(status)
	syscall.RawSyscall(syscall.SYS_PRCTL, prGetPdeathsig,
		uintptr(unsafe.Pointer(&report.DeathSignal)), 0)
	flags, _ := rawSyscall(syscall.SYS_FCNTL, uintptr(leaked), syscall.F_GETFD, 0)
	report.KeptOpen = flags&syscall.FD_CLOEXEC == 0
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &report.Nofile)
	syscall.Getrlimit(syscall.RLIMIT_CORE, &report.Core)
	json.NewEncoder(os.Stdout).Encode(report)
	if report.Failure == nil && !request.OOM {
		syscall.Exec("/bin/cat", []string{"cat", "/proc/self/status", "/proc/self/limits"}, nil)
	}
	os.Exit(0)
}

// runPrivileges runs the stage in a second self; limits is for ulimit of sh(1), before it begins.
func runPrivileges(t *testing.T, request privilegesRequest, limits string,
	attr *syscall.SysProcAttr) *privilegesReport {
	t.Helper()
	text, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	self := exec.Command("/bin/sh", "-c", limits+` exec /proc/self/fd/3`)
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	self.ExtraFiles = []*os.File{program}
	self.Env = append(os.Environ(), privilegesInside+"="+string(text))
	self.SysProcAttr = attr
	out, err := self.Output()
	if attr != nil && err != nil && errnoOf(err) != 0 {
		t.Skipf("this machine lets nobody make a user namespace: %v", err)
	}
	if self.ProcessState.ExitCode() == 2 {
		t.Skip("this machine does not let the test prepare its child")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	report := &privilegesReport{}
	first, rest, _ := strings.Cut(string(out), "\n")
	if err := json.Unmarshal([]byte(first), report); err != nil {
		t.Fatal(err)
	}
	report.Executed, _, _ = strings.Cut(rest, "Limit ")
	for _, line := range strings.Split(rest, "\n") {
		if strings.HasPrefix(line, "Max open files") {
			report.ExecutedLimit = strings.Join(strings.Fields(line)[3:5], " ")
		}
	}
	return report
}

// passed checks lines of a status file: "CapEff: 0000000000000001".
func (r *privilegesReport) passed(t *testing.T, status string, want ...string) {
	t.Helper()
	if r.Failure != nil {
		t.Fatal(r.Failure)
	}
	lines := map[string]bool{}
	for _, line := range strings.Split(status, "\n") {
		lines[strings.Join(strings.Fields(line), " ")] = true
	}
	for _, line := range want {
		if !lines[line] {
			t.Errorf("no line %q in\n%s", line, status)
		}
	}
}

func (r *privilegesReport) refused(t *testing.T, errno syscall.Errno, message, hint string) {
	t.Helper()
	if r.Failure == nil {
		t.Fatalf("no error instead of %q", message)
	}
	refused(t, r.Failure, errno, message, hint)
}

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

// A user namespace as an ordinary user makes it: one id, no setgroups.

func userNamespace() *syscall.SysProcAttr {
	one := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: one(os.Geteuid()), GidMappings: one(os.Getegid())}
}

func userNamespaceRequest() privilegesRequest {
	var request privilegesRequest
	request.Spec.Namespaces[nsUser].Wanted = true
	return request
}

func TestPrivilegesGoOnWhereSetgroupsIsDenied(t *testing.T) {
	request := userNamespaceRequest()
	request.Spec.Process.Capabilities = SpecCapabilities{Given: true, Bounding: capKill,
		Permitted: capKill, Effective: capKill}
	r := runPrivileges(t, request, "", userNamespace())
	r.passed(t, r.Status, "Uid: 0 0 0 0", "CapEff: 0000000000000020", "CapBnd: 0000000000000020")
}

func TestPrivilegesExplainGroupsWhereSetgroupsIsDenied(t *testing.T) {
	request := userNamespaceRequest()
	request.Spec.Process.AdditionalGIDs = []uint32{0}
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EPERM,
		"setting 1 supplementary groups",
		"the user namespace of an ordinary user denies setgroups: leave "+
			"process.user.additionalGids empty or run as root")
}

// Without a user namespace in the spec nobody may keep the caller's groups.
func TestPrivilegesRefuseToKeepGroupsOtherwise(t *testing.T) {
	runPrivileges(t, privilegesRequest{}, "", userNamespace()).refused(t, syscall.EPERM,
		"setting 0 supplementary groups", "")
}

func TestPrivilegesExplainIDsThatAreNotMapped(t *testing.T) {
	const hint = "the id must be mapped in linux.uidMappings and linux.gidMappings"
	request := userNamespaceRequest()
	request.Spec.Process.UID = 7
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EINVAL, "becoming user 7",
		hint)
	request.Spec.Process.GID = 8
	runPrivileges(t, request, "", userNamespace()).refused(t, syscall.EINVAL,
		"becoming group 8", hint)
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
