// The cgroup stage on real cgroups. tests/unit/test_cgroup.c has the same tests.
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
	"slices"
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
	s.must(cgroupRemove(path))
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

// The path.

func TestCgroupPathComesFromTheSpec(t *testing.T) {
	s := newCgroupScene(t)
	for _, row := range []struct {
		resources  bool
		path, want string
	}{{false, "", ""}, {true, "", "/twinbox/one"}, {true, "/a/b..c/.d", "/a/b..c/.d"}} {
		s.c.Spec.HasResources, s.c.Spec.CgroupsPath = row.resources, row.path
		s.must(cgroupPath(s.c))
		if s.c.Cgroup != row.want {
			t.Errorf("the path is %q, not %q", s.c.Cgroup, row.want)
		}
	}
}

func TestCgroupPathStaysBelowTheRoot(t *testing.T) {
	s := newCgroupScene(t)
	for _, row := range []struct{ path, message string }{
		{"a", "cgroup path a: must begin with a slash"},
		{"/", "cgroup path /: every part must be a plain name"},
		{"/a/", "cgroup path /a/: every part must be a plain name"},
		{"//a", "cgroup path //a: every part must be a plain name"},
		{"/a/./b", "cgroup path /a/./b: every part must be a plain name"},
		{"/a/../b", "cgroup path /a/../b: every part must be a plain name"},
		{"/..", "cgroup path /..: every part must be a plain name"},
	} {
		s.c.Spec.CgroupsPath = row.path
		refused(t, cgroupPath(s.c), 0, row.message, "")
		if s.c.Cgroup != "" {
			t.Errorf("the path is %q", s.c.Cgroup)
		}
		refused(t, cgroupRemove(row.path), 0, row.message, "")
	}
	if cgroupRemove("/"+strings.Repeat("x", nameMax+1)) == nil {
		t.Error("a name of 256 bytes is accepted")
	}
}

// The machine.

func TestCgroupAsksNothingWithoutLimits(t *testing.T) {
	s := newCgroupScene(t)
	s.must(cgroupCheck(s.c.Spec))
	s.must(cgroupCreate(s.c))
	if s.c.CgroupFD != -1 {
		t.Error("a cgroup is open")
	}
}

func TestCgroupRefusesOtherFileSystems(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.c.Spec.HasResources = true
		for _, row := range []struct{ kind, hint string }{
			{"tmpfs", "this machine mounts cgroup v1 controllers; the lab (make lab) has " +
				"cgroup v2"},
			{"ramfs", "mount it with `mount -t cgroup2 none /sys/fs/cgroup`, or use the lab " +
				"(make lab)"},
		} {
			s.must(syscall.Mount("none", cgroupRoot, row.kind, 0, ""))
			err := cgroupCheck(s.c.Spec)
			s.must(syscall.Unmount(cgroupRoot, 0))
			refused(t, err, 0, "/sys/fs/cgroup is not a cgroup v2 file system", row.hint)
		}
		s.must(cgroupCheck(s.c.Spec))
	})
}

func TestCgroupNamesAMissingController(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.c.Spec.Resources.Unified = []SpecKeyValue{{"nosuch.max", "1"}}
		s.askFor("/x")
		for _, err := range []error{cgroupCheck(s.c.Spec), cgroupCreate(s.c)} {
			refused(t, err, 0,
				"controller nosuch is missing in /sys/fs/cgroup/cgroup.controllers",
				"cgroup v1 may hold it on this machine; the lab (make lab) has every "+
					"controller")
		}
	})
}

// Making and removing.

func TestCgroupMakesAndRemovesWithParents(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/a/b/one")
		s.create()
		var made, opened syscall.Stat_t
		s.must(syscall.Stat(s.place("/a/b/one"), &made))
		s.must(syscall.Fstat(s.c.CgroupFD, &opened))
		if made.Ino != opened.Ino {
			t.Error("another cgroup is open")
		}
		flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(s.c.CgroupFD), syscall.F_GETFD, 0)
		if flags != syscall.FD_CLOEXEC {
			t.Error("the descriptor outlives execve")
		}
		s.remove(s.c.Cgroup)
		if s.exists("") {
			t.Error("a parent is left")
		}
		s.remove(s.c.Cgroup) // gone already
	})
}

// What the namespaces stage does with CgroupFD.
func TestCgroupDescriptorTakesAProcessIn(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		cmd := exec.Command("sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: s.c.CgroupFD}
		s.must(cmd.Start())
		if got := s.read(s.place("/one/cgroup.procs")); got != fmt.Sprintln(cmd.Process.Pid) {
			t.Errorf("%q is in the cgroup, not %d", got, cmd.Process.Pid)
		}
		s.remove(s.c.Cgroup)
		s.killed(cmd)
	})
}

