// Errors and how they are printed, by the rows of tests/unit/rows/errors.txt and errno.txt, which
// tests/unit/test_error.c reads too.

package gobox

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestErrorPrintsEveryRow(t *testing.T) {
	for _, row := range readRows(t, "errors") {
		number, _ := strconv.Atoi(row[0])
		err := asError(errorSys(syscall.Errno(number), "%s", row[2]))
		errorHint(err, "%s", row[3])
		err.Stage = row[1]
		var out bytes.Buffer
		errorPrint(err, "box", &out)
		want := "box: " + row[4] + "\n"
		if row[5] != "" {
			want += row[5] + "\n"
		}
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
		if err.Status != exitRuntime {
			t.Errorf("%s: status %d", row[2], err.Status)
		}
	}
}

// C's test holds the same rows against the libc of the machine.
func TestErrorNamesEveryErrno(t *testing.T) {
	rows := readRows(t, "errno")
	if len(rows) < 134 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		number, _ := strconv.Atoi(row[0])
		errno := syscall.Errno(number)
		if errorName(errno) != row[1] || errorText(errno) != row[2] {
			t.Errorf("%d: got %s, %s; want %s, %s", number, errorName(errno),
				errorText(errno), row[1], row[2])
		}
	}
}

func TestErrorCutsWhatIsTooLong(t *testing.T) {
	text := strings.Repeat("m", 2000)
	err := asError(errorHint(errorSay("%s", text), "%s", text))
	if len(err.Message) != 699 || len(err.Hint) != 599 {
		t.Errorf("message %d, hint %d bytes", len(err.Message), len(err.Hint))
	}
	if n := len(asError(errorSys(syscall.ENOENT, "%s", text)).Message); n != 699 {
		t.Errorf("message %d bytes", n)
	}
}

func TestErrorOfAnyKind(t *testing.T) {
	wrapped := asError(fmt.Errorf("outer: %w", syscall.ENOENT))
	if wrapped.Errno != syscall.ENOENT || wrapped.Status != exitRuntime {
		t.Errorf("got %+v", wrapped)
	}
	if errno := asError(errors.New("plain")).Errno; errno != 0 {
		t.Errorf("errno %d", errno)
	}
	if !errors.Is(errorSys(syscall.EACCES, "x"), syscall.EACCES) {
		t.Error("the errno is lost")
	}
}
