// Strict JSON, read and written the same by both sides; c/json.c is its twin.
//
// The scanner (json_scan.go) alone decides what is refused and in which words, because jansson's
// and encoding/json's own messages and limits differ.

package gobox

import (
	"bufio"
	"fmt"
	"io"
	"sort"
)

// jsonShown gives a text of the file as messages show it: cut to 64 bytes.
func jsonShown(text string) string {
	if len(text) <= 64 {
		return text
	}
	// Never the half of a character.
	n := 64
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return text[:n] + "..."
}

// jsonRead gives the value when data is one JSON value (RFC 8259) that fits the scanner's limits,
// with integers of 64 bits only, UTF-8 without NUL and no key twice in an object. Else it gives
// "LABEL:LINE:COLUMN: WHAT"; the column counts bytes from 1.
func jsonRead(label string, data []byte) (any, error) {
	s := jsonScanner{label: label, data: data}
	return s.scanFile()
}

func jsonWriteString(text string, out *bufio.Writer) {
	out.WriteByte('"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < 0x20:
			fmt.Fprintf(out, `\u%04x`, c)
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	out.WriteByte('"')
}

func jsonWriteLine(out *bufio.Writer, level int) {
	fmt.Fprintf(out, "\n%*s", level*2, "")
}

func jsonWriteObject(value map[string]any, out *bufio.Writer, level int) {
	if len(value) == 0 {
		out.WriteString("{}")
		return
	}
	keys := make([]string, 0, len(value))
	for key := range value {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	out.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			out.WriteByte(',')
		}
		jsonWriteLine(out, level+1)
		jsonWriteString(key, out)
		out.WriteString(": ")
		jsonWriteValue(value[key], out, level+1)
	}
	jsonWriteLine(out, level)
	out.WriteByte('}')
}

func jsonWriteArray(value []any, out *bufio.Writer, level int) {
	if len(value) == 0 {
		out.WriteString("[]")
		return
	}
	out.WriteByte('[')
	for i, item := range value {
		if i > 0 {
			out.WriteByte(',')
		}
		jsonWriteLine(out, level+1)
		jsonWriteValue(item, out, level+1)
	}
	jsonWriteLine(out, level)
	out.WriteByte(']')
}

func jsonWriteValue(value any, out *bufio.Writer, level int) {
	switch v := value.(type) {
	case map[string]any:
		jsonWriteObject(v, out, level)
	case []any:
		jsonWriteArray(v, out, level)
	case string:
		jsonWriteString(v, out)
	default:
		fmt.Fprint(out, v) // int64, uint64, bool
	}
}

// jsonWrite prints value: keys sorted by their bytes, two spaces a level, LF at the end, escapes
// only where JSON wants them.
func jsonWrite(value any, to io.Writer) error {
	out := bufio.NewWriter(to)
	jsonWriteValue(value, out, 0)
	out.WriteByte('\n')
	return out.Flush()
}
