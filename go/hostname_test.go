// The stage "hostname" in UTS namespaces of its own, as tests/unit/test_hostname.c has it for C. Each
// thread that enters one is never unlocked, so it and its namespace end with the goroutine.

package gobox

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

func nodename() string {
	var u syscall.Utsname
	syscall.Uname(&u)
	name := []byte{}
	for _, b := range u.Nodename {
		if b == 0 {
			break
		}
		name = append(name, byte(b))
	}
	return string(name)
}

// inOwnUTS gives the name that hostnameSet leads to.
func inOwnUTS(t *testing.T, name string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: a thread of Go cannot enter a user namespace")
	}
	c := newContainer()
	c.Spec = &Spec{Hostname: name}
	result := make(chan string)
	go func() {
		runtime.LockOSThread()
		if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
			result <- err.Error()
		} else if err := hostnameSet(c); err != nil {
			result <- err.Error()
		} else {
			result <- nodename()
		}
	}()
	return <-result
}

func TestHostnameSet(t *testing.T) {
	before := nodename()
	if got := inOwnUTS(t, "twin-box.example"); got != "twin-box.example" {
		t.Error(got)
	}
	if after := nodename(); after != before {
		t.Errorf("the machine is called %s now", after)
	}
}

func TestHostnameNone(t *testing.T) {
	if got := inOwnUTS(t, ""); got != nodename() {
		t.Error(got)
	}
}
