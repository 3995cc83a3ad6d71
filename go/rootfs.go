// Finds and makes files in the rootfs, which is untrusted: any name in it may be a symbolic link to
// anywhere. Every lookup is an openat2(2) that takes root as "/". c/rootfs.c does the same.

package gobox

import (
	"strings"
	"syscall"
)

// rootfsOpen opens path below root (O_PATH plus flags); resolve is resolveBelow or more.
// The error is the bare errno.
func rootfsOpen(root int, path string, flags, resolve uint64) (int, error) {
	for {
		// EAGAIN: a rename or mount elsewhere made ".." unsafe to judge; openat2(2) says try again.
		fd, err := sysOpenBelow(root, path, flags|oPath, resolve)
		if err != syscall.EAGAIN && err != syscall.EINTR {
			return fd, err
		}
	}
}

// rootfsMakeOne makes one file or directory in parent and opens what was made, nothing else (O_NOFOLLOW).
func rootfsMakeOne(parent int, name string, isDir bool) (int, error) {
	if isDir {
		if err := syscall.Mkdirat(parent, name, 0o755); err != nil {
			return -1, err
		}
		return syscall.Openat(parent, name,
			oPath|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	}
	fd, err := syscall.Openat(parent, name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|
		syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return -1, err
	}
	syscall.Close(fd)
	return syscall.Openat(parent, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
}

// rootfsOpenOrMake opens path or, where it is missing, first its parent and then makes it there.
// EEXIST: a link that leads nowhere, or another container on this rootfs was faster; a second look
// tells which.
func rootfsOpenOrMake(root int, path string, isDir bool, resolve uint64) (int, error) {
	flags := uint64(0)
	if isDir {
		flags = syscall.O_DIRECTORY
	}
	fd, err := rootfsOpen(root, path, flags, resolve)
	slash := strings.LastIndexByte(path, '/')
	if err != syscall.ENOENT || slash < 0 || slash == len(path)-1 {
		return fd, err
	}
	above := path[:slash]
	if above == "" {
		above = "/"
	}
	parent, err := rootfsOpenOrMake(root, above, true, resolve)
	if err != nil {
		return -1, err
	}
	fd, err = rootfsMakeOne(parent, path[slash+1:], isDir)
	syscall.Close(parent)
	if err != syscall.EEXIST {
		return fd, err
	}
	if fd, err = rootfsOpen(root, path, flags, resolve); err == syscall.ENOENT {
		err = syscall.EEXIST
	}
	return fd, err
}

// rootfsMake is rootfsOpen and makes what is missing: directories (0755), and a file (0644, empty)
// at the end where isDir is false. This writes into the rootfs itself, as runc and crun do; it
// stays there.
func rootfsMake(root int, path string, isDir bool, resolve uint64) (int, error) {
	fd, err := rootfsOpenOrMake(root, path, isDir, resolve)
	if err == nil {
		return fd, nil
	}
	result := errorSys(err, "opening %s in the rootfs", path)
	switch err {
	case syscall.EROFS, syscall.EACCES:
		errorHint(result, "it is missing and cannot be made there; make it in the rootfs")
	case syscall.ELOOP:
		errorHint(result, "this must be an ordinary directory of the rootfs, not a symbolic link")
	case syscall.EEXIST:
		errorHint(result, "a symbolic link that leads nowhere is in the way")
	}
	return -1, result
}
