// What the runtime tells while it works: --events (JSON Lines) and -v (for people); c/events.h
// documents the lines. One line is one write(2). Everything here is quiet and cheap without both.

package gobox

import (
	"fmt"
	"strconv"
	"syscall"
	"unicode/utf8"
	"unsafe"
)

// Limits in bytes, the same as in C.
const (
	tellMax  = 1023
	valueMax = 511
	factsMax = 1023
	moreMax  = 2046 // what follows the event's name in a line of an error
)

const clockMonotonic = 1

// now is CLOCK_MONOTONIC in nanoseconds; Go's own time package shows it only as differences.
func now() int64 {
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

// appendEscaped appends text as the inside of a JSON string. A line is at most max bytes long: what
// does not fit is cut at a whole character. What is not UTF-8 is shown as U+FFFD: a file name may
// hold any byte.
func appendEscaped(line []byte, max int, text string) []byte {
	for size := 0; len(text) > 0; text = text[size:] {
		var c rune
		var out string
		switch c, size = utf8.DecodeRuneInString(text); {
		case c == '"' || c == '\\':
			out = "\\" + text[:1]
		case c == utf8.RuneError && size == 1:
			out = "\\ufffd"
		case controlSize(text) > 0:
			out = fmt.Sprintf("\\u%04x", c)
		default:
			out = text[:size]
		}
		if len(line)+len(out) > max {
			break
		}
		line = append(line, out...)
	}
	return line
}

// writeLine is one line, one write(2), as a pipe never tears. A reader that went away must not end
// the container: errors are dropped.
func writeLine(c *Container, stage, event string, time int64, more []byte) {
	who := "parent"
	if c.IsChild {
		who = "child"
	}
	line := strconv.AppendInt(append(make([]byte, 0, 256), `{"time":`...), time, 10)
	for _, words := range []string{`,"who":"`, who, `","stage":"`, stage, `","event":"`, event, `"`} {
		line = append(line, words...)
	}
	line = append(append(line, more...), "}\n"...)
	syscall.Write(c.EventsFD, line)
}

// clippedLine is a line of -v, for people; what does not fit is cut, but for its end.
func clippedLine(format string, args ...any) []byte {
	line := fmt.Appendf(nil, format, args...)
	if len(line) > tellMax {
		n := tellMax
		for line[n-1]&0xc0 == 0x80 {
			n-- // never within a character
		}
		line = append(line[:n-1], '\n')
	}
	return line
}

const (
	stageColour = "\033[36m"
	good        = "\033[32m"
	bad         = "\033[31m"
)

// stageLine: a stage's line begins with its name; text follows, good or bad news in its colour.
func stageLine(c *Container, stage, colour, text, more string) []byte {
	before, plain := "", ""
	if c.Colour {
		before, plain = stageColour, "\033[0m"
	} else {
		colour = ""
	}
	after := plain
	if colour == "" {
		after = ""
	}
	return clippedLine("%s%s%s: %s%s%s%s\n", before, stage, plain, colour, text, after, more)
}

func tellStage(c *Container, stage, colour, text, more string) {
	syscall.Write(c.LogFD, stageLine(c, stage, colour, text, more))
}

// readable gives the facts for people: "path":"/x","pid":"7" as " (path /x, pid 7)". What JSON
// escapes stays escaped: a terminal must not see it either.
func readable(facts []byte) string {
	if len(facts) == 0 {
		return ""
	}
	out, within := []byte(" ("), false
	for i := 0; i < len(facts); i++ {
		switch c := facts[i]; {
		case c == '\\' && i+1 < len(facts):
			out = append(out, c, facts[i+1])
			i++
		case c == '"':
			within = !within
		case within:
			out = append(out, c)
		case c == ',':
			out = append(out, ", "...)
		default:
			out = append(out, ' ')
		}
	}
	return string(append(out, ')'))
}

// word gives one of two by the language that -v speaks.
func word(c *Container, en, ja string) string {
	if c.Japanese {
		return ja
	}
	return en
}

func eventsBegin(c *Container, stage string) {
	c.stage = stage
	c.facts = c.facts[:0]
	if c.EventsFD < 0 && !c.Verbose {
		return
	}
	c.stageBegin = now()
	if c.EventsFD >= 0 {
		writeLine(c, stage, "begin", c.stageBegin, nil)
	}
	if c.Verbose {
		tellStage(c, stage, "", whyStage(c, stage), "")
	}
}

func eventsOK(c *Container, stage string) {
	c.stage = ""
	if c.EventsFD < 0 && !c.Verbose {
		return
	}
	time := now()
	var more []byte
	if len(c.facts) > 0 {
		more = fmt.Appendf(nil, `,"facts":{%s}`, c.facts)
	}
	if c.EventsFD >= 0 {
		writeLine(c, stage, "ok", time, more)
	}
	if !c.Verbose {
		return
	}
	result := readable(c.facts)
	if c.stageBegin > 0 {
		result += fmt.Sprintf(", %d us", (time-c.stageBegin)/1000)
	}
	tellStage(c, stage, good, word(c, "ok", "完了"), result)
}

func eventsError(c *Container, stage string, err error) {
	c.stage = ""
	if c.EventsFD >= 0 {
		e := asError(err)
		name := ""
		if e.Errno != 0 {
			name = errorName(e.Errno)
		}
		more := append([]byte(`,"errno":"`), name...)
		more = append(more, `","message":"`...)
		more = append(appendEscaped(more, moreMax, e.Message), '"')
		writeLine(c, stage, "error", now(), more)
	}
	if c.Verbose {
		tellStage(c, stage, bad, word(c, "error", "エラー"), "")
	}
}

// eventsFact adds "key": "value" to the facts of the stage under way.
func eventsFact(c *Container, key, format string, args ...any) {
	if c.EventsFD < 0 && !c.Verbose {
		return
	}
	value := clipped(fmt.Sprintf(format, args...), valueMax)
	fact := []byte(`"` + key + `":"`)
	if len(c.facts) > 0 {
		fact = append([]byte{','}, fact...)
	}
	fact = append(appendEscaped(fact, len(fact)+6*valueMax, value), '"')
	// All of it or, without room, nothing.
	if len(c.facts)+len(fact) <= factsMax {
		c.facts = append(c.facts, fact...)
	}
}

// callLine is what eventsCall writes.
func callLine(c *Container, stage, format string, args ...any) []byte {
	return stageLine(c, stage, "", "  ",
		errorVisible(clipped(fmt.Sprintf(format, args...), tellMax)))
}

// eventsCall tells one system call that matters, in the words of its man page, before it is made.
func eventsCall(c *Container, format string, args ...any) {
	if !c.Verbose {
		return
	}
	stage := c.stage
	if stage == "" {
		stage = c.Program
	}
	syscall.Write(c.LogFD, callLine(c, stage, format, args...))
}

// eventsOpen opens the file of --events: created if missing, appended to, never through a
// symbolic link.
func eventsOpen(c *Container, path string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND|
		syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return errorSys(err, "opening events file %s", path)
	}
	c.EventsFD = fd
	return nil
}
