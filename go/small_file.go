// Files of cgroups and of /proc, where one read(2) gets the whole text and one write(2) is one
// value; c/small_file.c is its twin. dir is as for openat(2), file is no symlink.

package gobox

import "syscall"

// smallFileRead gives the first 4 KiB of a file.
func smallFileRead(dir int, file string) (string, error) {
	fd, err := syscall.Openat(dir, file, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer syscall.Close(fd)
	text := make([]byte, 4096)
	n, err := syscall.Read(fd, text)
	if err != nil {
		return "", err
	}
	return string(text[:n]), nil
}

// smallFileWrite is EIO where the kernel took a part of value.
func smallFileWrite(dir int, file, value string) error {
	fd, err := syscall.Openat(dir, file, syscall.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	n, err := syscall.Write(fd, []byte(value))
	if err == nil && n != len(value) {
		err = syscall.EIO
	}
	return err
}
