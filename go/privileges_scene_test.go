// The privileges stage in a second self, read back from the kernel's own view in
// /proc/self/status; then once more from a program that it executes: credentials belong to one
// thread until execve(2) makes it the only one. tests/unit/privileges_scene.h is the same in C.
//
// Most tests need root. Those of the user namespace run as an ordinary user too, where the machine
// lets one make it.

package gobox

import (
	"encoding/json"
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
