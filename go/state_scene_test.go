// What the tests of state and gc share, first of all a place: as root a test's thread gets a private
// /run, network namespace and cgroup v2; it is never unlocked, so they end with the test. Everybody
// else has a temporary XDG_RUNTIME_DIR. tests/unit/state_scene.h is the same in C.

package gobox

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// stateScene gives the directory in which the state directory will be.
func stateScene(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		base := t.TempDir()
		t.Setenv("XDG_RUNTIME_DIR", base)
		return base
	}
	runtime.LockOSThread()
	for _, err := range []error{
		syscall.Unshare(syscall.CLONE_NEWNS | syscall.CLONE_NEWNET),
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("none", "/run", "tmpfs", 0, "mode=755"),
	} {
		if err != nil {
			t.Fatal("private /run and network namespace: ", err)
		}
	}
	// Mounted once more, the machine's own would lose its options.
	if !isThere(cgroupRoot + "/cgroup.procs") {
		must(t, syscall.Mount("none", cgroupRoot, "cgroup2", 0, ""))
	}
	return "/run"
}

func stateContainer(name string) *Container {
	c := newContainer()
	c.Spec = &Spec{}
	c.Program = "gobox"
	c.Name = name
	c.Rootfs = "/srv/rootfs"
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError holds the message, the errno and the hint; an empty text holds nothing.
func wantError(t *testing.T, err error, errno syscall.Errno, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", message)
	}
	e := asError(err)
	if e.Errno != errno || !strings.Contains(e.Message, message) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got errno %d, %q, hint %q; want %d, %q, %q", e.Errno, e.Message, e.Hint, errno,
			message, hint)
	}
}

// leaveState is a runtime that was killed: its lock is gone and nothing is cleaned up.
func leaveState(t *testing.T, c *Container) {
	t.Helper()
	must(t, stateCreate(c))
	if c.Pid > 0 {
		must(t, stateUpdate(c))
	}
	must(t, syscall.Close(c.StateFD))
	c.StateFD = -1
}

func startSleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	sleeper := exec.Command("sleep", "60")
	must(t, sleeper.Start())
	t.Cleanup(func() {
		sleeper.Process.Kill()
		sleeper.Wait()
	})
	return sleeper
}
