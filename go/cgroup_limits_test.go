// Controllers and limits, by hugetlb, which has v2 to itself on most machines with v1 too;
// tests/unit/test_cgroup_limits.c has the same tests.

package gobox

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

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
		s.must(cgroupCheck(s.c))
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
