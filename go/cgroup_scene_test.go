// A place for the tests of the cgroup stage on real cgroups; tests/unit/cgroup_scene.h is the same in C.
//
// A test that needs cgroups runs itself once more in a mount namespace of its own, where cgroup v2
// is mounted over cgroupRoot, so it runs on machines with cgroup v1 too. The tree behind that mount
// is the machine's: every cgroup made here has the program's pid in its name, and is gone after its
// test. Without root such tests are skipped.

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	cgroupRounds = 400
	cgroupDepth  = 300
	cgroupInside = "TWINBOX_TEST_CGROUP" // set in the second self
)

// cgroupScene is one container without anything but its cgroup, and the place of the test.
type cgroupScene struct {
	t    *testing.T
	c    *Container
	base string // "/twinbox-test-PID"
}

func newCgroupScene(t *testing.T) *cgroupScene {
	c := newContainer()
	c.Spec, c.Program, c.Name = &Spec{}, "gobox", "one"
	return &cgroupScene{t, c, fmt.Sprintf("/twinbox-test-%d", os.Getpid())}
}

// playCgroup runs test in a second self with a cgroup2 mount of its own.
func playCgroup(t *testing.T, test func(*cgroupScene)) {
	if os.Getenv(cgroupInside) == "" {
		if os.Geteuid() != 0 {
			t.Skip("needs root: mount and cgroup")
		}
		self := exec.Command("/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
		self.Env = append(os.Environ(), cgroupInside+"=1")
		// Unshareflags makes the new namespace's mounts private; Cloneflags would not.
		self.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		out, err := self.CombinedOutput()
		if strings.Contains(string(out), "--- SKIP") {
			t.Skipf("%s", out)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	// Not where it is there already: a mount would take the options of the machine's own.
	if !isThere(cgroupRoot + "/cgroup.procs") {
		if err := syscall.Mount("none", cgroupRoot, "cgroup2", 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	s := newCgroupScene(t)
	if r, w, err := os.Pipe(); err == nil { // now Go has its two descriptors for polling
		r.Close()
		w.Close()
	}
	descriptors := countDescriptors()
	defer func() {
		if s.c.CgroupFD >= 0 {
			syscall.Close(s.c.CgroupFD)
		}
		closeFD(&s.c.CgroupRoot)
		if s.exists("") {
			t.Errorf("%s is left", s.place(""))
			s.sweep()
		}
		if n := countDescriptors(); n != descriptors {
			t.Errorf("%d descriptors, %d before", n, descriptors)
		}
	}()
	test(s)
}

// place is where a cgroup of the test is in the file system.
func (s *cgroupScene) place(rest string) string { return cgroupRoot + s.base + rest }

func (s *cgroupScene) exists(rest string) bool {
	_, err := os.Stat(s.place(rest))
	return err == nil
}

func (s *cgroupScene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *cgroupScene) read(path string) string {
	s.t.Helper()
	text, err := os.ReadFile(path)
	s.must(err)
	return string(text)
}

func (s *cgroupScene) write(path, text string) {
	s.t.Helper()
	s.must(os.WriteFile(path, []byte(text), 0))
}

// sweep: what a failed test has left must not stay on the machine.
func (s *cgroupScene) sweep() {
	os.WriteFile(s.place("/cgroup.kill"), []byte("1"), 0)
	for syscall.Rmdir(s.place("")) == syscall.EBUSY {
		filepath.WalkDir(s.place(""), func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				syscall.Rmdir(path)
			}
			return nil
		})
	}
}

// startProcess starts a process that does nothing, in the cgroup at rest.
func (s *cgroupScene) startProcess(rest string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.Command("sleep", "1000")
	s.must(cmd.Start())
	s.write(s.place(rest+"/cgroup.procs"), fmt.Sprint(cmd.Process.Pid))
	return cmd
}

func (s *cgroupScene) killed(cmd *exec.Cmd) {
	s.t.Helper()
	cmd.Wait()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGKILL {
		s.t.Errorf("the process ended with %v", cmd.ProcessState)
	}
}

// askFor sets linux.cgroupsPath to the test's own place and fills s.c.Cgroup.
func (s *cgroupScene) askFor(rest string) {
	s.t.Helper()
	s.c.Spec.CgroupsPath = s.base + rest
	s.must(cgroupPath(s.c))
}

func (s *cgroupScene) create() {
	s.t.Helper()
	s.must(cgroupCreate(s.c))
}

func (s *cgroupScene) remove(path string) {
	s.t.Helper()
	if s.c.CgroupFD >= 0 {
		syscall.Close(s.c.CgroupFD)
	}
	s.c.CgroupFD = -1
	s.must(cgroupRemove(path, cgroupAnyone))
}

// refused checks an error word by word.
func refused(t *testing.T, err error, errno syscall.Errno, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error instead of %q", message)
	}
	e := asError(err)
	if e.Message != message || e.Errno != errno || e.Hint != hint {
		t.Errorf("got %q %d %q, want %q %d %q", e.Message, e.Errno, e.Hint, message, errno, hint)
	}
}
