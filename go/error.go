// An error travels up as a value with its context. c/error.c prints the same words.

package gobox

import (
	"fmt"
	"io"
	"strings"
	"syscall"
)

// Exit status of the runtime itself, as podman(1) and docker(1) have them.
const (
	exitRuntime   = 125 // the runtime failed
	exitCannotRun = 126 // the command was found and cannot be executed
	exitNotFound  = 127 // the command was not found
)

// Error is what a stage returns.
type Error struct {
	Stage   string        // "network"; filled in by the stage runner; empty outside a stage
	Errno   syscall.Errno // of the call that failed; 0 where no call did
	Status  int           // exit status the runtime ends with
	Message string        // "creating veth cbox0", without the errno's text
	Hint    string        // what to do about it; may be empty
}

// Error gives the first line without the program's name.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Stage != "" {
		b.WriteString(e.Stage + ": ")
	}
	b.WriteString(errorVisible(e.Message))
	if e.Errno != 0 {
		b.WriteString(": " + errorText(e.Errno) + " (" + errorName(e.Errno) + ")")
	}
	return b.String()
}

// Unwrap lets errors.As find the errno again.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// messageMax and hintMax are what C's struct error has room for: both sides cut at the same byte.
const (
	messageMax = 699
	hintMax    = 599
)

// clipped cuts a text at max bytes.
func clipped(text string, max int) string {
	if len(text) > max {
		return text[:max]
	}
	return text
}

// errorSys describes a failed call; cause is, or wraps, the syscall.Errno.
func errorSys(cause error, format string, args ...any) error {
	return &Error{Errno: errnoOf(cause), Status: exitRuntime, Message: clipped(fmt.Sprintf(format, args...), messageMax)}
}

// errorSay is the same without an errno, for what the runtime itself refuses.
func errorSay(format string, args ...any) error {
	return &Error{Status: exitRuntime, Message: clipped(fmt.Sprintf(format, args...), messageMax)}
}

// errorHint adds the hint, in the reader's language (hints.go), to an error that errorSys or errorSay
// made, and returns it.
func errorHint(err error, format string, args ...any) error {
	if e, ok := err.(*Error); ok {
		e.Hint = clipped(fmt.Sprintf(hintsFormat(format), args...), hintMax)
	}
	return err
}

// asError gives any error the shape of ours.
func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return &Error{Errno: errnoOf(err), Status: exitRuntime, Message: err.Error()}
}

// errorPrint prints "PROGRAM: STAGE: MESSAGE: Text of errno (ENAME)" and the hint below it.
func errorPrint(err error, program string, out io.Writer) {
	e := asError(err)
	fmt.Fprintf(out, "%s: %s\n", program, e.Error())
	if e.Hint != "" {
		fmt.Fprintf(out, "hint: %s\n", errorVisible(e.Hint))
	}
}

// controlSize is the bytes of the control character that text begins with, two from U+0080 on
// (UTF-8); 0 where it is none.
func controlSize(text string) int {
	if text[0] < 0x20 || text[0] == 0x7f {
		return 1
	}
	if len(text) > 1 && text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f {
		return 2
	}
	return 0
}

// errorVisible gives text as a terminal may see it: each byte of a control character as \xNN, of
// those of ASCII and of U+0080 to U+009F, where U+009B begins what ESC [ does. A spec or a file name
// may hold any byte.
func errorVisible(text string) string {
	var b strings.Builder
	for text != "" {
		n := controlSize(text)
		if n == 0 {
			b.WriteByte(text[0])
			text = text[1:]
		}
		for ; n > 0; n-- {
			fmt.Fprintf(&b, `\x%02x`, text[0])
			text = text[1:]
		}
	}
	return b.String()
}
