// What the runtime tells while it works: --events (JSON Lines) and -v (for people); c/events.h
// documents the lines. One line is one write(2).

package gobox

func eventsBegin(c *Container, stage string)                   {}
func eventsOK(c *Container, stage string)                      {}
func eventsError(c *Container, stage string, err error)        {}
func eventsFact(c *Container, key, format string, args ...any) {}
func eventsCall(c *Container, format string, args ...any)      {}
