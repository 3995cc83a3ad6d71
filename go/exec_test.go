// How the command is found, and what becomes of a failure; each row in a second self, told over the
// pipe as in a container. tests/unit/test_exec.c has the same rows.

package gobox

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const execInside = "TWINBOX_TEST_EXEC" // the second self's request

type execRequest struct {
	Env           []string
	Name          string
	RaiseOfWrites bool
}

// The second self works in init(), on the main thread, as gobox itself does.
func init() {
	text := os.Getenv(execInside)
	if text == "" {
		return
	}
	var request execRequest
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		panic(err)
	}
	c := newContainer()
	c.Spec, c.Command = &Spec{}, []string{request.Name}
	c.Spec.Process.Env = request.Env
	c.SyncFD, c.ErrorFD = 3, 4
	syscall.CloseOnExec(c.SyncFD)
	syscall.CloseOnExec(c.ErrorFD)
	if request.RaiseOfWrites {
		changeMask(sigSetmask, 1<<(syscall.SIGPIPE-1)|1<<(syscall.SIGXFSZ-1))
		syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGPIPE)
		syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGXFSZ)
	}
	execPrepare(c)
	e := asError(execCommand(c))
	childErrorWrite(c.ErrorFD, e)
	os.Exit(e.Status)
}

// execScene: a/tool runs, b/tool may not be executed, c/tool is a directory, d a file, e/tool has
// no interpreter. It gives the directory a, the working directory.
func execScene(t *testing.T) string {
	base := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(base+"/a", 0o755), os.MkdirAll(base+"/b", 0o755),
		os.MkdirAll(base+"/c/tool", 0o755), os.MkdirAll(base+"/e", 0o755),
		os.WriteFile(base+"/a/tool", []byte("#!/bin/sh\nexit 7\n"), 0o755),
		os.WriteFile(base+"/b/tool", []byte("#!/bin/sh\nexit 8\n"), 0o644),
		os.WriteFile(base+"/d", nil, 0o755),
		os.WriteFile(base+"/e/tool", []byte("#!/nowhere\n"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return base + "/a"
}

// execRun gives the exit status and the error that the parent was told.
func execRun(t *testing.T, here string, request execRequest, parentIsGone bool) (int, error) {
	t.Helper()
	text, _ := json.Marshal(request)
	sync, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(sync[1])
	if parentIsGone {
		syscall.Shutdown(sync[0], syscall.SHUT_RD)
	}
	readEnd, writeEnd, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := os.NewFile(uintptr(sync[0]), "sync")
	command := exec.Command(self)
	command.Dir = here
	command.Env = append(os.Environ(), execInside+"="+string(text))
	command.ExtraFiles = []*os.File{child, writeEnd}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	child.Close()
	writeEnd.Close()
	c := newContainer()
	c.ErrorFD = int(readEnd.Fd())
	told := containerConfirm(c)
	readEnd.Close()
	command.Wait()
	if !command.ProcessState.Exited() {
		t.Errorf("%+v: %s", request, command.ProcessState)
	}
	return command.ProcessState.ExitCode(), told
}

func TestExecFindsEveryRow(t *testing.T) {
	here := execScene(t)
	for _, row := range []struct {
		path, name string
		status     int
		errno      syscall.Errno
	}{
		{"PATH=../a:../b", "tool", 7, 0},
		{"PATH=../b:../a", "tool", 7, 0},
		{"PATH=../nowhere:../c:../d:../e:../a", "tool", 7, 0},
		{"PATH=../b", "tool", exitCannotRun, syscall.EACCES},
		{"PATH=../b:../nowhere", "tool", exitCannotRun, syscall.EACCES},
		{"PATH=../c", "tool", exitCannotRun, syscall.EACCES},
		{"PATH=../d:../nowhere", "tool", exitNotFound, syscall.ENOENT},
		{"PATH=../e", "tool", exitNotFound, syscall.ENOENT},
		{"PATH=../nowhere", "tool", exitNotFound, syscall.ENOENT},
		{"PATH=", "tool", 7, 0},
		{"PATH=../nowhere:", "tool", 7, 0},
		{"PATH=:../nowhere", "tool", 7, 0},
		{"PATH=../nowhere", "./tool", 7, 0},
		{"PATH=../a", "../nowhere/tool", exitNotFound, syscall.ENOENT},
		{"PATH=../a", "../d/tool", exitCannotRun, syscall.ENOTDIR},
		{"HOME=../a", "true", 0, 0},
		{"XPATH=../a", "tool", exitNotFound, syscall.ENOENT},
	} {
		status, err := execRun(t, here, execRequest{Env: []string{row.path}, Name: row.name}, false)
		if status != row.status {
			t.Errorf("%s %s: status %d, want %d (%v)", row.path, row.name, status, row.status, err)
		}
		if row.errno == 0 {
			continue
		}
		if err == nil {
			t.Fatalf("%s %s: no error", row.path, row.name)
		}
		e := asError(err)
		if e.Errno != row.errno || e.Message != "executing "+row.name ||
			(e.Hint != "") != (e.Errno == syscall.ENOENT) {
			t.Errorf("%s %s: %+v", row.path, row.name, e)
		}
	}
}

func TestExecFirstPathCounts(t *testing.T) {
	request := execRequest{Env: []string{"PATH=../b", "PATH=../a"}, Name: "tool"}
	if status, _ := execRun(t, execScene(t), request, false); status != exitCannotRun {
		t.Errorf("status %d", status)
	}
}

func TestExecPathThatIsTooLong(t *testing.T) {
	request := execRequest{Env: []string{"PATH=" + strings.Repeat("a", pathMax+10)}, Name: "tool"}
	status, err := execRun(t, execScene(t), request, false)
	if status != exitCannotRun || err == nil || asError(err).Errno != syscall.ENAMETOOLONG {
		t.Errorf("status %d, %v", status, err)
	}
}

func TestExecSignalsOfWritesAreForgotten(t *testing.T) {
	here := execScene(t)
	request := execRequest{Env: []string{"PATH=../a"}, Name: "tool", RaiseOfWrites: true}
	if status, _ := execRun(t, here, request, false); status != 7 {
		t.Errorf("status %d", status)
	}
	request.Name = "nope"
	if status, _ := execRun(t, here, request, false); status != exitNotFound {
		t.Errorf("status %d", status)
	}
}

func TestExecNothingRunsWithoutAParent(t *testing.T) {
	request := execRequest{Env: []string{"PATH=../a"}, Name: "tool"}
	status, err := execRun(t, execScene(t), request, true)
	if status != exitRuntime || err == nil || err.Error() != "the runtime is gone" {
		t.Errorf("status %d, %v", status, err)
	}
}
