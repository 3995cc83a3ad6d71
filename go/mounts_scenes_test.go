// The scenes of mounts_test.go: what is asked, and what is to be seen.

package gobox

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

const strictHint = "hint: this must be an ordinary directory of the rootfs, not a symbolic link\n"

var procMount = SpecMount{"/proc", "proc", "proc", nil}

func usualSpec(_ string, s *Spec) {
	s.Mounts = []SpecMount{
		procMount,
		{"/dev", "tmpfs", "tmpfs", []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"/dev/pts", "devpts", "devpts", []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		{"/dev/shm", "tmpfs", "shm", []string{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
		{"/dev/mqueue", "mqueue", "mqueue", []string{"nosuid", "noexec", "nodev"}},
		{"/sys", "sysfs", "sysfs", []string{"nosuid", "noexec", "nodev", "ro"}},
		{"/sys/fs/cgroup", "cgroup", "cgroup", []string{"nosuid", "noexec", "nodev", "relatime", "ro"}},
		{"/tmp", "tmpfs", "tmpfs", []string{"nosuid", "nodev", "mode=1777", "size=16m"}},
	}
	s.MaskedPaths = []string{"/proc/keys", "/proc/timer_list", "/proc/no/such/file",
		"/sys/firmware", "/sys/kernel/debug", "/etc/missing"}
	s.ReadonlyPaths = []string{"/proc/sys", "/proc/no-such", "/proc/bus"}
}

func usualProbe() {
	tellMounts()
	for _, path := range []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
		"/dev/urandom", "/dev/tty", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr",
		"/dev/ptmx", "/dev/pts/ptmx", "/proc/keys"} {
		tellFile(path)
	}
	tellWrite("/dev/null")
	tellMkdir("/sys/firmware/x")
	tellMkdir("/tmp/x")
	tellCwd()
	fmt.Println("pid", os.Getpid())
}

var usualLines = []string{
	"mount /proc rw,relatime proc proc rw ",
	"mount /dev/pts rw,nosuid,noexec,relatime devpts devpts rw,mode=620,ptmxmode=666 ",
	"mount /dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue mqueue rw ",
	"mount /sys ro,nosuid,nodev,noexec,relatime sysfs sysfs rw ",
	"mount /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime cgroup2 cgroup rw ",
	"mount /proc/bus ro,relatime proc proc rw ", "mount /proc/sys ro,relatime proc proc rw ",
	"/dev/null char 1:3 0666", "/dev/zero char 1:5 0666", "/dev/full char 1:7 0666",
	"/dev/random char 1:8 0666", "/dev/urandom char 1:9 0666", "/dev/tty char 5:0 0666",
	"/dev/fd -> /proc/self/fd", "/dev/stdin -> /proc/self/fd/0",
	"/dev/stdout -> /proc/self/fd/1", "/dev/stderr -> /proc/self/fd/2",
	"/dev/ptmx -> pts/ptmx", "/dev/pts/ptmx char 5:2 0666", "/proc/keys char 1:3 0666",
	"write /dev/null ok", "mkdir /sys/firmware/x EROFS", "mkdir /tmp/x ok",
	"cwd / umask 0022", "pid 1",
}

func oneMount(m SpecMount) func(string, *Spec) {
	return func(base string, s *Spec) {
		m.Source = strings.Replace(m.Source, "BASE", base, 1)
		s.Mounts = []SpecMount{m}
	}
}

// linkScene: a link to /etc or up and out is the container's own /etc, never the host's.
func linkScene(name, target string) mountsScene {
	return mountsScene{
		name:    name,
		prepare: func(base string) error { return os.Symlink(target, base+"/rootfs/way") },
		spec:    oneMount(SpecMount{"/way/inner", "bind", "BASE/host", []string{"bind"}}),
		probe:   func() { tellFile("/etc/inner/seen") },
		want:    "/etc/inner/seen \"content\"\n",
		after:   func(base string) error { return modeOf(base+"/rootfs/etc/inner", syscall.S_IFDIR|0o755) },
	}
}

var mountsScenes = []mountsScene{
	{name: "usual", spec: usualSpec, probe: usualProbe, lines: usualLines},
	{name: "user namespace", spec: usualSpec, probe: usualProbe, lines: usualLines, user: true},
	{name: "no pivot", spec: usualSpec, probe: usualProbe, lines: usualLines, noPivot: true},
	{
		name: "missing targets are made",
		spec: func(base string, s *Spec) {
			s.Mounts = []SpecMount{
				{"/new/deep/dir", "bind", base + "/host", []string{"bind"}},
				{"/new/deep/file", "bind", base + "/host/seen", []string{"bind"}},
			}
			s.Process.Cwd = "/srv/here"
			s.Root.Readonly = true
		},
		probe: func() {
			tellFile("/new/deep/file")
			tellFile("/new/deep/dir/seen")
			tellMkdir("/other")
			tellCwd()
		},
		want: "/new/deep/file \"content\"\n/new/deep/dir/seen \"content\"\n" +
			"mkdir /other EROFS\ncwd /srv/here umask 0022\n",
		after: func(base string) error {
			if err := modeOf(base+"/rootfs/new/deep/file", syscall.S_IFREG|0o644); err != nil {
				return err
			}
			return modeOf(base+"/rootfs/srv/here", syscall.S_IFDIR|0o755)
		},
	},
	{
		name: "read-only",
		spec: func(base string, s *Spec) {
			s.Mounts = []SpecMount{
				{"/ro", "bind", base + "/host", []string{"rbind", "ro", "nosuid"}},
				{"/rw", "bind", base + "/host", []string{"bind"}},
				{"/run", "tmpfs", "tmpfs", []string{"ro", "mode=700"}},
				{"/run/lock", "tmpfs", "tmpfs", []string{"noatime"}},
			}
		},
		probe: func() {
			tellWrite("/ro/seen")
			tellWrite("/rw/seen")
			tellMkdir("/run/x")
			tellMkdir("/run/lock/x")
			tellMkdir("/new")
		},
		want: "write /ro/seen EROFS\nwrite /rw/seen ok\nmkdir /run/x EROFS\n" +
			"mkdir /run/lock/x ok\nmkdir /new ok\n",
	},
	{
		name:    "tmpfs mode",
		prepare: func(base string) error { return os.Chmod(base+"/rootfs/etc", 0o751) },
		spec: func(base string, s *Spec) {
			s.Mounts = []SpecMount{
				{"/etc", "tmpfs", "tmpfs", nil},
				{"/made", "tmpfs", "tmpfs", nil},
				{"/rw", "bind", base + "/host", []string{"bind"}},
				{"/rw/inner", "tmpfs", "tmpfs", nil},
			}
		},
		probe: func() {
			tellFile("/etc")
			tellFile("/made")
			tellFile("/rw/inner")
		},
		want: "/etc dir 0751\n/made dir 1777\n/rw/inner dir 0710\n",
	},
	{
		name: "chroot",
		spec: func(_ string, s *Spec) {
			s.Namespaces[nsMount].Wanted = false
			s.Process.Cwd = "/etc"
		},
		probe: func() {
			tellFile("/etc")
			tellFile("/usr")
			tellCwd()
		},
		want: "/etc dir 0755\n/usr ENOENT\ncwd /etc umask 0022\n",
	},
	{
		name: "joined",
		spec: func(_ string, s *Spec) {
			s.Namespaces[nsMount].Path = "/proc/self/ns/mnt"
			s.Process.Cwd = "/usr"
		},
		probe: tellCwd,
		want:  "cwd /usr umask 0022\n",
	},
	linkScene("absolute link stays inside", "/etc"),
	linkScene("relative link stays inside", "../../../../../../../../../etc"),
	{
		name: "proc is a link", // CVE-2019-19921
		prepare: func(base string) error {
			if err := os.Remove(base + "/rootfs/proc"); err != nil {
				return err
			}
			return os.Symlink("/etc", base+"/rootfs/proc")
		},
		spec: oneMount(procMount),
		want: "error: opening /proc in the rootfs: Too many levels of symbolic links (ELOOP)\n" + strictHint,
	},
	{
		name:    "dangling link",
		prepare: func(base string) error { return os.Symlink("/nowhere", base+"/rootfs/run") },
		spec:    oneMount(SpecMount{"/run/lock", "tmpfs", "tmpfs", nil}),
		want: "error: opening /run/lock in the rootfs: File exists (EEXIST)\n" +
			"hint: a symbolic link that leads nowhere is in the way\n",
	},
	{
		name:    "link into proc", // CVE-2025-52881
		prepare: func(base string) error { return os.Symlink("/proc", base+"/rootfs/data") },
		spec: func(_ string, s *Spec) {
			s.Mounts = []SpecMount{procMount, {"/data/tty", "tmpfs", "tmpfs", nil}}
		},
		want: "error: mounting on /data/tty: a symbolic link in the rootfs leads into /proc\n",
	},
	{
		name: "masked through links", // CVE-2025-31133
		prepare: func(base string) error {
			root := base + "/rootfs"
			for _, dir := range []string{"/dev", "/etc/private"} {
				if err := os.Mkdir(root+dir, 0o755); err != nil {
					return err
				}
			}
			for _, file := range []string{"/dev/null", "/etc/secret", "/etc/second", "/etc/private/key"} {
				if err := os.WriteFile(root+file, []byte("secret"), 0o644); err != nil {
					return err
				}
			}
			return os.Symlink("../../../etc/secret", root+"/way")
		},
		spec: func(_ string, s *Spec) {
			s.MaskedPaths = []string{"/way", "/etc/second", "/etc/private", "/etc/second/not"}
		},
		probe: func() {
			tellFile("/etc/secret")
			tellFile("/etc/second")
			tellFile("/etc/private/key")
		},
		want: "/etc/secret char 1:3 0666\n/etc/second char 1:3 0666\n/etc/private/key ENOENT\n",
	},
	{
		name:   "null of the host", // CVE-2025-31133
		spec:   func(_ string, s *Spec) { s.MaskedPaths = []string{"/etc"} },
		before: replaceNull,
		want:   "error: the host's /dev/null is not the character device 1:3\n",
	},
	{
		name:   "old kernel",
		spec:   func(string, *Spec) {},
		before: forgetMountSetattr,
		want: "error: the kernel has no mount_setattr: Function not implemented (ENOSYS)\n" +
			"hint: Linux 5.12 or newer is needed\n",
	},
	{
		name: "working directory by descriptor", // CVE-2024-21626
		spec: func(_ string, s *Spec) {
			s.Mounts = []SpecMount{procMount}
			s.Process.Cwd = "/proc/self/fd/77"
		},
		before: keepHostDirectory,
		want: "error: opening /proc/self/fd/77 in the rootfs: Too many levels of symbolic links (ELOOP)\n" +
			strictHint,
	},
	{
		name: "joined, working directory outside",
		spec: func(base string, s *Spec) {
			s.Namespaces[nsMount].Path = "/proc/self/ns/mnt"
			s.Process.Cwd = "/fds/77"
		},
		before: func() error {
			if err := keepHostDirectory(); err != nil {
				return err
			}
			// A root where the descriptors can be reached: /proc/self/fd itself is "/fds" there.
			if err := os.Symlink("/proc/self/fd", "rootfs/fds"); err != nil {
				return err
			}
			if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
				return err
			}
			if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
				return err
			}
			if err := syscall.Mount("proc", "rootfs/proc", "proc", 0, ""); err != nil {
				return err
			}
			return syscall.Chroot("rootfs")
		},
		want: "error: the working directory /fds/77 is outside the rootfs\n",
	},
	{
		name: "joined, working directory missing",
		spec: func(_ string, s *Spec) {
			s.Namespaces[nsMount].Path = "/proc/self/ns/mnt"
			s.Process.Cwd = "/no/such/directory"
		},
		want: "error: entering the working directory /no/such/directory: No such file or directory (ENOENT)\n",
	},
	{
		name:   "missing rootfs",
		spec:   func(string, *Spec) {},
		rootfs: "none",
		want: "error: opening rootfs BASE/none: No such file or directory (ENOENT)\n" +
			"hint: `make rootfs` makes build/rootfs\n",
	},
	{
		name:   "rootfs is a file",
		spec:   func(string, *Spec) {},
		rootfs: "host/seen",
		want:   "error: opening rootfs BASE/host/seen: Not a directory (ENOTDIR)\n",
	},
	{
		name: "missing source",
		spec: oneMount(SpecMount{"/x", "bind", "/no/such/source", []string{"bind"}}),
		want: "error: binding /no/such/source: No such file or directory (ENOENT)\n",
	},
	{
		name:    "a directory on a file",
		prepare: func(base string) error { return os.WriteFile(base+"/rootfs/etc/passwd", nil, 0o644) },
		spec:    oneMount(SpecMount{"/etc/passwd", "bind", "BASE/host", []string{"bind"}}),
		want:    "error: opening /etc/passwd in the rootfs: Not a directory (ENOTDIR)\n",
	},
	{
		name: "a file on a directory",
		spec: oneMount(SpecMount{"/etc", "bind", "BASE/host/seen", []string{"bind"}}),
		want: "error: mounting a file on /etc: Is a directory (EISDIR)\n",
	},
	{
		name: "the kernel explains",
		spec: oneMount(SpecMount{"/x", "tmpfs", "tmpfs", []string{"size=abc"}}),
		lines: []string{
			"error: setting size=abc of a new tmpfs: Invalid argument (EINVAL)",
			"hint: the kernel says: tmpfs: Bad value for 'size'",
		},
	},
}
