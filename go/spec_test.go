// The spec's defaults, its normalised form and its tables; tests/unit/test_spec.c is the twin.
// What is refused, and in which words, stands in tests/errors for both sides.

package gobox

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func parseForTest(t *testing.T, text string) *Spec {
	t.Helper()
	s, err := specParse("t", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func printForTest(t *testing.T, s *Spec) string {
	t.Helper()
	var out bytes.Buffer
	if err := specPrint(s, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestSpecFillsInDefaults(t *testing.T) {
	s := parseForTest(t, `{ "ociVersion": "1.2.0-dev",
		"linux": { "namespaces": [{ "type": "mount" }, { "type": "network" }] },
		"mounts": [{ "destination": "//proc/", "type": "proc" }],
		"veth": { "host": { "name": "a", "address": "10.0.0.0/31" },
			"container": { "name": "b", "address": "10.0.0.1/31" } } }`)
	for _, row := range []struct {
		what string
		ok   bool
	}{
		{"cwd", s.Process.Cwd == "/"},
		{"args", len(s.Process.Args) == 1 && s.Process.Args[0] == "/bin/sh"},
		{"capabilities", !s.Process.Capabilities.Given},
		{"oomScoreAdj", !s.Process.OOMScoreAdj.Given},
		{"resources", !s.HasResources},
		{"destination", s.Mounts[0].Destination == "/proc"},
		{"source", s.Mounts[0].Source == "proc"},
		{"mtu", s.Veth.MTU == 1500},
		{"gateway", !s.Veth.Container.Gateway.Given},
		{"new network namespace", specMakes(s, nsNetwork)},
		{"no pid namespace", !specMakes(s, nsPID)},
	} {
		if !row.ok {
			t.Error(row.what)
		}
	}
}

func TestSpecKeepsWhatItReads(t *testing.T) {
	s, err := specLoad("../shared/specs/full.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what string
		ok   bool
	}{
		{"readonly", s.Root.Readonly},
		{"bounding", s.Process.Capabilities.Bounding == 0xa80425fb},
		{"ambient", s.Process.Capabilities.Ambient == 0},
		{"rlimits", len(s.Process.Rlimits) == 2 && s.Process.Rlimits[0] ==
			SpecRlimit{syscall.RLIMIT_NOFILE, 1024, 1024}},
		{"oomScoreAdj", s.Process.OOMScoreAdj == SpecNumber{true, 100}},
		{"memory", s.Resources.MemoryLimit == SpecNumber{true, 52428800}},
		{"quota", s.Resources.CPUQuota == SpecNumber{true, 20000}},
		{"unified", s.Resources.Unified[0].Key == "memory.low"},
		{"address", s.Veth.Container.Address == SpecAddress{true, [4]byte{10, 200, 1, 2}, 24}},
		{"gateway", s.Veth.Container.Gateway == SpecAddress{true, [4]byte{10, 200, 1, 1}, 32}},
	} {
		if !row.ok {
			t.Error(row.what)
		}
	}
}

// Each example's normalised form is the golden one, and its own normalised form.
func TestSpecNormalisesTheExamples(t *testing.T) {
	paths, _ := filepath.Glob("../shared/specs/*.json")
	if len(paths) < 8 {
		t.Fatal("where are the examples?")
	}
	for _, path := range paths {
		s, err := specLoad(path)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := os.ReadFile("../tests/errors/normalised/" + filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		once := printForTest(t, s)
		if once != string(wanted) {
			t.Errorf("%s: %s", path, once)
		}
		if twice := printForTest(t, parseForTest(t, once)); twice != once {
			t.Errorf("%s, again: %s", path, twice)
		}
	}
}

func TestSpecPrintsEveryField(t *testing.T) {
	s := parseForTest(t, `{ "ociVersion": "1.0.2", "annotations": { "b": "2", "a": "1" },
		"process": { "user": { "additionalGids": [7, 3] },
			"capabilities": { "bounding": ["CAP_BPF", "CAP_CHOWN"] } },
		"linux": { "namespaces": [{ "type": "uts" },
			{ "type": "ipc", "path": "/proc/1/ns/ipc" }], "resources": {} } }`)
	const wanted = `{
  "annotations": {
    "a": "1",
    "b": "2"
  },
  "linux": {
    "namespaces": [
      {
        "path": "/proc/1/ns/ipc",
        "type": "ipc"
      },
      {
        "type": "uts"
      }
    ],
    "resources": {}
  },
  "ociVersion": "1.0.2",
  "process": {
    "args": [
      "/bin/sh"
    ],
    "capabilities": {
      "ambient": [],
      "bounding": [
        "CAP_CHOWN",
        "CAP_BPF"
      ],
      "effective": [],
      "inheritable": [],
      "permitted": []
    },
    "cwd": "/",
    "noNewPrivileges": false,
    "terminal": false,
    "user": {
      "additionalGids": [
        7,
        3
      ],
      "gid": 0,
      "uid": 0
    }
  },
  "root": {
    "readonly": false
  }
}
`
	if out := printForTest(t, s); out != wanted {
		t.Error(out)
	}
}

// 340 lines are the kernel's limit.
func TestSpecTakes340LinesOfAMap(t *testing.T) {
	for n, wanted := range map[int]string{
		340: "",
		341: "t: linux.uidMappings: must have 340 elements at most",
	} {
		var rows []string
		for i := 0; i < n; i++ {
			rows = append(rows, fmt.Sprintf(`{"containerID":%d,"hostID":%d,"size":1}`, i, i))
		}
		message := ""
		_, err := specParse("t", []byte(`{"ociVersion":"1.0.2","linux":{"namespaces":[{"type":"user"}],`+
			`"gidMappings":[{"containerID":0,"hostID":0,"size":1}],"uidMappings":[`+
			strings.Join(rows, ",")+"]}}"))
		if err != nil {
			message = err.Error()
		}
		if message != wanted {
			t.Errorf("%d lines: %q", n, message)
		}
	}
}

func TestMountOptions(t *testing.T) {
	for _, row := range []struct {
		typ, option  string
		found, valid bool
	}{
		{"tmpfs", "mode=755", true, true},
		{"tmpfs", "mode=1777", true, true},
		{"tmpfs", "mode=17777", true, false},
		{"tmpfs", "mode=", true, false},
		{"tmpfs", "mode", false, false},
		{"proc", "mode=755", false, false},
		{"proc", "ro=1", false, false},
		{"proc", "", false, false},
		{"tmpfs", "size=50%", true, true},
		{"tmpfs", "size=65536k", true, true},
		{"tmpfs", "size=1kk", true, false},
		{"tmpfs", "size=99999999999999999999", true, false},
		{"bind", "rbind", true, true},
		{"proc", "rbind", false, false},
	} {
		o := mountOptionFind(row.typ, row.option)
		if (o != nil) != row.found || o != nil && mountOptionValid(o, row.option) != row.valid {
			t.Errorf("%s %s", row.typ, row.option)
		}
	}
	// Whoever sets the access time clears all of it first (mount_setattr(2)).
	if o := mountOptionFind("proc", "noatime"); o.set != 0x10 || o.clear != 0x70 {
		t.Error("noatime")
	}
}

func TestCapabilityAndLimitNames(t *testing.T) {
	for name, number := range map[string]int{
		"CAP_CHOWN": 0, "CAP_SYS_ADMIN": 21, "CAP_SETFCAP": 31, "CAP_CHECKPOINT_RESTORE": 40, "CAP_": -1,
	} {
		if capabilityFind(name) != number {
			t.Error(name)
		}
	}
	for name, number := range map[string]int{
		"RLIMIT_NOFILE": syscall.RLIMIT_NOFILE, "RLIMIT_CORE": syscall.RLIMIT_CORE,
		"RLIMIT_AS": syscall.RLIMIT_AS, "RLIMIT_RTTIME": 15, "NOFILE": -1,
	} {
		if rlimitFind(name) != number {
			t.Error(name)
		}
	}
}
