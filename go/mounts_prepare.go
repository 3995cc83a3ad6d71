// First half of the stage "mounts": every mount is made, and none is attached. c/mounts_prepare.c
// does the same.
//
// A detached mount (fsmount(2), open_tree(2) with OPEN_TREE_CLONE) is seen by nobody but who holds
// its descriptor. It is made while the host's tree is still there, for three reasons: sources of
// bind mounts are host paths; the kernel lets a user namespace mount proc and sysfs only while a
// full one is visible to it (mount_too_revealing() in fs/namespace.c); and nothing in the rootfs
// can redirect it.

package gobox

import (
	"fmt"
	"strings"
	"syscall"
)

// mountEntry is one mount of the spec on its way.
type mountEntry struct {
	spec  *SpecMount
	fd    int  // the mount
	isDir bool // what its target must be
	seal  bool // read-only at the end: what is mounted below it may need a directory made
}

// mounts is everything the stage holds; mountsSetup closes it. Descriptors are -1 while not open.
type mounts struct {
	root                int // the rootfs: detached first, then the container's "/"
	entries             []mountEntry
	dev                 *mountEntry   // the tmpfs on /dev that gets the default devices; or nil
	devpts              int           // the last devpts of the entries, for the terminal; or -1
	deviceFDs           [devicesN]int // the host's, where this process may not make its own
	nullFD, emptyFD     int           // what covers a masked file, and a masked directory
	nullUsed, emptyUsed bool          // attached once already
}

// folded is what the options of one mount come to, in the terms of mount_setattr(2).
type folded struct {
	set, clear  uint64
	propagation uint64 // MS_PRIVATE, ... with MS_REC; 0: as it is, which is private
	recursive   bool   // rbind
	hasMode     bool
}

func mountsFold(mount *SpecMount) folded {
	var f folded

	for _, option := range mount.Options {
		o := mountOptionFind(mount.Type, option)
		if o == nil {
			continue // refused by the spec's reader
		}
		switch o.class {
		case optionAttr:
			f.set = f.set&^o.clear | o.set
			f.clear |= o.clear
		case optionPropagation:
			f.propagation = o.set
		case optionBind:
			f.recursive = o.set&syscall.MS_REC != 0
		case optionParameter:
			f.hasMode = f.hasMode || strings.HasPrefix(option, "mode=")
		}
	}
	return f
}

// mountsOwnNamespace: what must be new for the container so that a user namespace may mount the type.
func mountsOwnNamespace(typ string) string {
	for _, own := range [...]struct{ typ, namespace string }{{"proc", "pid"}, {"sysfs", "network"},
		{"mqueue", "ipc"}, {"cgroup", "cgroup"}} {
		if own.typ == typ {
			return own.namespace
		}
	}
	return ""
}

// mountsExplain adds the kernel's own words about the file system, if it has any: fsopen(2),
// "e tmpfs: Bad ...".
func mountsExplain(fs int, typ string, cause, err error) error {
	words := make([]byte, 199)

	if n, _ := syscall.Read(fs, words); n > 2 {
		line, _, _ := strings.Cut(string(words[2:n]), "\n")
		return errorHint(err, "the kernel says: %s", line)
	}
	if namespace := mountsOwnNamespace(typ); cause == syscall.EPERM && namespace != "" {
		return errorHint(err, "in a user namespace this needs a %s namespace of its own", namespace)
	}
	return err
}

// mountsParameter sets one parameter of the file system: "size=65536k", or a flag such as "newinstance".
func mountsParameter(c *Container, fs int, typ, option string) error {
	key, value, isString := strings.Cut(option, "=")
	command := uint(fsconfigSetFlag)

	if isString {
		command = fsconfigSetString
	}
	eventsCall(c, "fsconfig(\"%s\")", option)
	if err := fsconfig(fs, command, key, value); err != nil {
		return mountsExplain(fs, typ, err, errorSys(err, "setting %s of a new %s", option, typ))
	}
	return nil
}

