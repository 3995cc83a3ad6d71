// What the parent makes of the error pipe, the order of stages, and signals around the whole.
// tests/unit/test_container.c has the same tests.

package gobox

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// confirmBytes is containerConfirm of a pipe that holds bytes and then ends.
func confirmBytes(t *testing.T, bytes []byte) error {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	syscall.Write(fds[1], bytes)
	syscall.Close(fds[1])
	c := newContainer()
	c.ErrorFD = fds[0]
	return containerConfirm(c)
}

// failureBytes is what a child writes that did not find its command, after the marks in before.
func failureBytes(t *testing.T, before, message string) []byte {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	childErrorWrite(fds[1], &Error{Stage: "exec", Errno: syscall.ENOENT, Status: exitNotFound,
		Message: message})
	syscall.Close(fds[1])
	buffer := make([]byte, 16384)
	n, _ := containerReadAll(fds[0], buffer)
	return append([]byte(before), buffer[:n]...)
}

func assertNotFound(t *testing.T, err error, message string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if e := asError(err); e.Message != message || e.Stage != "exec" ||
		e.Errno != syscall.ENOENT || e.Status != exitNotFound {
		t.Errorf("got %+v", e)
	}
}

func assertEndedEarly(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if e := asError(err); e.Message != "the child ended before its command ran" ||
		e.Hint != "it was killed from outside or by a memory limit that is too small" ||
		e.Stage != "" || e.Errno != 0 || e.Status != exitRuntime {
		t.Errorf("got %+v", e)
	}
}

func TestContainerClosedPipeAfterXIsSuccess(t *testing.T) {
	if err := confirmBytes(t, []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestContainerClosedPipeWithoutAMarkIsAKilledChild(t *testing.T) {
	assertEndedEarly(t, confirmBytes(t, nil))
}

func TestContainerErrorIsTheChilds(t *testing.T) {
	// Any byte may be in a path; both marks.
	for _, message := range []string{"executing nope", "executing \xff\"\n"} {
		assertNotFound(t, confirmBytes(t, failureBytes(t, "", message)), message)
		assertNotFound(t, confirmBytes(t, failureBytes(t, "x", message)), message)
	}
}

func TestContainerTornErrorIsAKilledChild(t *testing.T) {
	bytes := failureBytes(t, "x", "executing nope")
	assertEndedEarly(t, confirmBytes(t, bytes[:len(bytes)-1]))
	assertEndedEarly(t, confirmBytes(t, bytes[:2]))
	assertEndedEarly(t, confirmBytes(t, []byte("e")))
}

// What a child writes is one write(2) that a pipe takes whole (PIPE_BUF), the longest too.
func TestContainerLongestErrorIsOneWrite(t *testing.T) {
	text := make([]byte, 2000)
	err := asError(errorHint(errorSay("%s", text), "%s", text))
	readEnd, writeEnd := packets(t)
	childErrorWrite(writeEnd, err)
	if got := next(t, readEnd); len(got) < 1000 || len(got) > 4096 || next(t, readEnd) != "" {
		t.Errorf("%d bytes", len(got))
	}
}

func TestContainerReadsOnUntilAllIsThere(t *testing.T) {
	bytes := failureBytes(t, "x", "executing nope")
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	go func() {
		for ; len(bytes) > 0; bytes = bytes[min(10, len(bytes)):] {
			time.Sleep(time.Millisecond)
			syscall.Write(fds[1], bytes[:min(10, len(bytes))])
		}
		syscall.Close(fds[1])
	}()
	c := newContainer()
	c.ErrorFD = fds[0]
	assertNotFound(t, containerConfirm(c), "executing nope")
	syscall.Close(fds[0])
}

func TestContainerStagesEndWithTheFirstFailure(t *testing.T) {
	order := ""
	first := func(c *Container) error {
		expectText(t, c.stage, "one")
		order += "1"
		return nil
	}
	second := func(*Container) error {
		order += "2"
		return errorSay("no")
	}
	c := newContainer()
	if err := containerStages(c, []stage{{"one", first}}); err != nil {
		t.Error(err)
	}
	err := containerStages(c, []stage{{"one", first}, {"two", second}, {"three", first}})
	expectText(t, order, "112")
	expectText(t, asError(err).Stage, "two")
	expectText(t, c.stage, "")
	// The name that a stage itself has given stays.
	err = containerStages(c, []stage{{"two", func(*Container) error {
		return &Error{Stage: "other", Message: "no"}
	}}})
	expectText(t, asError(err).Stage, "other")
}

const containerInside = "TWINBOX_TEST_SIGNALS"

// The second self of the test below: were it wrong, the signal would end it.
func init() {
	if os.Getenv(containerInside) == "" {
		return
	}
	c := newContainer()
	waitBlockSignals(c)
	// Not SIGHUP: under nohup(1) it is ignored, and so it stays.
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGPIPE,
		syscall.SIGXFSZ, sigRTMax} {
		syscall.Kill(os.Getpid(), s)
	}
	// Of these, what is handed on has come when kill(2) returns: SIGPIPE and SIGXFSZ have not.
	numbers := make([]byte, signals)
	if n, _ := syscall.Read(int(signalReader), numbers); n != 3 {
		os.Exit(1)
	}
	waitUnblockSignals(c)
	os.Exit(0)
}

func TestContainerWhatCameTooLateIsDropped(t *testing.T) {
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), containerInside+"=1")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
