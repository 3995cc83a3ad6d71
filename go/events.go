// What the runtime tells while it works: --events (JSON Lines) and -v (for people); c/events.h
// documents the lines. One line is one write(2). Everything here is quiet and cheap without both.

package gobox

import (
	"fmt"
	"syscall"
	"unsafe"
)

const (
	factsMax       = 1024
	clockMonotonic = 1
)

// now is CLOCK_MONOTONIC in nanoseconds; Go's own time package shows it only as differences.
func now() int64 {
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

// appendEscaped appends text as the inside of a JSON string.
func appendEscaped(line []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			line = append(line, '\\', c)
		case c < 0x20:
			line = fmt.Appendf(line, "\\u%04x", c)
		default:
			line = append(line, c)
		}
	}
	return line
}

// writeLine is one line, one write(2). A reader that went away must not end the container: errors
// are dropped.
func writeLine(c *Container, stage, event string, time int64, more []byte) {
	who := "parent"
	if c.IsChild {
		who = "child"
	}
	line := fmt.Appendf(nil, `{"time":%d,"who":"%s","stage":"%s","event":"%s"%s}`+"\n",
		time, who, stage, event, more)
	syscall.Write(c.EventsFD, line)
}

func tell(c *Container, format string, args ...any) {
	syscall.Write(c.LogFD, fmt.Appendf(nil, format, args...))
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
		tell(c, "%s: begin\n", stage)
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
	if c.Verbose && c.stageBegin > 0 {
		tell(c, "%s: ok, %d us\n", stage, (time-c.stageBegin)/1000)
	} else if c.Verbose {
		tell(c, "%s: ok\n", stage)
	}
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
		more = append(appendEscaped(more, e.Message), '"')
		writeLine(c, stage, "error", now(), more)
	}
	if c.Verbose {
		tell(c, "%s: error\n", stage)
	}
}

// eventsFact adds "key": "value" to the facts of the stage under way.
func eventsFact(c *Container, key, format string, args ...any) {
	value := fmt.Sprintf(format, args...)
	if c.EventsFD < 0 || len(c.facts)+len(key)+len(value) > factsMax {
		return
	}
	if len(c.facts) > 0 {
		c.facts = append(c.facts, ',')
	}
	c.facts = append(c.facts, `"`+key+`":"`...)
	c.facts = append(appendEscaped(c.facts, value), '"')
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
	tell(c, "%s:   %s\n", stage, fmt.Sprintf(format, args...))
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
