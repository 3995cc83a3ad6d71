// Tables that the tests of both languages read, tests/unit/rows/NAME.txt: a row a line, fields
// parted by '|' with the spaces around them taken off, \xNN for any byte, # for a comment.
// tests/unit/rows.h reads them for C.

package gobox

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// readRows gives at least six fields a row.
func readRows(t *testing.T, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../tests/unit/rows/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := make([]string, 6)
		for i, field := range strings.Split(line, "|") {
			fields[i] = rowField(t, strings.Trim(field, " "))
		}
		rows = append(rows, fields)
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no rows", name)
	}
	return rows
}

// rowField puts bytes in place of their \xNN.
func rowField(t *testing.T, text string) string {
	parts := strings.Split(text, `\x`)
	for i, part := range parts[1:] {
		number, err := strconv.ParseUint(part[:2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		parts[i+1] = string([]byte{byte(number)}) + part[2:]
	}
	return strings.Join(parts, "")
}
