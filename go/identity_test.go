// User namespaces and who one is in them. Ordinary users map themselves, where the machine lets
// them; tests/unit/test_identity.c has the same tests.

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

const identityInside = "TWINBOX_TEST_IDENTITY" // the second self's request

const (
	identityOK = 40 + iota
	identityFailed
	identityWrong
)

type identityRequest struct {
	Spec     Spec
	UID, GID int
}

// The second self, in a new user namespace: it waits, does the stage and ends with what came of it.
func init() {
	text := os.Getenv(identityInside)
	if text == "" {
		return
	}
	var request identityRequest
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		panic(err)
	}
	var b [1]byte
	containerReadAll(3, b[:])
	c := newContainer()
	c.Spec = &request.Spec
	if identityAssume(c) != nil {
		os.Exit(identityFailed)
	}
	var signal int32
	syscall.RawSyscall(syscall.SYS_PRCTL, prGetPdeathsig, uintptr(unsafe.Pointer(&signal)), 0)
	if os.Getuid() != request.UID || os.Geteuid() != request.UID || os.Getegid() != request.GID ||
		signal != int32(syscall.SIGKILL) {
		os.Exit(identityWrong)
	}
	os.Exit(identityOK)
}

type identityScene struct {
	*Container
	command *exec.Cmd
	release *os.File
}

// newIdentitySpec maps the caller to 0.
func newIdentitySpec() *Spec {
	s := &Spec{}
	s.Namespaces[nsUser].Wanted = true
	s.UIDMappings = []SpecIDMap{{0, uint32(os.Geteuid()), 1}}
	s.GIDMappings = []SpecIDMap{{0, uint32(os.Getegid()), 1}}
	return s
}

// startIdentity starts the second self; without its ids mapped it would lose its capabilities with
// execve(2), so it has them as ambient ones, as in create().
func startIdentity(t *testing.T, s *Spec, uid, gid int) *identityScene {
	t.Helper()
	text, _ := json.Marshal(identityRequest{*s, uid, gid})
	wait, release, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), identityInside+"="+string(text))
	command.ExtraFiles = []*os.File{wait}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
		AmbientCaps: everyCapability()}
	if err := command.Start(); err != nil {
		t.Skipf("this machine lets nobody make a user namespace: %v", err)
	}
	wait.Close()
	c := newContainer()
	c.Spec, c.Pid = s, command.Process.Pid
	scene := &identityScene{c, command, release}
	t.Cleanup(func() { scene.end() })
	return scene
}

func (s *identityScene) end() int {
	s.release.Close()
	s.command.Wait()
	return s.command.ProcessState.ExitCode()
}

func (s *identityScene) expectEnd(t *testing.T, want int) {
	t.Helper()
	if got := s.end(); got != want {
		t.Errorf("the second self ended with %d, not %d", got, want)
	}
}

// procText is a file of /proc/PID with each run of spaces as one.
func (s *identityScene) procText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.Pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func TestIdentityMapsTheCallerToRoot(t *testing.T) {
	s := startIdentity(t, newIdentitySpec(), 0, 0)
	if err := identityMap(s.Container); err != nil {
		t.Fatal(err)
	}
	expectText(t, s.procText(t, "uid_map"), fmt.Sprintf("0 %d 1", os.Geteuid()))
	expectText(t, s.procText(t, "gid_map"), fmt.Sprintf("0 %d 1", os.Getegid()))
	setgroups := "deny"
	if os.Geteuid() == 0 {
		setgroups = "allow"
	}
	expectText(t, s.procText(t, "setgroups"), setgroups)
	s.expectEnd(t, identityOK)
}

func TestIdentityMapIsWrittenOnce(t *testing.T) {
	s := startIdentity(t, newIdentitySpec(), 0, 0)
	if err := identityMap(s.Container); err != nil {
		t.Fatal(err)
	}
	err := identityMap(s.Container)
	if err == nil || asError(err).Message != "writing uid_map of the child" ||
		asError(err).Errno != syscall.EPERM {
		t.Errorf("got %v", err)
	}
	s.expectEnd(t, identityOK)
}

