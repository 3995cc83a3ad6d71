// The runtime's own program file, kept out of a container's reach; c/self.c has it in C.

package gobox

import (
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// fcntl(2) and memfd_create(2): numbers that the syscall package does not have.
const (
	fAddSeals       = 1033
	fGetSeals       = 1034
	allSeals        = 1 | 2 | 4 | 8 // F_SEAL_SEAL, SHRINK, GROW, WRITE
	mfdCloexec      = 1
	mfdAllowSealing = 2
	mfdExec         = 0x10 // Linux 6.3
	rlimitFsize     = 1    // RLIMIT_FSIZE
)

// memfdCreate: older kernels do not know MFD_EXEC; newer ones may be set to refuse what lacks it.
func memfdCreate(name string) (int, error) {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	flags := uintptr(mfdCloexec | mfdAllowSealing)
	fd, _, errno := syscall.RawSyscall(sysMemfdCreate, uintptr(unsafe.Pointer(p)), flags|mfdExec, 0)
	if errno == syscall.EINVAL {
		fd, _, errno = syscall.RawSyscall(sysMemfdCreate, uintptr(unsafe.Pointer(p)), flags, 0)
	}
	return asFD(fd, errno)
}

// copyAndSeal: a file in memory is a file to RLIMIT_FSIZE, which is set aside meanwhile: with
// CAP_SYS_RESOURCE all of it, else what is soft. Who still has too little hears EFBIG, since Go
// ignores the signal (setrlimit(2)).
func copyAndSeal(from, to int) error {
	const noLimit = ^uint64(0)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(rlimitFsize, &limit); err != nil {
		return err
	}
	if syscall.Setrlimit(rlimitFsize, &syscall.Rlimit{Cur: noLimit, Max: noLimit}) != nil {
		syscall.Setrlimit(rlimitFsize, &syscall.Rlimit{Cur: limit.Max, Max: limit.Max})
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(from, &st); err != nil {
		return err
	}
	for done := int64(0); done < st.Size; {
		n, err := syscall.Sendfile(to, from, nil, int(st.Size-done))
		if err == nil && n == 0 {
			err = syscall.EIO
		}
		if err != nil {
			return err
		}
		done += int64(n)
	}
	// The command would go without the limit.
	if err := syscall.Setrlimit(rlimitFsize, &limit); err != nil {
		return err
	}
	_, err := rawSyscall(syscall.SYS_FCNTL, uintptr(to), fAddSeals, allSeals)
	return err
}

// executeFile executes an open file with the arguments and environment of this process.
func executeFile(fd int) error {
	argv, err := syscall.SlicePtrFromStrings(os.Args)
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}
	empty := new(byte)
	_, _, errno := syscall.RawSyscall6(sysExecveat, uintptr(fd), uintptr(unsafe.Pointer(empty)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])), atEmptyPath, 0)
	return errno
}

// selfSeal goes on as a sealed copy of this program, in memory (memfd_create(2)): the same arguments
// and environment from the beginning. It returns in the copy, or where there can be none.
//
// A process that joins a running container can be told by it to execute /proc/self/exe, or a script
// with that after "#!": then the container holds the file that the runtime was started from, and
// could write to it once it is not executed any more (CVE-2019-5736). Nobody writes to a sealed one.
func selfSeal(program string) error {
	self, err := syscall.Open("/proc/self/exe", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err == nil {
		defer syscall.Close(self)
		if seals, _ := rawSyscall(syscall.SYS_FCNTL, uintptr(self), fGetSeals, 0); seals == allSeals {
			// Executed by descriptor it is called by the descriptor's number.
			name, _ := syscall.BytePtrFromString(program)
			syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_NAME,
				uintptr(unsafe.Pointer(name)), 0)
			return nil
		}
		var copied int
		if copied, err = memfdCreate(program); err == nil {
			defer syscall.Close(copied)
			if err = copyAndSeal(self, copied); err == nil {
				err = executeFile(copied)
			}
		}
	}
	return errorSys(err, "executing a sealed copy of the runtime")
}

// selfData finds what belongs to the program by where the program is: share/twinbox/NAME beside the
// directory that it is installed in, so that a tree can be moved; else shared/NAME of the checkout
// that it was built in. "": there is neither.
func selfData(name string) string {
	link := make([]byte, pathMax)
	n, err := syscall.Readlink("/proc/self/exe", link)
	if err != nil {
		return ""
	}
	self, up := string(link[:n]), 0
	for _, place := range []struct {
		up    int // from bin/cbox, from build/bin/cbox
		below string
	}{{2, "share/twinbox"}, {3, "shared"}} {
		for ; up < place.up; up++ {
			slash := strings.LastIndexByte(self, '/')
			if slash < 0 {
				return ""
			}
			self = self[:slash]
		}
		path := self + "/" + place.below + "/" + name
		if len(path) < pathMax && syscall.Access(path, accessExist) == nil {
			return path
		}
	}
	return ""
}
