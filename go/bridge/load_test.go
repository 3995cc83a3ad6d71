//go:build cgo

package bridge

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gobox"
)

// One arena (mallopt(3)): the lock that all threads of this program fight for, and that a copy of
// it would wait for in vain.
const oneArena = "MALLOC_ARENA_MAX=1"

func TestMain(m *testing.M) {
	gobox.ChildMain()
	if os.Getenv("MALLOC_ARENA_MAX") == "" {
		err := syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), oneArena))
		fmt.Fprintln(os.Stderr, "executing this program again:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// load keeps malloc's and stdio's locks and Go's allocator and collector busy until the function
// that it returns is called.
func load(t *testing.T) (stop func()) {
	// Texts too long for malloc's cache of the thread (glibc: 1032 bytes): each takes the lock.
	word := `"` + strings.Repeat("x", 1500) + `"`
	spec := []byte(`{"ociVersion":"1.0.2","process":{"args":[` + word + strings.Repeat(","+word, 300) + `]}}`)
	if _, err := specCheck("spec.json", spec); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	var all sync.WaitGroup
	work := func(one func()) {
		defer all.Done()
		for {
			select {
			case <-over:
				return
			default:
				one()
			}
		}
	}
	for i := 0; i < 3; i++ {
		all.Add(2)
		go work(func() { specCheck("spec.json", spec) })
		go work(func() { sink.Store(i, make([]byte, 1<<16)) })
	}
	return func() { close(over); all.Wait() }
}

var sink sync.Map // so that what is allocated escapes

// TestStartsUnderLoad: whatever other threads hold when the stage namespaces of C makes a copy of
// this process, the copy gets to execve(2), because it waits for nothing and nobody. TWINBOX_STARTS
// says how many containers (`make fork-safety`: 2000).
func TestStartsUnderLoad(t *testing.T) {
	starts, _ := strconv.Atoi(os.Getenv("TWINBOX_STARTS"))
	if starts == 0 {
		starts = 100
	}
	rootfs, err := filepath.Abs("../../build/rootfs")
	if err != nil {
		t.Fatal(err)
	}
	// The child's parent-death signal is for the thread that made it (prctl(2)).
	runtime.LockOSThread()
	stop := load(t)
	defer stop()
	begin, slowest := time.Now(), time.Duration(0)
	for i := 0; i < starts; i++ {
		hang := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("start %d hangs", i+1)) })
		one := time.Now()
		status := gobox.CommandMain("gobox-bridge", []string{"run", "--via", "namespaces=c",
			"--spec", "../../tests/e2e/specs/plain.json", "--rootfs", rootfs, "--", "/bin/true"})
		hang.Stop()
		slowest = max(slowest, time.Since(one))
		if status != 0 {
			t.Fatalf("start %d ended with %d", i+1, status)
		}
	}
	t.Logf("%d starts in %.1f s, the slowest took %.3f s", starts, time.Since(begin).Seconds(),
		slowest.Seconds())
}
