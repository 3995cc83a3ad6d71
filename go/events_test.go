// The lines of --events and -v. A pipe in packet mode (pipe(2), O_DIRECT) keeps apart what was
// written apart. tests/unit/test_events.c has the same tests.

package gobox

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

type eventsScene struct {
	*Container
	events, log int // read ends
}

func packets(t *testing.T) (readEnd, writeEnd int) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_DIRECT|syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fds[0]); syscall.Close(fds[1]) })
	return fds[0], fds[1]
}

func newEventsScene(t *testing.T) *eventsScene {
	s := &eventsScene{Container: newContainer()}
	s.Program, s.Verbose = "box", true
	s.events, s.EventsFD = packets(t)
	s.log, s.LogFD = packets(t)
	return s
}

// next is the next write; "" where there is none.
func next(t *testing.T, fd int) string {
	t.Helper()
	buffer := make([]byte, 8192)
	n, err := syscall.Read(fd, buffer)
	if err != nil && err != syscall.EAGAIN {
		t.Fatal(err)
	}
	return string(buffer[:max(n, 0)])
}

var lineTime = regexp.MustCompile(`^\{"time":[1-9][0-9]*`)

// expectLine: its time is a number, the rest is as wanted.
func (s *eventsScene) expectLine(t *testing.T, want string) {
	t.Helper()
	line := next(t, s.events)
	time := lineTime.FindString(line)
	if time == "" || line[len(time):] != want {
		t.Errorf("got %q, want %q", line, want)
	}
}

func expectText(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEventsOneWriteALine(t *testing.T) {
	s := newEventsScene(t)
	c := s.Container
	eventsBegin(c, "cgroup")
	eventsFact(c, "path", "/twinbox/%s", "full")
	eventsFact(c, "pid", "%d", 7)
	eventsCall(c, "mkdirat(%s)", "full")
	eventsOK(c, "cgroup")
	c.IsChild = true
	eventsBegin(c, "mounts")
	eventsOK(c, "mounts")
	s.expectLine(t, `,"who":"parent","stage":"cgroup","event":"begin"}`+"\n")
	s.expectLine(t, `,"who":"parent","stage":"cgroup","event":"ok",`+
		`"facts":{"path":"/twinbox/full","pid":"7"}}`+"\n")
	s.expectLine(t, `,"who":"child","stage":"mounts","event":"begin"}`+"\n")
	// The facts were the other stage's.
	s.expectLine(t, `,"who":"child","stage":"mounts","event":"ok"}`+"\n")
	expectText(t, next(t, s.events), "")
	expectText(t, next(t, s.log), "cgroup: a directory in cgroup v2, with the limits, before anything runs in it\n")
	expectText(t, next(t, s.log), "cgroup:   mkdirat(full)\n")
	if line := next(t, s.log); !regexp.MustCompile(`^cgroup: ok \(path /twinbox/full, pid 7\), [0-9]+ us\n$`).MatchString(line) {
		t.Errorf("got %q", line)
	}
}

func TestEventsTellsAnError(t *testing.T) {
	s := newEventsScene(t)
	eventsBegin(s.Container, "mounts")
	eventsError(s.Container, "mounts", errorSys(syscall.ENOENT, "opening \"%s\"", "x\n"))
	eventsError(s.Container, "exec", errorSay("no"))
	next(t, s.events)
	s.expectLine(t, `,"who":"parent","stage":"mounts","event":"error",`+
		`"errno":"ENOENT","message":"opening \"x\u000a\""}`+"\n")
	s.expectLine(t, `,"who":"parent","stage":"exec","event":"error","errno":"","message":"no"}`+"\n")
	next(t, s.log)
	expectText(t, next(t, s.log), "mounts: error\n")
}

func TestEventsEscapesEveryRow(t *testing.T) {
	s := newEventsScene(t)
	for _, row := range readRows(t, "events") {
		s.facts = nil
		eventsFact(s.Container, "k", "%s", row[0])
		expectText(t, string(s.facts), `"k":"`+row[1]+`"`)
	}
}

// A fact is there or not; a message is cut at a whole character; a line is never torn.
func TestEventsBoundsWhatItWrites(t *testing.T) {
	s := newEventsScene(t)
	c := s.Container
	text := strings.Repeat("a", 1999)
	eventsFact(c, "long", "%s", text)
	expectText(t, string(c.facts), `"long":"`+text[:511]+`"`)
	eventsFact(c, "second", "%s", text)
	if len(c.facts) != 520 {
		t.Errorf("%d bytes of facts", len(c.facts))
	}
	// Exactly full: 1023 bytes with this one.
	third := text[:1023-520-len(`,"third":""`)]
	eventsFact(c, "third", "%sx", third)
	if len(c.facts) != 520 {
		t.Errorf("%d bytes of facts", len(c.facts))
	}
	eventsFact(c, "third", "%s", third)
	if len(c.facts) != 1023 {
		t.Errorf("%d bytes of facts", len(c.facts))
	}
	eventsError(c, "cgroup", errorSay("%s", strings.Repeat("\x01", 1999)))
	if line := next(t, s.events); len(line) >= 4096 || !strings.HasSuffix(line, `\u0001"}`+"\n") {
		t.Errorf("%d bytes: %q", len(line), line)
	}
	next(t, s.log)
	eventsCall(c, "%s", strings.Repeat("c", 1999))
	if line := next(t, s.log); len(line) != 1023 || line[1021:] != "c\n" {
		t.Errorf("%d bytes: %q", len(line), line)
	}
}

func TestEventsIsQuietWithoutBoth(t *testing.T) {
	s := newEventsScene(t)
	s.EventsFD, s.Verbose = -1, false
	eventsBegin(s.Container, "cgroup")
	eventsFact(s.Container, "path", "x")
	eventsCall(s.Container, "x")
	eventsOK(s.Container, "cgroup")
	expectText(t, string(s.facts), "")
	expectText(t, next(t, s.events), "")
	expectText(t, next(t, s.log), "")
}

func TestEventsReaderThatWentAway(t *testing.T) {
	s := newEventsScene(t)
	waitBlockSignals(s.Container) // as ever where there are events
	unread, written := packets(t)
	syscall.Dup3(s.events, unread, syscall.O_CLOEXEC) // its reader is gone
	s.EventsFD = written
	eventsBegin(s.Container, "cgroup")
	eventsOK(s.Container, "cgroup")
	expectText(t, next(t, s.log), "cgroup: a directory in cgroup v2, with the limits, before anything runs in it\n")
}

func TestEventsOpensAFileToAppend(t *testing.T) {
	s := newEventsScene(t)
	file, link := filepath.Join(t.TempDir(), "file"), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := eventsOpen(s.Container, link); err == nil || asError(err).Errno != syscall.ELOOP {
		t.Errorf("a link: %v", err)
	}
	if _, err := os.Lstat(file); err == nil {
		t.Error("the link was followed")
	}
	for i := 1; i <= 2; i++ {
		if err := eventsOpen(s.Container, file); err != nil {
			t.Fatal(err)
		}
		syscall.Write(s.EventsFD, []byte("1234567890"))
		syscall.Close(s.EventsFD)
		st, err := os.Stat(file)
		if err != nil || st.Size() != int64(10*i) || st.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", st, err)
		}
	}
}
