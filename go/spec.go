// What one container shall be, read from a file in the shape of an OCI config.json.
// Field names follow the OCI runtime specification; `veth` is ours. c/spec.h holds the same
// structures under the same names.

package gobox

import (
	"strings"
	"syscall"
)

// SpecMaxBytes: larger files are refused.
const SpecMaxBytes = 1 << 20

// The eight namespaces of namespaces(7), in alphabetical order of their OCI names.
const (
	nsCgroup = iota
	nsIPC
	nsMount
	nsNetwork
	nsPID
	nsTime
	nsUser
	nsUTS
	nsCount
)

// namespaceKind is what every side needs to know of a namespace.
type namespaceKind struct {
	name     string // OCI: "network"
	proc     string // file in /proc/PID/ns: "net"
	flag     uintptr
	flagName string // clone(2)
}

// namespaceKinds has one row for each, in the order of the numbers above.
var namespaceKinds = [nsCount]namespaceKind{
	nsCgroup:  {"cgroup", "cgroup", syscall.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
	nsIPC:     {"ipc", "ipc", syscall.CLONE_NEWIPC, "CLONE_NEWIPC"},
	nsMount:   {"mount", "mnt", syscall.CLONE_NEWNS, "CLONE_NEWNS"},
	nsNetwork: {"network", "net", syscall.CLONE_NEWNET, "CLONE_NEWNET"},
	nsPID:     {"pid", "pid", syscall.CLONE_NEWPID, "CLONE_NEWPID"},
	nsTime:    {"time", "time", syscall.CLONE_NEWTIME, "CLONE_NEWTIME"},
	nsUser:    {"user", "user", syscall.CLONE_NEWUSER, "CLONE_NEWUSER"},
	nsUTS:     {"uts", "uts", syscall.CLONE_NEWUTS, "CLONE_NEWUTS"},
}

// SpecNamespace is one row of linux.namespaces.
type SpecNamespace struct {
	Wanted bool
	Path   string // join this one instead of making a new one; "": make
}

// SpecIDMap is one line of uid_map or gid_map (user_namespaces(7)).
type SpecIDMap struct {
	ContainerID, HostID, Size uint32
}

// SpecMount is one row of mounts.
type SpecMount struct {
	Destination string // absolute, without "." and ".."
	Type        string // proc sysfs tmpfs devpts mqueue cgroup bind
	Source      string // absolute host path for bind; the type's name otherwise
	Options     []string
}

// SpecRlimit is one row of process.rlimits (setrlimit(2)).
type SpecRlimit struct {
	Resource   int
	Soft, Hard uint64
}

// SpecCapabilities has one bit a capability, bit N for capability number N (capabilities(7)).
type SpecCapabilities struct {
	Given                                                bool
	Bounding, Effective, Inheritable, Permitted, Ambient uint64
}

// SpecAddress is an interface address in CIDR notation, IPv4.
type SpecAddress struct {
	Given  bool
	IP     [4]byte
	Prefix int
}

// SpecVethEnd is one end of the veth pair; only the container's end has a gateway.
type SpecVethEnd struct {
	Name             string // at most 15 bytes
	Address, Gateway SpecAddress
}

// SpecKeyValue is one entry of a JSON object of strings; lists of them are sorted by key.
type SpecKeyValue struct{ Key, Value string }

// SpecNumber is a number that may be absent.
type SpecNumber struct {
	Given bool
	Value int64
}

// Spec is one container. What specParse returns is complete: defaults are filled in and every
// value is within its range, so that the stages need not check again.
type Spec struct {
	text       []byte // the file as it was read: stages in C read it once more (via.go)
	OCIVersion string
	Hostname   string // "": leave as it is
	Root       struct {
		Path     string // "": the command line or the default decides
		Readonly bool
	}
	Process struct {
		Terminal        bool
		Cwd             string // absolute, default "/"
		Args            []string
		Env             []string // "NAME=value"
		UID, GID        uint32
		AdditionalGIDs  []uint32
		Capabilities    SpecCapabilities
		Rlimits         []SpecRlimit
		NoNewPrivileges bool
		OOMScoreAdj     SpecNumber // -1000 to 1000
	}
	Mounts                   []SpecMount
	Namespaces               [nsCount]SpecNamespace
	UIDMappings, GIDMappings []SpecIDMap
	CgroupsPath              string // absolute below the cgroup2 mount; "" and HasResources: /twinbox/NAME
	HasResources             bool   // linux.resources is in the file
	Resources                struct {
		MemoryLimit SpecNumber // bytes; -1 unlimited
		MemorySwap  SpecNumber // bytes, memory and swap together; -1 unlimited
		CPUQuota    SpecNumber // microseconds each period; -1 unlimited
		CPUPeriod   SpecNumber // microseconds
		CPUShares   SpecNumber // cgroup v1 shares, 2 to 262144
		PidsLimit   SpecNumber // -1 unlimited
		Unified     []SpecKeyValue
	}
	MaskedPaths, ReadonlyPaths []string
	Annotations                []SpecKeyValue // kept, not used
	HasVeth                    bool
	Veth                       struct {
		Host, Container SpecVethEnd
		MTU             int // bytes, default 1500
	}
}

// specMakes is true when this namespace is made new for the container (listed, without a path).
func specMakes(s *Spec, id int) bool {
	return s.Namespaces[id].Wanted && s.Namespaces[id].Path == ""
}

// skipDigits gives what follows the digits; false where there are none.
func skipDigits(text string) (string, bool) {
	rest := strings.TrimLeft(text, "0123456789")
	return rest, len(rest) < len(text)
}

// readVersion: 1.MINOR.PATCH, perhaps with -SUFFIX: what has changed since 1.0 is additions.
func readVersion(at *where, value any, f *field) error {
	version := f.into.(*string)
	if err := readString(at, value, f); err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(*version, "1.")
	if ok {
		rest, ok = skipDigits(rest)
	}
	if ok {
		rest, ok = strings.CutPrefix(rest, ".")
	}
	if ok {
		rest, ok = skipDigits(rest)
	}
	if !ok || (rest != "" && (rest[0] != '-' || len(rest) == 1)) {
		return specRefuse(at, "must be 1.x, as 1.0.2")
	}
	return nil
}

func readRoot(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"path", readString, &s.Root.Path, 1, 4095, false},
		{"readonly", readBool, &s.Root.Readonly, 0, 0, false},
	})
}