func mountsParameters(c *Container, fs int, typ string, options []string) error {
	for _, option := range options {
		o := mountOptionFind(typ, option)
		if o == nil || o.class != optionParameter {
			continue
		}
		if err := mountsParameter(c, fs, typ, option); err != nil {
			return err
		}
	}
	return nil
}

// mountsFilesystem makes a new file system of this type, mounted nowhere; mode may be "".
func mountsFilesystem(c *Container, typ, source string, options []string, mode string,
	attr uint64) (int, error) {
	// OCI's "cgroup" is the kernel's cgroup or cgroup2; version 2 is all that we support.
	name := typ
	if typ == "cgroup" {
		name = "cgroup2"
	}
	eventsCall(c, "fsopen(\"%s\")", name)
	fs, err := fsopen(name)
	if err != nil {
		return -1, errorSys(err, "opening file system %s", name)
	}
	defer syscall.Close(fs)
	if err := fsconfig(fs, fsconfigSetString, "source", source); err != nil {
		return -1, errorSys(err, "setting the source of a new %s", typ)
	}
	if mode != "" {
		if err := mountsParameter(c, fs, typ, mode); err != nil {
			return -1, err
		}
	}
	if err := mountsParameters(c, fs, typ, options); err != nil {
		return -1, err
	}
	if typ == "cgroup" {
		if err := mountsCgroupOptions(c, fs); err != nil {
			return -1, err
		}
	}
	if err := fsconfig(fs, fsconfigCmdCreate, "", ""); err != nil {
		return -1, mountsExplain(fs, typ, err, errorSys(err, "making a new %s", typ))
	}
	eventsCall(c, "fsmount(0x%x)", attr)
	fd, err := fsmount(fs, attr)
	if err != nil {
		return -1, mountsExplain(fs, typ, err, errorSys(err, "mounting a new %s", typ))
	}
	return fd, nil
}

// mountsIsBelow is true when path is dir or lies below it, and gives what follows, "/" for dir itself.
func mountsIsBelow(path, dir string) (rest string, below bool) {
	if dir == "/" {
		dir = ""
	}
	rest, below = strings.CutPrefix(path, dir)
	if rest == "" {
		rest = "/"
	}
	return rest, below && rest[0] == '/'
}

// mountsCoveredMode: a tmpfs without mode= takes the mode of the directory that it covers, as runc and crun
// have it. That directory is in the rootfs, or in the last mount before this one that lies above it.
func mountsCoveredMode(m *mounts, entry *mountEntry) string {
	layer, path := m.root, entry.spec.Destination

	for i := range m.entries {
		other := &m.entries[i]
		if other == entry {
			break
		}
		if rest, below := mountsIsBelow(entry.spec.Destination, other.spec.Destination); below {
			layer, path = other.fd, rest
		}
	}
	fd, err := rootfsOpen(layer, path, syscall.O_DIRECTORY, resolveBelow)
	if err != nil {
		return "" // it will be made: the file system's own default stands
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return ""
	}
	return fmt.Sprintf("mode=%04o", st.Mode&0o7777)
}

func mountsPrepareFilesystem(c *Container, m *mounts, entry *mountEntry, f *folded) error {
	mount := entry.spec
	tmpfs := mount.Type == "tmpfs"
	attr := f.set
	mode := ""

	entry.isDir = true
	if tmpfs && !f.hasMode {
		mode = mountsCoveredMode(m, entry)
	}
	if tmpfs && attr&mountAttrRdonly != 0 {
		entry.seal = true
		attr &^= mountAttrRdonly
	}
	var err error
	entry.fd, err = mountsFilesystem(c, mount.Type, mount.Source, mount.Options, mode, attr)
	return err
}