func TestIdentityWithoutRootNothingChanges(t *testing.T) {
	spec := newIdentitySpec()
	spec.UIDMappings[0].ContainerID, spec.GIDMappings[0].ContainerID = 1000, 1001
	s := startIdentity(t, spec, 1000, 1001)
	if err := identityMap(s.Container); err != nil {
		t.Fatal(err)
	}
	s.expectEnd(t, identityOK)
}

func TestIdentityMapsManyLines(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("two lines need root")
	}
	spec := newIdentitySpec()
	spec.UIDMappings = []SpecIDMap{{0, 100000, 1000}, {4294967294, 7, 1}}
	s := startIdentity(t, spec, 0, 0)
	if err := identityMap(s.Container); err != nil {
		t.Fatal(err)
	}
	expectText(t, s.procText(t, "uid_map"), "0 100000 1000 4294967294 7 1")
	s.expectEnd(t, identityOK)
}

// 170 lines of 24 bytes and one of 15 or 16: what specCheck refuses, the kernel does.
func TestIdentityTheKernelTakesLessThanAPage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("many lines need root")
	}
	for last, bytes := range map[uint32]int{1: 4095, 10: 4096} {
		spec := newIdentitySpec()
		spec.UIDMappings = []SpecIDMap{{0, 1000000000, last}}
		for i := uint32(1); i < 171; i++ {
			spec.UIDMappings = append(spec.UIDMappings, SpecIDMap{2000000000 + 2*i, 2000000000 + i, 1})
		}
		if got := len(identityText(spec.UIDMappings)); got != bytes {
			t.Errorf("%d bytes, not %d", got, bytes)
		}
		s := startIdentity(t, spec, 0, 0)
		err := identityMap(s.Container)
		if bytes < syscall.Getpagesize() {
			if err != nil {
				t.Error(err)
			}
			s.expectEnd(t, identityOK)
		} else {
			if err == nil || asError(err).Errno != syscall.EINVAL {
				t.Errorf("%v, not EINVAL", err)
			}
			s.expectEnd(t, identityFailed)
		}
	}
}

func TestIdentityRootThatIsNotMappedIsRefused(t *testing.T) {
	// The spec says that 0 is mapped, but nobody has written it.
	s := startIdentity(t, newIdentitySpec(), 0, 0)
	s.expectEnd(t, identityFailed)
}

// Its maps are not ours to know: what is not mapped there stays as it is.
func TestIdentityInAJoinedNamespaceItMayBeMissing(t *testing.T) {
	spec := newIdentitySpec()
	spec.Namespaces[nsUser].Path = "/proc/1/ns/user"
	s := startIdentity(t, spec, 65534, 65534)
	s.expectEnd(t, identityOK)
}

func TestIdentityChildThatIsGoneIsTold(t *testing.T) {
	s := startIdentity(t, newIdentitySpec(), 0, 0)
	s.end()
	err := identityMap(s.Container)
	if err == nil || asError(err).Message != "writing uid_map of the child" ||
		asError(err).Errno != syscall.ENOENT {
		t.Errorf("got %v", err)
	}
}

func TestIdentityOtherNamespacesAreLeftAlone(t *testing.T) {
	// Pid 0 has no files to write to.
	c := newContainer()
	c.Spec = newIdentitySpec()
	c.Spec.Namespaces[nsUser].Path = "/proc/1/ns/user"
	if err := identityMap(c); err != nil {
		t.Error(err)
	}
	c.Spec.Namespaces[nsUser] = SpecNamespace{}
	for _, f := range []func(*Container) error{identityMap, identityAssume} {
		if err := f(c); err != nil {
			t.Error(err)
		}
	}
}
