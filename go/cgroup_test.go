// The path of a cgroup, its making, and what is refused; tests/unit/test_cgroup.c has the same
// tests.

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

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
		refused(t, cgroupRemove(row.path, cgroupAnyone), 0, row.message, "")
	}
	if cgroupRemove("/"+strings.Repeat("x", nameMax+1), cgroupAnyone) == nil {
		t.Error("a name of 256 bytes is accepted")
	}
}

// The machine.

func TestCgroupAsksNothingWithoutLimits(t *testing.T) {
	s := newCgroupScene(t)
	s.must(cgroupCheck(s.c))
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
			err := cgroupCheck(s.c)
			s.must(syscall.Unmount(cgroupRoot, 0))
			refused(t, err, 0, "/sys/fs/cgroup is not a cgroup v2 file system", row.hint)
		}
		s.must(cgroupCheck(s.c))
	})
}

// All of a file's name before its first dot; a long one as messages show it.
func TestCgroupNamesAMissingController(t *testing.T) {
	playCgroup(t, func(s *cgroupScene) {
		s.askFor("/x")
		for _, row := range []struct{ file, controller string }{
			{"nosuch.max", "nosuch"},
			{"a b.c", "a b"},
			{"a\nb c.d.e", "a\nb c"},
			{" pids.max", " pids"},
			{strings.Repeat("x", 9*64) + ".max", strings.Repeat("x", 64) + "..."},
		} {
			s.c.Spec.Resources.Unified = []SpecKeyValue{{row.file, "1"}}
			for _, err := range []error{cgroupCheck(s.c), cgroupCreate(s.c)} {
				refused(t, err, 0, "controller "+row.controller+
					" is missing in /sys/fs/cgroup/cgroup.controllers",
					"cgroup v1 may hold it on this machine; the lab (make lab) has every "+
						"controller")
			}
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