// mountsPrepareBind: the source is a path of the host and trusted, links and all. Attributes are changed
// one by one and never cleared unless an option says so: nosuid, nodev, noexec and ro of the source
// stay, which a user namespace could not clear anyway (mount_namespaces(7), locked flags).
func mountsPrepareBind(c *Container, entry *mountEntry, f *folded) error {
	mount := entry.spec
	attr := mountAttr{set: f.set, clear: f.clear}
	flags, word := uint(openTreeClone), ""

	if f.recursive {
		flags, word = flags|atRecursive, "|AT_RECURSIVE"
	}
	eventsCall(c, "open_tree(\"%s\", OPEN_TREE_CLONE%s)", mount.Source, word)
	var err error
	if entry.fd, err = openTree(atFdcwd, mount.Source, flags); err != nil {
		result := errorSys(err, "binding %s", mount.Source)
		if err == syscall.EINVAL && !f.recursive {
			errorHint(result, "it has mounts below it that a user namespace may not leave "+
				"out; use rbind")
		}
		return result
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(entry.fd, &st); err != nil {
		return errorSys(err, "reading the type of %s", mount.Source)
	}
	entry.isDir = st.Mode&syscall.S_IFMT == syscall.S_IFDIR
	if f.set != 0 || f.clear != 0 {
		if err := sysSetattr(entry.fd, 0, &attr); err != nil {
			return errorSys(err, "setting the options of %s", mount.Source)
		}
	}
	return nil
}

func mountsPrepareOne(c *Container, m *mounts, entry *mountEntry) error {
	f := mountsFold(entry.spec)
	attr := mountAttr{propagation: f.propagation &^ syscall.MS_REC}
	recursive := uint(0)
	var err error

	if entry.spec.Type == "bind" {
		err = mountsPrepareBind(c, entry, &f)
	} else {
		err = mountsPrepareFilesystem(c, m, entry, &f)
	}
	if err != nil {
		return err
	}
	if f.propagation&syscall.MS_REC != 0 {
		recursive = atRecursive
	}
	if f.propagation != 0 {
		if err := sysSetattr(entry.fd, recursive, &attr); err != nil {
			return errorSys(err, "setting the propagation of %s", entry.spec.Destination)
		}
	}
	if entry.spec.Type == "devpts" {
		m.devpts = entry.fd
	}
	if entry.spec.Destination == "/dev" {
		m.dev = nil
		if entry.spec.Type == "tmpfs" {
			m.dev = entry
		}
	}
	return nil
}

// mountsPrepare makes m.entries: one detached mount for each of the spec.
func mountsPrepare(c *Container, m *mounts) error {
	m.entries = make([]mountEntry, len(c.Spec.Mounts))
	for i := range m.entries {
		m.entries[i] = mountEntry{spec: &c.Spec.Mounts[i], fd: -1}
	}
	for i := range m.entries {
		if err := mountsPrepareOne(c, m, &m.entries[i]); err != nil {
			return err
		}
	}
	if m.dev == nil {
		return nil
	}
	return devicesCreate(c, m.dev.fd, &m.deviceFDs)
}

// mountsPrepareRoot makes m.root. pivot_root(2) wants a mount, so the directory becomes one: a copy of
// the mount it lies on. With AT_RECURSIVE, as runc and crun bind it: somebody may have mounted /usr
// below it, and a user namespace may not leave such a mount out to see what it hides (EINVAL).
func mountsPrepareRoot(c *Container, m *mounts) error {
	var err error

	eventsCall(c, "open_tree(\"%s\", OPEN_TREE_CLONE|AT_RECURSIVE)", c.Rootfs)
	if m.root, err = openTree(atFdcwd, c.Rootfs, openTreeClone|atRecursive); err != nil {
		result := errorSys(err, "opening rootfs %s", c.Rootfs)
		if err == syscall.ENOENT {
			errorHint(result, "`make rootfs` makes build/rootfs")
		}
		if err == syscall.EACCES {
			errorHint(result, "root of the container's user namespace is nobody special here: "+
				"each directory on the way needs x for others")
		}
		return result
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(m.root, &st); err != nil {
		return errorSys(err, "reading the type of rootfs %s", c.Rootfs)
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		return errorSys(syscall.ENOTDIR, "opening rootfs %s", c.Rootfs)
	}
	eventsFact(c, "root", "%s", c.Rootfs)
	return nil
}
