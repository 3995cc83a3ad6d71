// What a killed runtime left is undone; what belongs to anybody else stays. The cases are those of
// tests/unit/test_gc.c.

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wantGC runs gc and holds what it prints; the error is the caller's to look at.
func wantGC(t *testing.T, dryRun bool, want string) error {
	t.Helper()
	var out strings.Builder
	err := gcAll(dryRun, &out)
	if out.String() != want {
		t.Errorf("gc printed %q, want %q (%v)", out.String(), want, err)
	}
	return err
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isAlive(pid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return len(text) > 0 && !strings.Contains(string(text), ") Z ")
}

func needsRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

// makeLink: more is what ip-link(8) takes before the type.
func makeLink(t *testing.T, name string, more ...string) {
	t.Helper()
	words := append([]string{"link", "add", name}, more...)
	words = append(words, "type", "veth", "peer", "name", "peer-of-it")
	must(t, exec.Command("ip", words...).Run())
}

// promised are the words for the hardware address that the state file of c names.
func promised(c *Container) []string {
	return []string{"address", networkAddressText(c.LinkAddress[:])}
}

func TestGCNothing(t *testing.T) {
	base := stateScene(t)
	must(t, wantGC(t, false, "nothing to collect\n"))
	if isThere(base + "/twinbox") {
		t.Error("gc made the state directory")
	}
}

func TestGCProcess(t *testing.T) {
	base := stateScene(t)
	sleeper := startSleeper(t)
	c := stateContainer("a")
	c.Pid = sleeper.Process.Pid
	leaveState(t, c)

	must(t, wantGC(t, true, "a: would remove process, state file\n"))
	if !isAlive(c.Pid) || !isThere(base+"/twinbox/a.json") {
		t.Error("a dry run removed something")
	}
	must(t, wantGC(t, false, "a: removed process, state file\n"))
	// Ended, but not reaped: nothing to remove.
	leaveState(t, c)
	must(t, wantGC(t, false, "a: removed state file\n"))
	if isAlive(c.Pid) || isThere(base+"/twinbox/a.json") {
		t.Error("something is left")
	}
	must(t, wantGC(t, false, "nothing to collect\n"))
}

// The pid was given to somebody else meanwhile: its start time tells.
func TestGCReusedPid(t *testing.T) {
	base := stateScene(t)
	first := startSleeper(t)
	c := stateContainer("a")
	c.Pid = first.Process.Pid
	leaveState(t, c)
	time.Sleep(30 * time.Millisecond) // a clock tick later, so that the start differs
	second := startSleeper(t)

	path := base + "/twinbox/a.json"
	text, err := os.ReadFile(path)
	must(t, err)
	changed := strings.Replace(string(text), fmt.Sprintf(`"pid": %d,`, c.Pid),
		fmt.Sprintf(`"pid": %d,`, second.Process.Pid), 1)
	must(t, os.WriteFile(path, []byte(changed), 0600))
	must(t, wantGC(t, false, "a: removed state file\n"))
	if !isAlive(first.Process.Pid) || !isAlive(second.Process.Pid) {
		t.Error("gc killed a process that is not the container's")
	}
}

func TestGCLeavesTheLiving(t *testing.T) {
	base := stateScene(t)
	c := stateContainer("a")
	c.Pid = startSleeper(t).Process.Pid
	must(t, stateCreate(c))
	must(t, stateUpdate(c))
	must(t, wantGC(t, false, "nothing to collect\n"))
	if !isAlive(c.Pid) || !isThere(base+"/twinbox/a.json") {
		t.Error("gc took from the living")
	}
	stateRemove(c)
}

func TestGCPidFile(t *testing.T) {
	base := stateScene(t)
	for _, row := range []struct {
		text string
		ours bool
	}{{"1\n", false}, {"4194305\n", false}, {"", true}, {"PID\n", true}, {"PID", false}, {"PID\nmore", false}} {
		sleeper := startSleeper(t)
		c := stateContainer("a")
		c.Pid = sleeper.Process.Pid
		c.PidFile = base + "/elsewhere"
		leaveState(t, c)
		sleeper.Process.Kill()
		sleeper.Wait()
		text := strings.Replace(row.text, "PID", fmt.Sprint(c.Pid), 1)
		must(t, os.WriteFile(c.PidFile, []byte(text), 0600))
		want := "a: removed state file\n"
		if row.ours {
			want = "a: removed pid file, state file\n"
		}
		must(t, wantGC(t, false, want))
		if isThere(c.PidFile) == row.ours {
			t.Errorf("%q: there %v", row.text, !row.ours)
		}
		os.Remove(c.PidFile)
	}
}

// Killed between making the cgroup and writing down the pid: the cgroup has the process.
func TestGCCgroup(t *testing.T) {
	needsRoot(t, "cgroups")
	stateScene(t)
	c := stateContainer("a")
	c.Cgroup = fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
	leaveState(t, c)
	must(t, os.Mkdir(cgroupRoot+c.Cgroup, 0755))
	pid := startSleeper(t).Process.Pid
	must(t, os.WriteFile(cgroupRoot+c.Cgroup+"/cgroup.procs", []byte(fmt.Sprint(pid)), 0))
	must(t, wantGC(t, false, "a: removed cgroup, state file\n"))
	if isThere(cgroupRoot+c.Cgroup) || isAlive(pid) {
		t.Error("something is left")
	}
}

func TestGCLink(t *testing.T) {
	needsRoot(t, "links")
	stateScene(t)
	// Two that are dead name it: neither keeps it from the other.
	a, b := stateContainer("a"), stateContainer("b")
	for _, c := range []*Container{a, b} {
		c.Spec.HasVeth = true
		c.Spec.Veth.Host.Name = "left0"
		leaveState(t, c)
	}
	makeLink(t, "left0", promised(a)...)
	must(t, wantGC(t, false, "a: removed link, state file\nb: removed state file\n"))
	if linkIsThere("left0") {
		t.Error("the link is left")
	}
}

// The container's own link went with its namespace; later somebody made one of that name.
func TestGCLinkOfSomebodyElse(t *testing.T) {
	needsRoot(t, "links")
	stateScene(t)
	c := stateContainer("a")
	c.Spec.HasVeth = true
	c.Spec.Veth.Host.Name = "left0"
	leaveState(t, c)
	makeLink(t, "left0")
	must(t, wantGC(t, true, "a: would remove state file\n"))
	must(t, wantGC(t, false, "a: removed state file\n"))
	if !linkIsThere("left0") {
		t.Error("gc took what was never the container's")
	}
	must(t, networkRemove("left0", 0))
}

// Killed before they were made; then a container that lives made a link and a cgroup of that name,
// and another one a cgroup below it.
func TestGCAnotherMadeIt(t *testing.T) {
	needsRoot(t, "cgroups and links")
	stateScene(t)
	parent := fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
	stale, alive := stateContainer("a"), stateContainer("b")
	for _, c := range []*Container{stale, alive} {
		c.Cgroup = parent
		c.Spec.HasVeth = true
		c.Spec.Veth.Host.Name = "left0"
	}
	alive.Cgroup += "/below"
	leaveState(t, stale)
	must(t, stateCreate(alive))
	makeLink(t, "left0", promised(alive)...)
	must(t, os.MkdirAll(cgroupRoot+alive.Cgroup, 0755))
	must(t, wantGC(t, false, "a: removed state file\n"))
	if !isThere(cgroupRoot+alive.Cgroup) || !linkIsThere("left0") {
		t.Error("gc took from the living")
	}
	// Its owner killed in turn: now it is nobody's.
	must(t, syscall.Close(alive.StateFD))
	must(t, wantGC(t, false, "b: removed cgroup, link, state file\n"))
	must(t, os.Remove(cgroupRoot+parent))
}

// A file that cannot be read stays, is reported, and does not keep the others.
func TestGCDamaged(t *testing.T) {
	base := stateScene(t)
	damaged := base + "/twinbox/a.json"
	leaveState(t, stateContainer("b"))
	must(t, os.WriteFile(damaged, []byte("{"), 0600))
	wantError(t, wantGC(t, false, "b: removed state file\n"), 0, damaged, "nothing was removed")
	wantError(t, wantGC(t, false, ""), 0, damaged, "nothing was removed")
	if !isThere(damaged) {
		t.Error("it was removed")
	}
}

// The pid file cannot be removed: the rest goes, the state file stays for the next gc.
func TestGCGoesOn(t *testing.T) {
	base := stateScene(t)
	directory := base + "/elsewhere"
	must(t, os.Mkdir(directory, 0700))
	// Root may write everywhere but on what is mounted read-only.
	forbid := func() { must(t, os.Chmod(directory, 0500)) }
	permit := func() { must(t, os.Chmod(directory, 0700)) }
	if os.Geteuid() == 0 {
		must(t, syscall.Mount("none", directory, "tmpfs", 0, ""))
		forbid = func() {
			must(t, syscall.Mount("", directory, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		}
		permit = func() { must(t, syscall.Unmount(directory, 0)) }
	}
	c := stateContainer("a")
	c.Pid = startSleeper(t).Process.Pid
	c.PidFile = directory + "/pid"
	leaveState(t, c)
	must(t, os.WriteFile(c.PidFile, nil, 0600))
	forbid()
	err := wantGC(t, false, "a: could not be removed\n")
	permit()
	if err == nil || !strings.Contains(err.Error(), "removing pid file "+c.PidFile) {
		t.Error(err)
	}
	if isAlive(c.Pid) || !isThere(base+"/twinbox/a.json") {
		t.Error("it did not go on, or forgot what is left")
	}
	must(t, gcAll(false, &strings.Builder{}))
	if isThere(base + "/twinbox/a.json") {
		t.Error("the second gc left it")
	}
}

func TestGCHalfWritten(t *testing.T) {
	directory := stateScene(t) + "/twinbox"
	must(t, os.Mkdir(directory, 0700))
	must(t, os.WriteFile(directory+"/.a.1.0", []byte("{"), 0600))
	must(t, os.WriteFile(directory+"/.b.2.0", nil, 0600))
	held, err := os.Open(directory + "/.b.2.0")
	must(t, err)
	defer held.Close()
	must(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX)) // its writer is at work
	must(t, wantGC(t, true, "half-written state files to remove: 1\n"))
	must(t, wantGC(t, false, "half-written state files removed: 1\n"))
	if isThere(directory+"/.a.1.0") || !isThere(directory+"/.b.2.0") {
		t.Error("the wrong one is gone")
	}
}

func linkIsThere(name string) bool {
	found, err := networkHas(name, networkAny)
	return found || err != nil
}
