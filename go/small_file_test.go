package gobox

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A size that the file may have (setrlimit(2)) makes write(2) take a part.
func TestSmallFileTakesNoPartForTheWhole(t *testing.T) {
	const file = "memory.max"
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir, err := syscall.Open(path, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(dir)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	part := smallFileWrite(dir, file, "4096")
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if part != syscall.EIO {
		t.Errorf("a part: %v", part)
	}
	if err := smallFileWrite(dir, file, "4096"); err != nil {
		t.Error(err)
	}
	if text, err := smallFileRead(dir, file); err != nil || text != "4096" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestSmallFileFollowsNoLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "value")
	if err := os.Symlink("/dev/null", path); err != nil {
		t.Fatal(err)
	}
	if err := smallFileWrite(atFdcwd, path, "1"); err != syscall.ELOOP {
		t.Errorf("written: %v", err)
	}
	if text, err := smallFileRead(atFdcwd, path); err != syscall.ELOOP {
		t.Errorf("read: %q, %v", text, err)
	}
}

func TestSmallFileThatIsNotThere(t *testing.T) {
	const path = "/proc/self/nothing"
	if err := smallFileWrite(atFdcwd, path, "1"); err != syscall.ENOENT {
		t.Errorf("written: %v", err)
	}
	if text, err := smallFileRead(atFdcwd, path); err != syscall.ENOENT {
		t.Errorf("read: %q, %v", text, err)
	}
}
