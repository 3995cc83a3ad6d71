// No directory is believed that is odd; tests/unit/test_state_read.c has the same tests.

package gobox

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

func TestStateOddDirectories(t *testing.T) {
	base := stateScene(t)
	directory := base + "/twinbox"
	c := stateContainer("a")

	must(t, os.Mkdir(base+"/elsewhere", 0700))
	must(t, os.Symlink("elsewhere", directory))
	wantError(t, stateCreate(c), syscall.ENOTDIR, "opening state directory "+directory, "")
	must(t, os.Remove(directory))

	must(t, os.Mkdir(directory, 0700))
	must(t, os.Chmod(directory, 0770))
	wantError(t, stateCreate(c), 0, "is not safe to use: mode 040770", "writable by nobody else")
	must(t, os.Chmod(directory, 0700))
	if os.Geteuid() == 0 {
		must(t, os.Chown(directory, 65534, 65534))
		wantError(t, stateCreate(c), 0, "is not safe to use", "")
	}
}

func TestStateNoRuntimeDirectory(t *testing.T) {
	// Root has /run and does not look at it: the effective user is another one meanwhile, on this
	// thread only, which is never unlocked.
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), 65534, ^uintptr(0))
		if errno != 0 {
			t.Fatal("setresuid: ", errno)
		}
	}
	for _, value := range []string{"", "relative"} {
		t.Setenv("XDG_RUNTIME_DIR", value)
		wantError(t, stateCreate(stateContainer("a")), 0,
			"XDG_RUNTIME_DIR is not set to an absolute path", "log in as this user")
	}
}
