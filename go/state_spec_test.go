// What `exec` finds of a running container, and when; tests/unit/test_state_spec.c has the same
// cases.

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Spaces and all: kept as it is.
const smallSpec = "{\t\"ociVersion\": \"1.0.2\",\n\"process\": {\"cwd\": \"/tmp\"} }\n\n"

func specContainer(t *testing.T, name string) *Container {
	t.Helper()
	c := stateContainer(name)
	var err error
	c.Spec, err = specParse("spec", []byte(smallSpec))
	must(t, err)
	return c
}

// makeState is a container whose first process is there.
func makeState(t *testing.T, c *Container) {
	t.Helper()
	must(t, stateCreate(c))
	c.Pid = os.Getpid()
	must(t, stateUpdate(c))
}

func wantNotFound(t *testing.T, name, message, hint string) {
	t.Helper()
	_, _, err := stateFind("gobox", name)
	wantError(t, err, 0, message, hint)
}

// It comes when the command runs and holds what the file of --spec held.
func TestStateSpecWholeLife(t *testing.T) {
	directory := stateScene(t) + "/twinbox"
	c := specContainer(t, "a")
	makeState(t, c)
	if _, text, err := stateRead(c.StateFD, directory, "a"); text != nil || err != nil {
		t.Errorf("%q %v", text, err)
	}
	statePublish(c)
	s, found, err := stateFind("gobox", "a")
	must(t, err)
	if s.Pid != os.Getpid() || found.Process.Cwd != "/tmp" || string(found.text) != smallSpec {
		t.Errorf("%d %q", s.Pid, found.text)
	}
	must(t, stateRemove(c))
	if isThere(directory + "/a.json") {
		t.Error("it is still there")
	}
}

func TestStateSpecNotThere(t *testing.T) {
	stateScene(t)
	const hint = "`gobox list` shows the containers of this user"
	c := specContainer(t, "a")
	wantNotFound(t, "a", "there is no container a", hint) // no directory
	makeState(t, c)
	statePublish(c)
	wantNotFound(t, "b", "there is no container b", hint)
	must(t, stateRemove(c))
	wantNotFound(t, "a", "there is no container a", hint)
}

// A killed runtime's: nobody's.
func TestStateSpecLeft(t *testing.T) {
	stateScene(t)
	c := specContainer(t, "a")
	makeState(t, c)
	statePublish(c)
	must(t, syscall.Close(c.StateFD))
	wantNotFound(t, "a", "container a does not run any more",
		"its runtime was killed; `gobox gc` removes what it left")
	must(t, stateUnlink("a"))
}

// One that could not be written is empty: told, not waited for.
func TestStateSpecNotKept(t *testing.T) {
	file := stateScene(t) + "/twinbox/a.json"
	c := specContainer(t, "a")
	makeState(t, c)
	c.Spec.text = nil
	statePublish(c)
	wantNotFound(t, "a", "container a was started without its spec kept", "its runtime could not "+
		"write "+file+": a limit on files (ulimit -f), or no room there")
	must(t, stateRemove(c))
}

// whenWatched runs a shell's line, in the test's namespaces, once this process watches a directory.
func whenWatched(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	shell := exec.Command("sh", "-c", fmt.Sprintf(
		"until ls -l /proc/%d/fd | grep -q inotify; do sleep 0.01; done; %s", os.Getpid(), line))
	must(t, shell.Start())
	return shell
}

// One that is just starting is waited for, until it runs or ends.
func TestStateSpecStarting(t *testing.T) {
	directory := stateScene(t) + "/twinbox/"
	c := specContainer(t, "a")
	makeState(t, c)
	statePublish(c)
	whole, err := os.ReadFile(directory + "a.json")
	must(t, err)
	must(t, os.Truncate(directory+"a.json", int64(len(whole)-1)))
	shell := whenWatched(t, "echo >>"+directory+"a.json") // the last byte is an end of line
	_, found, err := stateFind("gobox", "a")
	must(t, err)
	must(t, shell.Wait())
	if string(found.text) != smallSpec {
		t.Errorf("%q", found.text)
	}
	must(t, stateRemove(c))

	must(t, stateCreate(c))
	shell = whenWatched(t, "rm "+directory+"a.json")
	wantNotFound(t, "a", "there is no container a", "")
	must(t, shell.Wait())
	must(t, stateRemove(c))
}
