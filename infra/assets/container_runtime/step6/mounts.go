package main

import (
	"fmt"
	"syscall"
)

const rootfs = "rootfs"

// mountsSetup makes rootfs the root of this mount namespace and lets go of the host's tree.
func mountsSetup(*container) error {
	const noSuid = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	steps := []struct {
		what string
		run  func() error
	}{
		{"making / private", func() error {
			return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
		}},
		{"bind mount of " + rootfs, func() error {
			return syscall.Mount(rootfs, rootfs, "", syscall.MS_BIND|syscall.MS_REC, "")
		}},
		{"chdir " + rootfs, func() error { return syscall.Chdir(rootfs) }},
		{"pivot_root", func() error { return syscall.PivotRoot(".", ".") }},
		{"umount of the old root", func() error { return syscall.Unmount(".", syscall.MNT_DETACH) }},
		{"chdir /", func() error { return syscall.Chdir("/") }},
		{"mount of /proc", func() error {
			return syscall.Mount("proc", "/proc", "proc", noSuid, "")
		}},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}