func TestCgroupTakesNothingOver(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		other := *s.c
		other.CgroupFD = -1
		refused(t, cgroupCreate(&other), syscall.EEXIST, "creating cgroup "+s.c.Cgroup,
			"another container uses "+s.c.Cgroup+"; `gobox list` shows it, `gobox gc` removes "+
				"what a crash left")
		if other.CgroupFD != -1 || !s.exists("/one") {
			t.Error("it is not the first one's any more")
		}
		s.remove(s.c.Cgroup)
	})
}

func TestCgroupLeavesParentsThatWereThere(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.must(os.Mkdir(s.place(""), 0o755))
		s.askFor("/a/one")
		s.create()
		s.remove(s.c.Cgroup)
		if s.exists("/a") || !s.exists("") {
			t.Error("/a is left, or its parent is not")
		}
		os.Remove(s.place(""))
	})
}

func TestCgroupLeavesParentsInUse(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/a/one")
		s.create()
		syscall.Close(s.c.CgroupFD)
		first := s.c.Cgroup
		s.askFor("/a/two")
		s.create()
		s.remove(first)
		if !s.exists("/a/two") {
			t.Error("the other container's cgroup is gone")
		}
		s.remove(s.c.Cgroup)
	})
}

func TestCgroupEndsProcessesInNestedCgroups(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		for _, rest := range []string{"/one/a", "/one/a/b", "/one/c"} {
			s.must(os.Mkdir(s.place(rest), 0o755))
		}
		cmds := []*exec.Cmd{s.startProcess("/one"), s.startProcess("/one/a/b"),
			s.startProcess("/one/c")}
		s.remove(s.c.Cgroup)
		for _, cmd := range cmds {
			s.killed(cmd)
		}
	})
}

func TestCgroupEndsFrozenProcesses(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		cmd := s.startProcess("/one")
		s.write(s.place("/one/cgroup.freeze"), "1")
		for !strings.Contains(s.read(s.place("/one/cgroup.events")), "frozen 1") {
		}
		s.remove(s.c.Cgroup)
		s.killed(cmd)
	})
}

// cgroup.kill refuses a threaded cgroup; by the time of cleanup its processes have ended.
func TestCgroupRemovesThreadedCgroups(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		s.must(os.Mkdir(s.place("/one/a"), 0o755))
		s.write(s.place("/one/a/cgroup.type"), "threaded")
		s.write(s.place("/one/cgroup.type"), "threaded")
		s.remove(s.c.Cgroup)
	})
}

// Deeper than there are descriptors.
func TestCgroupRemovesDeepNests(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/one")
		s.create()
		dir, err := cgroupDup(s.c.CgroupFD)
		s.must(err)
		for i := 0; i < cgroupDepth; i++ {
			s.must(syscall.Mkdirat(dir, "deeper", 0o755))
			next, err := syscall.Openat(dir, "deeper", cgroupDirFlags, 0)
			s.must(err)
			syscall.Close(dir)
			dir = next
		}
		syscall.Close(dir)
		var saved syscall.Rlimit
		s.must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &saved))
		s.must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 32, Max: saved.Max}))
		s.remove(s.c.Cgroup)
		s.must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &saved))
	})
}

