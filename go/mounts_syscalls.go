// The calls of the stage "mounts" in the shape it needs them, all on open files and never on a path
// below the rootfs. c/mounts_syscalls.h has the same functions.
//
// fsopen(2), fsmount(2), open_tree(2), move_mount(2): Linux 5.2; openat2(2): 5.6;
// mount_setattr(2): 5.12. The syscall package knows none of them: the numbers are in sysnum.go, the
// constants are those of include/uapi/linux/mount.h, openat2.h, fcntl.h and magic.h.

package gobox

import (
	"syscall"
	"unsafe"
)

const (
	oPath = 0x200000 // O_PATH, open(2)

	atFdcwd     = -0x64
	atEmptyPath = 0x1000
	atRecursive = 0x8000

	openTreeClone      = 0x1
	moveMountFromEmpty = 0x4
	moveMountToEmpty   = 0x40

	fsconfigSetFlag   = 0
	fsconfigSetString = 1
	fsconfigCmdCreate = 6

	resolveNoMagiclinks = 0x02
	resolveNoSymlinks   = 0x04
	resolveInRoot       = 0x10

	// Resolves path as if root were "/", and never through /proc/PID/fd and its like (magic links).
	resolveBelow = resolveInRoot | resolveNoMagiclinks

	procSuperMagic   = 0x9fa0
	devptsSuperMagic = 0x1cd1
)

// openHow is struct open_how of openat2(2).
type openHow struct{ flags, mode, resolve uint64 }

// mountAttr is struct mount_attr of mount_setattr(2).
type mountAttr struct{ set, clear, propagation, userns uint64 }

// errnoError gives nil for errno 0.
func errnoError(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// asFD gives the descriptor that a call returned, or -1 and its error.
func asFD(result uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(result), nil
}

func sysOpenBelow(dir int, path string, flags, resolve uint64) (int, error) {
	how := openHow{flags: flags | syscall.O_CLOEXEC, resolve: resolve}
	p, err := syscall.BytePtrFromString(path)
	if err != nil {
		return -1, err
	}
	fd, _, errno := syscall.Syscall6(sysOpenat2, uintptr(dir), uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
	return asFD(fd, errno)
}

// openTree is open_tree(2) with O_CLOEXEC.
func openTree(dir int, path string, flags uint) (int, error) {
	p, err := syscall.BytePtrFromString(path)
	if err != nil {
		return -1, err
	}
	fd, _, errno := syscall.Syscall(sysOpenTree, uintptr(dir), uintptr(unsafe.Pointer(p)),
		uintptr(flags|syscall.O_CLOEXEC))
	return asFD(fd, errno)
}

// sysCloneMount makes a copy of the mount that fd stands on, from there down, attached nowhere.
func sysCloneMount(fd int, recursive uint) (int, error) {
	return openTree(fd, "", openTreeClone|atEmptyPath|recursive)
}

func moveMount(from int, to int, toPath string, flags uint) error {
	empty := [1]byte{}
	p, err := syscall.BytePtrFromString(toPath)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(sysMoveMount, uintptr(from), uintptr(unsafe.Pointer(&empty)),
		uintptr(to), uintptr(unsafe.Pointer(p)), uintptr(flags), 0)
	return errnoError(errno)
}

// sysAttach attaches the mount to the target; both are open files.
func sysAttach(mount, target int) error {
	return moveMount(mount, target, "", moveMountFromEmpty|moveMountToEmpty)
}

func sysSetattr(mount int, recursive uint, attr *mountAttr) error {
	empty := [1]byte{}
	_, _, errno := syscall.Syscall6(sysMountSetattr, uintptr(mount),
		uintptr(unsafe.Pointer(&empty)), uintptr(atEmptyPath|recursive),
		uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr), 0)
	return errnoError(errno)
}

func fsopen(typ string) (int, error) {
	p, err := syscall.BytePtrFromString(typ)
	if err != nil {
		return -1, err
	}
	const fsopenCloexec = 1
	fd, _, errno := syscall.Syscall(sysFsopen, uintptr(unsafe.Pointer(p)), fsopenCloexec, 0)
	return asFD(fd, errno)
}

// fsconfig is fsconfig(2); key and value are "" where the command wants none.
func fsconfig(fs int, command uint, key, value string) error {
	k, err := optionalBytes(key)
	if err != nil {
		return err
	}
	v, err := optionalBytes(value)
	if err != nil {
		return err
	}
	if command == fsconfigSetString && v == nil {
		v = new(byte) // an empty value is one
	}
	_, _, errno := syscall.Syscall6(sysFsconfig, uintptr(fs), uintptr(command),
		uintptr(unsafe.Pointer(k)), uintptr(unsafe.Pointer(v)), 0, 0)
	return errnoError(errno)
}

func optionalBytes(text string) (*byte, error) {
	if text == "" {
		return nil, nil
	}
	return syscall.BytePtrFromString(text)
}

func fsmount(fs int, attr uint64) (int, error) {
	const fsmountCloexec = 1
	fd, _, errno := syscall.Syscall(sysFsmount, uintptr(fs), fsmountCloexec, uintptr(attr))
	return asFD(fd, errno)
}

func mknodat(dir int, name string, mode uint32, major, minor uint32) error {
	return syscall.Mknodat(dir, name, mode, int(makedev(major, minor)))
}

// makedev is makedev(3).
func makedev(major, minor uint32) uint64 {
	return uint64(major&0xfff)<<8 | uint64(major&^0xfff)<<32 | uint64(minor&0xff) |
		uint64(minor&^0xff)<<12
}

func symlinkat(target string, dir int, name string) error {
	t, err := syscall.BytePtrFromString(target)
	if err != nil {
		return err
	}
	n, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(t)), uintptr(dir),
		uintptr(unsafe.Pointer(n)))
	return errnoError(errno)
}

// getcwd is getcwd(2) itself: syscall.Getwd may answer from elsewhere.
func getcwd() (string, error) {
	buffer := make([]byte, 4096)
	n, _, errno := syscall.Syscall(syscall.SYS_GETCWD, uintptr(unsafe.Pointer(&buffer[0])),
		uintptr(len(buffer)), 0)
	if errno != 0 || n == 0 {
		return "", errno
	}
	return string(buffer[:n-1]), nil
}
