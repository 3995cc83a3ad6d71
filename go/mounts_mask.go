// Last part of the stage "mounts": linux.maskedPaths and linux.readonlyPaths; c/mounts_mask.c does
// the same. A path that is missing in the container is no error: kernels differ in what /proc has.

package gobox

import "syscall"

// maskPrepare makes, before the root changes, m.nullFD (the host's /dev/null) and m.emptyFD (an empty
// tmpfs).
func maskPrepare(c *Container, m *mounts) error {
	readonly := mountAttr{set: mountAttrRdonly}
	var err error

	if len(c.Spec.MaskedPaths) == 0 {
		return nil
	}
	// From the host and not from the rootfs, which could hold any file there (CVE-2025-31133).
	if m.nullFD, err = devicesClone(c, deviceNull); err != nil {
		return err
	}
	if err := sysSetattr(m.nullFD, 0, &readonly); err != nil {
		return errorSys(err, "making /dev/null read-only for masked paths")
	}
	m.emptyFD, err = mountsFilesystem(c, "tmpfs", "tmpfs", nil, "", mountAttrRdonly)
	return err
}

// maskFind gives -1 where path does not exist.
func maskFind(m *mounts, path string) (int, error) {
	fd, err := rootfsOpen(m.root, path, 0, resolveBelow)
	if err == nil {
		return fd, nil
	}
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		return -1, nil
	}
	return -1, errorSys(err, "opening %s", path)
}

func maskReadonlyOne(c *Container, path string, target int) error {
	readonly := mountAttr{set: mountAttrRdonly}

	eventsCall(c, "open_tree(\"%s\", OPEN_TREE_CLONE|AT_RECURSIVE)", path)
	mount, err := sysCloneMount(target, atRecursive)
	if err != nil {
		return errorSys(err, "copying %s", path)
	}
	defer syscall.Close(mount)
	eventsCall(c, "mount_setattr(\"%s\", MOUNT_ATTR_RDONLY)", path)
	if err := sysSetattr(mount, atRecursive, &readonly); err != nil {
		return errorSys(err, "making %s read-only", path)
	}
	eventsCall(c, "move_mount(\"%s\")", path)
	if err := sysAttach(mount, target); err != nil {
		return errorSys(err, "mounting %s read-only", path)
	}
	return nil
}

// maskCover: the first path gets the prepared mount itself, each further one a copy of it: before Linux
// 6.15 only a mount that is attached somewhere can be copied.
func maskCover(c *Container, path string, target, fd int, used *bool) error {
	mount := fd
	if *used {
		var err error
		if mount, err = sysCloneMount(fd, 0); err != nil {
			return errorSys(err, "copying the mask for %s", path)
		}
		defer syscall.Close(mount)
	}
	eventsCall(c, "move_mount(\"%s\")", path)
	if err := sysAttach(mount, target); err != nil {
		return errorSys(err, "masking %s", path)
	}
	*used = true
	return nil
}

func maskOne(c *Container, m *mounts, path string, target int) error {
	var st syscall.Stat_t

	if err := syscall.Fstat(target, &st); err != nil {
		return errorSys(err, "reading the type of %s", path)
	}
	if st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return maskCover(c, path, target, m.emptyFD, &m.emptyUsed)
	}
	return maskCover(c, path, target, m.nullFD, &m.nullUsed)
}

// maskReadonlyPaths: inside, each of readonlyPaths is bound over itself, read-only with all that is
// below it.
func maskReadonlyPaths(c *Container, m *mounts) error {
	count := 0

	for _, path := range c.Spec.ReadonlyPaths {
		target, err := maskFind(m, path)
		if err != nil {
			return err
		}
		if target < 0 {
			continue
		}
		count++
		err = maskReadonlyOne(c, path, target)
		syscall.Close(target)
		if err != nil {
			return err
		}
	}
	eventsFact(c, "readonly", "%d", count)
	return nil
}

// maskPaths: inside, each of maskedPaths shows an empty file or an empty directory instead.
func maskPaths(c *Container, m *mounts) error {
	count := 0

	for _, path := range c.Spec.MaskedPaths {
		target, err := maskFind(m, path)
		if err != nil {
			return err
		}
		if target < 0 {
			continue
		}
		count++
		err = maskOne(c, m, path, target)
		syscall.Close(target)
		if err != nil {
			return err
		}
	}
	eventsFact(c, "masked", "%d", count)
	return nil
}
