// Command `list [--json]`: which containers there are, and which nobody holds any more; c/list.c
// prints the same bytes.

package gobox

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

const (
	columns = 7
	gap     = 2
)

var headings = [columns]string{"NAME", "PID", "RUNTIME", "STATUS", "CREATED", "CGROUP", "LINK"}

// show gives text as a cell shows it: control characters as \xNN, nothing as a dash.
func show(text string) string {
	if text == "" {
		return "-"
	}
	return errorVisible(text)
}

func status(s *State) string {
	if s.Alive {
		return "running"
	}
	return "stale"
}

// cell is what column i says of s.
func cell(s *State, i int) string {
	pid := ""
	if s.Pid > 0 {
		pid = strconv.Itoa(s.Pid)
	}
	created := time.Unix(s.Created, 0).UTC().Format("2006-01-02T15:04:05Z")
	return show([columns]string{s.Name, pid, s.Runtime, status(s),
		created, s.Cgroup, s.Link}[i])
}

// printCell: the last cell of a row is not filled up with spaces.
func printCell(text string, i int, widths *[columns]int, out io.Writer) {
	if i < columns-1 {
		fmt.Fprintf(out, "%s%*s", text, widths[i]+gap-len(text), "")
	} else {
		fmt.Fprintf(out, "%s\n", text)
	}
}

func printTable(list []State, out io.Writer) {
	var widths [columns]int

	for i := range widths {
		widths[i] = len(headings[i])
		for row := range list {
			widths[i] = max(widths[i], len(cell(&list[row], i)))
		}
	}
	for i := range widths {
		printCell(headings[i], i, &widths, out)
	}
	for row := range list {
		for i := range widths {
			printCell(cell(&list[row], i), i, &widths, out)
		}
	}
}

func printJSON(list []State, out io.Writer) {
	array := []any{}
	for i := range list {
		value := stateJSON(&list[i])
		value["status"] = status(&list[i])
		array = append(array, value)
	}
	jsonWrite(array, out)
}

// listPrint prints a table, or with json an array of objects: the members of the state file and
// "status", "running" or "stale". State files that cannot be read are the error, after the others.
func listPrint(json bool, out io.Writer) error {
	list, err := stateList()

	if json {
		printJSON(list, out)
	} else {
		printTable(list, out)
	}
	return err
}
