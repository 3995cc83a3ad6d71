// What one container shall be, read from a file in the shape of an OCI config.json.
// Field names follow the OCI runtime specification; `veth` is ours. c/spec.h holds the same
// structures under the same names.

package gobox

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
