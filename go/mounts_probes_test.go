// What the scenes of mounts_scenes_test.go look at from inside, and what they do to the kernel or the
// rootfs before. tests/unit/mounts_scene.h has it in C.

package gobox

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

func tellFile(path string) {
	var st syscall.Stat_t
	err := syscall.Lstat(path, &st)
	switch {
	case err != nil:
		fmt.Println(path, errorName(errnoOf(err)))
	case st.Mode&syscall.S_IFMT == syscall.S_IFCHR:
		fmt.Printf("%s char %d:%d %04o\n", path, st.Rdev>>8, st.Rdev&0xff, st.Mode&0o7777)
	case st.Mode&syscall.S_IFMT == syscall.S_IFLNK:
		target, _ := os.Readlink(path)
		fmt.Println(path, "->", target)
	case st.Mode&syscall.S_IFMT == syscall.S_IFREG:
		content, _ := os.ReadFile(path)
		fmt.Printf("%s \"%s\"\n", path, content)
	default:
		fmt.Printf("%s dir %04o\n", path, st.Mode&0o7777)
	}
}

func tellWrite(path string) {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err == nil {
		_, err = syscall.Write(fd, []byte{0})
		syscall.Close(fd)
	}
	fmt.Println("write", path, okOr(err))
}

func tellMkdir(path string) {
	fmt.Println("mkdir", path, okOr(syscall.Mkdir(path, 0o755)))
}

func okOr(err error) string {
	if err == nil {
		return "ok"
	}
	return errorName(errnoOf(err))
}

func tellCwd() {
	cwd, _ := getcwd()
	fmt.Printf("cwd %s umask %04o\n", cwd, syscall.Umask(0))
}

// cutMachinesOwn cuts what is the machine's: the options of its one cgroup2, and a tmpfs option that
// the kernel's configuration adds (CONFIG_TMPFS_INODE64).
func cutMachinesOwn(tail string) string {
	if strings.HasPrefix(tail, "cgroup2 ") {
		tail, _, _ = strings.Cut(tail, ",")
	}
	return strings.TrimSuffix(tail, ",inode64")
}

// tellMounts gives mountinfo as "mount /dev rw,nosuid tmpfs tmpfs rw,size=65536k".
func tellMounts() {
	info, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(strings.TrimSpace(string(info)), "\n") {
		head, tail, _ := strings.Cut(line, " - ")
		fields := strings.Fields(head)
		fmt.Println("mount", fields[4], fields[5], cutMachinesOwn(tail), strings.Join(fields[6:], " "))
	}
}

func modeOf(path string, want uint32) error {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return err
	}
	if st.Mode != want {
		return fmt.Errorf("%s has mode %o, not %o", path, st.Mode, want)
	}
	return nil
}

func keepHostDirectory() error {
	fd, err := syscall.Open("/tmp", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return syscall.Dup3(fd, 77, 0)
}

// replaceNull: the host's own /dev/null has been replaced by a file.
func replaceNull() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Mount("host/seen", "/dev/null", "", syscall.MS_BIND, "")
}

// forgetMountSetattr: an older kernel, as a filter on this thread sees to it.
func forgetMountSetattr() error {
	const prSetNoNewPrivs, seccompModeFilter, seccompErrno, seccompAllow = 38, 2, 0x50000, 0x7fff0000
	code := []syscall.SockFilter{
		{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS}, // seccomp_data.nr
		{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jf: 1, K: sysMountSetattr},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: seccompErrno | uint32(syscall.ENOSYS)},
		{Code: syscall.BPF_RET | syscall.BPF_K, K: seccompAllow},
	}
	filter := syscall.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	runtime.LockOSThread()
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	_, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_SECCOMP, seccompModeFilter,
		uintptr(unsafe.Pointer(&filter)))
	return errnoError(errno)
}
