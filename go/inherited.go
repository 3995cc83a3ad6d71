// What a process has from the one that started it and hands on over clone3(2) and execve(2); c/inherited.c
// has it in C.

package gobox

import (
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"gobox/early"
)

// Inherited: signals that are ignored, and the capabilities that a process may have at all.
type Inherited struct {
	Ignored  uint64 // bit N-1: signal N is ignored (signal(7))
	Bounding uint64 // bit N: capability N is in the bounding set (capabilities(7))
}

// Package syscall raises the soft limit of open files for every Go program, and puts it back only
// for what syscall.Exec and ForkExec start; before Go 1.24 it forgets on arm64 what the limit was
// (syscall/rlimit.go). Put back at once, it is the caller's everywhere.
func init() {
	if early.NofileHard > 0 {
		syscall.Setrlimit(syscall.RLIMIT_NOFILE,
			&syscall.Rlimit{Cur: early.NofileSoft, Max: early.NofileHard})
	}
}

// findMask gives the number in a line of proc_pid_status(5). name begins with the end of the line
// before: the first line alone has words of somebody else's, and no end of line is in them.
func findMask(text, name string) (uint64, bool) {
	_, rest, found := strings.Cut(text, name)
	word, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(strings.TrimSpace(word), 16, 64)
	return mask, found && err == nil
}

func readStatus() (o Inherited, known bool) {
	status, err := smallFileRead(atFdcwd, "/proc/self/status")
	if err != nil {
		return o, false
	}
	var bounding bool
	o.Ignored, known = findMask(status, "\nSigIgn:")
	o.Bounding, bounding = findMask(status, "\nCapBnd:")
	return o, known && bounding
}

func askIgnored() (ignored uint64) {
	for signal := uintptr(1); signal <= signals; signal++ {
		var action kernelSigaction
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, 0, uintptr(unsafe.Pointer(&action)), 8,
			0, 0)
		if action.handler == sigIgn {
			ignored |= 1 << (signal - 1)
		}
	}
	return ignored
}

// inheritedBounding gives the bounding set of this moment, in a new user namespace another one:
// number by number, until the kernel knows no more.
func inheritedBounding() (bounding uint64) {
	for number := 0; number < capabilityBits; number++ {
		has, err := rawSyscall(syscall.SYS_PRCTL, syscall.PR_CAPBSET_READ, uintptr(number), 0)
		if err != nil {
			break
		}
		if has == 1 {
			bounding |= 1 << number
		}
	}
	return bounding
}

// inheritedRead: one file of /proc says both; where there is no /proc each bit is asked for.
func inheritedRead() Inherited {
	o, known := readStatus()
	if !known {
		o = Inherited{askIgnored(), inheritedBounding()}
	}
	return o
}
