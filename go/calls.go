// System calls as data. After a bare clone(2) a copy of one thread of a Go program may make system
// calls and nothing else: no allocation, no lock, no growing stack, for the threads that would help
// are not in the copy (namespaces_join.go). So what a process of `exec` does between joining the
// container and execve(2) is a list of calls, written down before with all their arguments; what an
// error means is asked by the parent, which hears the number of the call that failed.
//
// The stages "privileges" and "exec" of `run` make the same lists and make their calls in place: what
// a process gives up is said once.

package gobox

import (
	"syscall"
	"unsafe"
)

// call is one system call. Its fields point into memory that the list keeps.
type call struct {
	number uintptr
	args   [6]uintptr
	fd     *int32 // where args[0] is what an earlier call has saved
	save   *int32 // where the result goes
	rule   callRule
	errno  syscall.Errno // an error that is none
	word   *uint64       // what the call filled in: must be want where mask is set
	mask   uint64
	want   uint64

	explain func(syscall.Errno) error
	tell    []byte // -v: the lines before the call; nil: none
	stage   string // to which it belongs
}

type callRule uint8

const (
	callMust   callRule = iota // an error is a failure
	callMay                    // an error is none
	callWants                  // so is a result other than 1
	callForbid                 // a failure without a call
	callExec                   // one of several execve(2): the next one follows ENOENT, ENOTDIR, EACCES
	callDenied                 // the end of those: EACCES where it was one of them, else ENOENT
)

// callList is what to do, and what to say of each call.
type callList struct {
	calls []call
	told  []byte     // the lines of the next call
	stage string     // of the calls that are added
	of    *Container // whose -v says what says tells
	keep  []any      // keeps alive what the calls point to
}

// callsRoom is for what most containers need: growing takes a copy in new memory each time.
const callsRoom = 64

// callFailure is which call failed and how: what goes over the error pipe. index -1: none.
type callFailure struct{ index, errno int32 }

func newCalls(c *Container, stage string) *callList {
	return &callList{stage: stage, of: c, calls: make([]call, 0, callsRoom),
		keep: make([]any, 0, callsRoom)}
}

// add adds a call that must succeed; what it is for goes into the words of its error.
func (l *callList) add(number uintptr, args []uintptr, format string, words ...any) *call {
	l.calls = append(l.calls, call{number: number, tell: l.told, stage: l.stage,
		explain: func(errno syscall.Errno) error { return errorSys(errno, format, words...) }})
	l.told = nil
	k := &l.calls[len(l.calls)-1]
	copy(k.args[:], args)
	if format == "" {
		k.rule = callMay // unless must says otherwise
	}
	return k
}

// may adds a call whose failure is none.
func (l *callList) may(number uintptr, args ...uintptr) *call { return l.add(number, args, "") }

// must makes a failure of the last call one, in words of its own.
func (l *callList) must(explain func(syscall.Errno) error) *call {
	k := &l.calls[len(l.calls)-1]
	k.rule, k.explain = callMust, explain
	return k
}

// refuse adds a failure that is known already, in its turn.
func (l *callList) refuse(err error) {
	l.may(0)
	l.must(func(syscall.Errno) error { return err }).rule = callForbid
}

// says tells the next call, as eventsCall does.
func (l *callList) says(format string, args ...any) {
	if l.of.Verbose {
		l.told = append(l.told, callLine(l.of, l.stage, format, args...)...)
	}
}

// text keeps a string for as long as the list and gives its address.
func (l *callList) text(s string) uintptr {
	p, err := syscall.BytePtrFromString(s)
	if err != nil {
		p = new(byte) // an argument never holds NUL: execve(2) gave it to us
	}
	l.keep = append(l.keep, p)
	return uintptr(unsafe.Pointer(p))
}

// texts is the same for argv and envp.
func (l *callList) texts(list []string) uintptr {
	pointers, err := syscall.SlicePtrFromStrings(list)
	if err != nil {
		pointers = make([]*byte, 1)
	}
	l.keep = append(l.keep, pointers)
	return uintptr(unsafe.Pointer(&pointers[0]))
}

// here is AT_FDCWD.
func (l *callList) here() uintptr { return ^uintptr(-atFdcwd - 1) }

// numbers is the same for a list of group ids.
func (l *callList) numbers(list []uint32) uintptr {
	l.keep = append(l.keep, list)
	return uintptr(unsafe.Pointer(unsafe.SliceData(list)))
}

// kept gives the address of what p points to, and keeps it: memory for a call's structures.
func kept[T any](l *callList, p *T) uintptr {
	l.keep = append(l.keep, p)
	return uintptr(unsafe.Pointer(p))
}

// failure is the error of a call, in its stage.
func (l *callList) failure(f callFailure) error {
	k := &l.calls[f.index]
	err := asError(k.explain(syscall.Errno(f.errno)))
	if err.Stage == "" {
		err.Stage = k.stage
	}
	return err
}

// run makes the calls here and now. It needs no memory until one fails: the limit that a call sets may
// have left none (setrlimit(2), RLIMIT_AS, RLIMIT_DATA).
func (l *callList) run(c *Container) error {
	denied := false
	for i := range l.calls {
		k := &l.calls[i]
		if k.tell != nil {
			syscall.Write(c.LogFD, k.tell)
		}
		if failed, errno := callMake(k, &denied); failed {
			return k.explain(errno)
		}
	}
	return nil
}

// callMake makes one call and judges its result. denied is kept from one execve(2) to the next.
//
//go:nosplit
//go:norace
func callMake(k *call, denied *bool) (failed bool, errno syscall.Errno) {
	if k.rule == callForbid {
		return true, 0
	}
	if k.rule == callDenied {
		if *denied {
			return true, syscall.EACCES
		}
		return true, syscall.ENOENT
	}
	if k.fd != nil {
		k.args[0] = uintptr(*k.fd)
	}
	var result uintptr
	result, _, errno = syscall.RawSyscall6(k.number, k.args[0], k.args[1], k.args[2], k.args[3],
		k.args[4], k.args[5])
	if errno != 0 {
		if k.rule == callExec {
			*denied = *denied || errno == syscall.EACCES
			return errno != syscall.EACCES && errno != syscall.ENOENT && errno != syscall.ENOTDIR,
				errno
		}
		return k.rule != callMay && errno != k.errno, errno
	}
	if k.save != nil {
		*k.save = int32(result)
	}
	return k.rule == callWants && result != 1 || k.word != nil && *k.word&k.mask != k.want, 0
}

// callsMake makes them all in the copy of a thread; it comes back with the one that failed.
//
//go:nosplit
//go:norace
func callsMake(first *call, n int) (failure callFailure) {
	denied := false
	for i := 0; i < n; i++ {
		k := (*call)(unsafe.Add(unsafe.Pointer(first), uintptr(i)*unsafe.Sizeof(*first)))
		if failed, errno := callMake(k, &denied); failed {
			return callFailure{int32(i), int32(errno)}
		}
	}
	return callFailure{-1, 0}
}