func readSpec(at *where, value any, s *Spec) error {
	var schema string // for editors; not used here
	return readObject(at, value, []field{
		{"$schema", readString, &schema, 0, 0, false},
		{"ociVersion", readVersion, &s.OCIVersion, 1, 64, true},
		{"hostname", readString, &s.Hostname, 1, 64, false},
		{"root", readRoot, s, 0, 0, false},
		{"process", specReadProcess, s, 0, 0, false},
		{"mounts", specReadMounts, s, 0, 0, false},
		{"linux", specReadLinux, s, 0, 0, false},
		{"annotations", readKeyValues, &s.Annotations, 0, 0, false},
		{"veth", specReadVeth, s, 0, 0, false},
	})
}

// fillDefaults adds what the file did not say.
func fillDefaults(s *Spec) {
	if s.Process.Cwd == "" {
		s.Process.Cwd = "/"
	}
	if len(s.Process.Args) == 0 {
		s.Process.Args = []string{"/bin/sh"}
	}
}

func refuseSize(label string) error {
	return errorSay("%s: the file is larger than %d bytes", label, SpecMaxBytes)
}

// specParse reads a spec; label is how messages name the file.
func specParse(label string, data []byte) (*Spec, error) {
	file := &where{key: label}
	if len(data) > SpecMaxBytes {
		return nil, refuseSize(label)
	}
	value, err := jsonRead(label, data)
	if err != nil {
		return nil, err
	}
	s := &Spec{text: data}
	if err := readSpec(file, value, s); err != nil {
		return nil, err
	}
	fillDefaults(s)
	if err := specCheck(file, s); err != nil {
		return nil, err
	}
	return s, nil
}

// specReadAll reads until the end or until there is more than a spec may have. size is a guess: a
// pipe has none, and a file may grow.
func specReadAll(fd int, st *syscall.Stat_t) ([]byte, error) {
	size, sized := SpecMaxBytes+1, st.Size > 0
	if sized {
		size = int(st.Size) + 1
	}
	data, n := make([]byte, size), 0
	for n <= SpecMaxBytes {
		if n == len(data) {
			data = append(data, make([]byte, SpecMaxBytes+1-n)...)
		}
		count, err := syscall.Read(fd, data[n:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		n += count
		// Of a file with a size, as those of /proc are not, a read is short at its end only.
		if count == 0 || sized && st.Mode&syscall.S_IFMT == syscall.S_IFREG && n < len(data) {
			break
		}
	}
	return data[:n], nil
}

// specLoad reads the file at path. Nothing is created anywhere.
func specLoad(path string) (*Spec, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, errorSys(err, "opening %s", path)
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil {
		return nil, errorSys(err, "opening %s", path)
	}
	if st.Size > SpecMaxBytes {
		return nil, refuseSize(path)
	}
	data, err := specReadAll(fd, &st)
	if err != nil {
		return nil, errorSys(err, "reading %s", path)
	}
	return specParse(path, data)
}
