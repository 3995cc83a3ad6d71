// Containers that run, and that fail in each stage, leave the process that called containerRun as it
// was: its descriptors and children; and nothing on the machine. The rootfs is an empty directory
// with the machine's programs mounted into it. tests/unit/test_descriptors.c has the same rows.

package gobox

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// The second self of the containers is this test program.
func init() { ChildMain() }

func bindMount(path string) string {
	if _, err := os.Lstat(path); err != nil && path != "/nowhere" {
		return ""
	}
	return fmt.Sprintf(`{"destination":"%s","type":"bind","source":"%s","options":["rbind","ro"]},`,
		path, path)
}

const leakVeth = `"veth":{"host":{"name":"leak0","address":"10.202.1.1/24"},` +
	`"container":{"name":"eth0","address":"10.202.1.2/24"}},`

type descriptorsRow struct {
	moreNamespaces, moreMounts, resources, more string // of the spec
	command, pidFile                            string
	status                                      int    // of the command; -1: the run fails
	stage                                       string // in which it fails
}

func (r *descriptorsRow) parse(t *testing.T) *Spec {
	t.Helper()
	json := fmt.Sprintf(`{"ociVersion":"1.0.2",%s"mounts":[%s%s`+
		`{"destination":"/etc","type":"tmpfs","source":"tmpfs"}],`+
		`"process":{"args":["%s"]},"linux":{%s"namespaces":[%s{"type":"mount"},{"type":"pid"}]}}`,
		r.more, bindMount("/usr")+bindMount("/bin")+bindMount("/lib")+bindMount("/lib64"),
		r.moreMounts, r.command, r.resources, r.moreNamespaces)
	s, err := specParse("row", []byte(json))
	must(t, err)
	return s
}

func TestDescriptorsEverythingIsAsBefore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, mounts and a cgroup")
	}
	rootfs := t.TempDir()
	stateScene(t)
	// The handlers' pipe is made once and stays as long as the process.
	waitBlockSignals(newContainer())
	for i, r := range []descriptorsRow{
		{"", "", "", "", "/bin/true", "", 0, ""},
		{"", "", "", "", "/bin/false", "", 1, ""},
		{"", "", `"resources":{},`, "", "/bin/true", "", 0, ""},
		{`{"type":"network"},`, "", "", leakVeth, "/bin/true", "", 0, ""},
		{`{"type":"uts","path":"/proc/self/ns/uts"},`, "", "", "", "/bin/true", "", 0, ""},
		{"", "", "", "", "/bin/nope", "", -1, "exec"},
		{"", "", "", "", "/etc", "", -1, "exec"},
		{"", "", `"resources":{"unified":{"memory.nothing":"1"}},`, "", "/bin/true", "", -1,
			"cgroup"},
		{`{"type":"uts","path":"/nowhere"},`, "", "", "", "/bin/true", "", -1, "namespaces"},
		{`{"type":"uts","path":"/proc/self/ns/ipc"},`, "", `"resources":{},`, "", "/bin/true", "",
			-1, "namespaces"},
		{"", bindMount("/nowhere"), `"resources":{},`, "", "/bin/true", "", -1, "mounts"},
		{`{"type":"network"},`, bindMount("/nowhere"), "", leakVeth, "/bin/true", "", -1, "mounts"},
		{"", "", "", "", "/bin/true", "/nowhere/pid", -1, ""},
	} {
		before := countDescriptors()
		c := newContainer()
		c.Spec, c.Program, c.Name, c.Rootfs = r.parse(t), "gobox", "leak", rootfs
		c.Command, c.PidFile = []string{r.command}, r.pidFile
		err := containerRun(c)
		if r.status >= 0 && (err != nil || c.ExitStatus != r.status) {
			t.Errorf("row %d: status %d, %v", i, c.ExitStatus, err)
		}
		if r.status < 0 && (err == nil || asError(err).Stage != r.stage) {
			t.Errorf("row %d: %v", i, err)
		}
		if after := countDescriptors(); after != before {
			t.Errorf("row %d: %d descriptors, before it %d", i, after, before)
		}
		if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("row %d: a child is left (%v)", i, err)
		}
		for _, path := range []string{"/run/twinbox/leak.json", cgroupRoot + "/twinbox/leak",
			"/proc/thread-self/net/dev_snmp6/leak0"} {
			if _, err := os.Lstat(path); err == nil {
				t.Errorf("row %d left %s", i, path)
			}
		}
	}
}
