// A cgroup goes with all that is in it; tests/unit/test_cgroup_remove.c has the same tests.

package gobox

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

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
						err = cgroupRemove(c.Cgroup, cgroupAnyone)
					}
				}
				closeFD(&c.CgroupRoot)
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
