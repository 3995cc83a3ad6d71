// System calls as data: what a list calls a failure, and what it hands from one call to the next.

package gobox

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

func listOf(add func(l *callList)) *callList {
	l := newCalls(newContainer(), "mounts")
	add(l)
	return l
}

func TestCallsRules(t *testing.T) {
	const nobody = uintptr(1 << 20) // no descriptor: EBADF
	closing := func(l *callList) *call {
		return l.add(syscall.SYS_CLOSE, []uintptr{nobody}, "closing %d", 7)
	}
	for name, row := range map[string]struct {
		add     func(l *callList)
		message string
		errno   syscall.Errno
	}{
		"must":             {func(l *callList) { closing(l) }, "closing 7", syscall.EBADF},
		"may":              {func(l *callList) { l.may(syscall.SYS_CLOSE, nobody) }, "", 0},
		"an expected one":  {func(l *callList) { closing(l).errno = syscall.EBADF }, "", 0},
		"another expected": {func(l *callList) { closing(l).errno = syscall.EINTR }, "closing 7", syscall.EBADF},
		"forbidden":        {func(l *callList) { l.refuse(errorSay("no")) }, "no", 0},
		"not one": {func(l *callList) {
			l.add(syscall.SYS_UMASK, []uintptr{0o22}, "asking")
			l.add(syscall.SYS_UMASK, []uintptr{0o22}, "asking again").rule = callWants
		}, "asking again", 0},
		"the first of two": {func(l *callList) {
			l.refuse(errorSay("first"))
			l.refuse(errorSay("second"))
		}, "first", 0},
		"what the call filled in": {func(l *callList) {
			fs := new(syscall.Statfs_t)
			l.add(syscall.SYS_STATFS, []uintptr{l.text("/proc"), kept(l, fs)}, "looking")
			k := l.must(func(syscall.Errno) error { return errorSay("no devpts") })
			k.word, k.mask = (*uint64)(unsafe.Pointer(&fs.Type)), ^uint64(0)
			k.want = devptsSuperMagic
		}, "no devpts", 0},
	} {
		err := listOf(row.add).run(newContainer())
		if row.message == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wantError(t, err, row.errno, row.message, "")
	}
}

// A list takes no memory while it runs, as one of its calls may have limited that.
func TestCallsTakeNoMemory(t *testing.T) {
	c := newContainer()
	c.Verbose, c.LogFD = true, -1
	l := newCalls(c, "exec")
	for i := 0; i < 3; i++ {
		l.says("execve(\"%d\")", i)
		l.may(syscall.SYS_EXECVE, l.text("nowhere"), l.texts(nil), l.texts(nil))
		l.must(func(errno syscall.Errno) error { return errno }).rule = callExec
	}
	if n := testing.AllocsPerRun(100, func() { must(t, l.run(c)) }); n != 0 {
		t.Errorf("%g times", n)
	}
}

// One call's descriptor is the next one's argument; texts live as long as the list.
func TestCallsHandOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	fd, text := new(int32), "abc"
	l := listOf(func(l *callList) {
		l.add(syscall.SYS_OPENAT, []uintptr{l.here(), l.text(file),
			syscall.O_CREAT | syscall.O_WRONLY, 0o600}, "opening").save = fd
		l.add(syscall.SYS_WRITE, []uintptr{0, l.text(text), 3}, "writing").fd = fd
		l.add(syscall.SYS_CLOSE, []uintptr{0}, "closing").fd = fd
	})
	must(t, l.run(newContainer()))
	if got, err := os.ReadFile(file); string(got) != text {
		t.Error(string(got), err)
	}
}

// execvp(3)'s: EACCES outlives ENOENT; anything else ends the search. No execve(2) here succeeds.
func TestCallsSearch(t *testing.T) {
	directory := t.TempDir()
	must(t, os.WriteFile(directory+"/plain", nil, 0o600))
	must(t, os.Symlink("loop", directory+"/loop"))
	for _, row := range []struct {
		paths []string
		errno syscall.Errno
	}{
		{[]string{"none", "none"}, syscall.ENOENT},
		{[]string{"none/below", "none"}, syscall.ENOENT},
		{[]string{"plain", "none"}, syscall.EACCES},
		{[]string{"none", "plain/below", "plain"}, syscall.EACCES},
		{[]string{"plain", "loop", "none"}, syscall.ELOOP},
		{nil, syscall.ENOENT},
	} {
		err := listOf(func(l *callList) {
			for _, path := range row.paths {
				l.may(syscall.SYS_EXECVE, l.text(directory+"/"+path), l.texts(nil), l.texts(nil))
				l.must(func(errno syscall.Errno) error {
					return errorSys(errno, "executing")
				}).rule = callExec
			}
			l.may(0)
			l.must(func(errno syscall.Errno) error {
				return errorSys(errno, "executing")
			}).rule = callDenied
		}).run(newContainer())
		wantError(t, err, row.errno, "executing", "")
	}
}

// The parent hears the number of a call, and says what it was for and in which stage.
func TestCallsFailure(t *testing.T) {
	l := listOf(func(l *callList) {
		l.may(syscall.SYS_GETPID)
		l.stage = "privileges"
		l.add(syscall.SYS_CLOSE, []uintptr{1 << 20}, "closing it")
		l.may(syscall.SYS_GETPID)
	})
	failed := callsMake(&l.calls[0], len(l.calls))
	if failed != (callFailure{1, int32(syscall.EBADF)}) {
		t.Fatal(failed)
	}
	message := failureMessage{mark: 'e', failure: failed}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&message)), int(unsafe.Sizeof(message)))
	for _, cut := range []int{len(bytes), len(bytes) - 1} {
		err := l.read(bytes[1:cut])
		if cut < len(bytes) {
			if err != nil {
				t.Error("of a message that is cut: ", err)
			}
			break
		}
		wantError(t, err, syscall.EBADF, "closing it", "")
		if asError(err).Stage != "privileges" {
			t.Error(asError(err).Stage)
		}
	}
}

// keepOwn closes all but its own, whatever their order: in a copy of this process.
func TestCallsKeepOwn(t *testing.T) {
	for _, own := range [][]int{{9, 5}, {5, 9}, {3, 4}, {-1, 7}, {1000}} {
		l := listOf(func(l *callList) { keepOwn(own, l) })
		want := 3
		for i, k := range l.calls {
			first, last := int(k.args[0]), int(uint32(k.args[1]))
			if k.number != sysCloseRange || first < want || last < first {
				t.Errorf("%v: call %d closes %d to %d", own, i, first, last)
			}
			for fd := want; fd < first; fd++ {
				if fd != own[0] && fd != own[len(own)-1] {
					t.Errorf("%v: %d is left open", own, fd)
				}
			}
			for _, fd := range own {
				if fd >= first && fd <= last {
					t.Errorf("%v: %d is closed", own, fd)
				}
			}
			want = last + 1
		}
		if last := l.calls[len(l.calls)-1]; uint32(last.args[1]) != ^uint32(0) {
			t.Errorf("%v: the last is %d", own, uint32(last.args[1]))
		}
	}
}