func TestCgroupSharesParentsWithOthers(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		names := []string{"one", "two", "three", "four"}
		results := make(chan error)
		for _, name := range names {
			c := *s.c
			c.Cgroup = s.base + "/shared/deeper/" + name
			go func() {
				var err error
				for i := 0; i < cgroupRounds && err == nil; i++ {
					if err = cgroupCreate(&c); err == nil {
						syscall.Close(c.CgroupFD)
						err = cgroupRemove(c.Cgroup)
					}
				}
				results <- err
			}()
		}
		for range names {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// The root of a container: a cgroup namespace. The third self makes a cgroup there.
func TestCgroupWorksBelowANestedRoot(t *testing.T) {
	if os.Getenv(cgroupInside) == "nested" {
		s := newCgroupScene(t)
		s.must(syscall.Unmount(cgroupRoot, 0))
		s.must(syscall.Mount("none", cgroupRoot, "cgroup2", 0, ""))
		s.c.Cgroup = "/twinbox/nested"
		s.create()
		if _, err := os.Stat(cgroupRoot + "/twinbox/nested"); err != nil {
			t.Error(err)
		}
		s.remove(s.c.Cgroup)
		if _, err := os.Stat(cgroupRoot + "/twinbox"); err == nil {
			t.Error("the parent is left")
		}
		if _, err := os.Stat(cgroupRoot + "/cgroup.events"); err != nil {
			t.Errorf("this was no nested root: %v", err)
		}
		return
	}
	playCgroup(t, func(s *cgroupScene) {
		s.must(os.Mkdir(s.place(""), 0o755))
		dir, err := syscall.Open(s.place(""), cgroupDirFlags, 0)
		s.must(err)
		self := exec.Command("/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
		self.Env = append(os.Environ(), cgroupInside+"=nested")
		self.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: dir,
			Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWCGROUP}
		out, err := self.CombinedOutput()
		syscall.Close(dir)
		os.Remove(s.place(""))
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// Controllers and limits: hugetlb, which has v2 to itself on most machines with v1 too.

// borrowHugetlb keeps other tests from the root's list of enabled controllers until the returned
// function gives it back.
func (s *cgroupScene) borrowHugetlb() func() {
	if !strings.Contains(s.read(cgroupRoot+"/cgroup.controllers"), "hugetlb") {
		s.t.Skip("needs the controller hugetlb in cgroup v2")
	}
	lock, err := syscall.Open(cgroupRoot, cgroupDirFlags, 0)
	s.must(err)
	s.must(syscall.Flock(lock, syscall.LOCK_EX))
	list := cgroupRoot + "/cgroup.subtree_control"
	enabled := slices.Contains(strings.Fields(s.read(list)), "hugetlb")
	return func() {
		if !enabled {
			s.write(list, "-hugetlb")
		}
		syscall.Close(lock)
	}
}

func (s *cgroupScene) askForLimits(unified ...SpecKeyValue) {
	s.c.Spec.HasResources = true
	s.c.Spec.Resources.Unified = unified
}

func TestCgroupEnablesControllersAndWritesLimits(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		defer s.borrowHugetlb()()
		s.askForLimits(SpecKeyValue{"hugetlb.2MB.max", "4194304"},
			SpecKeyValue{"hugetlb.2MB.rsvd.max", "2097152"})
		s.askFor("/a/one")
		s.must(cgroupCheck(s.c.Spec))
		s.create()
		for _, row := range []struct{ file, want string }{
			{"/cgroup.subtree_control", "hugetlb\n"},
			{"/a/cgroup.subtree_control", "hugetlb\n"},
			{"/a/one/cgroup.subtree_control", ""},
			{"/a/one/hugetlb.2MB.max", "4194304\n"},
			{"/a/one/hugetlb.2MB.rsvd.max", "2097152\n"},
		} {
			if got := s.read(s.place(row.file)); got != row.want {
				t.Errorf("%s is %q, not %q", row.file, got, row.want)
			}
		}
		s.remove(s.c.Cgroup)
	})
}

func TestCgroupSaysWhichLimitFailed(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		defer s.borrowHugetlb()()
		s.askFor("/a/one")
		for _, row := range []struct {
			limit         SpecKeyValue
			errno         syscall.Errno
			message, hint string
		}{
			{SpecKeyValue{"hugetlb.2MB.max", "much"}, syscall.EINVAL,
				"writing much to hugetlb.2MB.max", ""},
			{SpecKeyValue{"hugetlb.3MB.max", "0"}, syscall.ENOENT,
				"writing 0 to hugetlb.3MB.max",
				"this kernel has no hugetlb.3MB.max; take that limit out of the spec"},
		} {
			s.askForLimits(row.limit)
			refused(t, cgroupCreate(s.c), row.errno, row.message, row.hint)
			if s.c.CgroupFD != -1 || s.exists("") {
				t.Error("something is left of it")
			}
		}
	})
}

func TestCgroupExplainsTheNoInternalProcessRule(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		defer s.borrowHugetlb()()
		s.must(os.Mkdir(s.place(""), 0o755))
		cmd := s.startProcess("")
		s.askForLimits(SpecKeyValue{"hugetlb.2MB.max", "0"})
		s.askFor("/one")
		err := cgroupCreate(s.c)
		cmd.Process.Kill()
		cmd.Wait()
		os.Remove(s.place(""))
		refused(t, err, syscall.EBUSY, "writing +hugetlb to "+s.base+"/cgroup.subtree_control",
			"processes live in that cgroup itself: cgroup v2 gives controllers only to "+
				"children of a cgroup without processes")
	})
}
