// The command line as tables, by the rows of tests/unit/rows/options.txt, which
// tests/unit/test_options.c reads too.

package gobox

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// words parts a row's words; ~ is an empty one.
func words(text string) []string {
	list := strings.Fields(text)
	for i := range list {
		if list[i] == "~" {
			list[i] = ""
		}
	}
	return list
}

// parseRow gives what a row's command line comes to, as the row writes it.
func parseRow(arguments string) (string, error) {
	var file, name string
	var quick, verbose bool
	options := []option{
		{"--file", "FILE", "", nil, &file},
		{"--name", "NAME", "", nil, &name},
		{"--quick", "", "", &quick, nil},
		{"-v", "", "", &verbose, nil},
	}
	digit := map[bool]int{true: 1}
	o, err := optionsParse(options, words(arguments), "box run")
	if err != nil {
		return err.Error(), err
	}
	text := fmt.Sprintf("file=%s name=%s quick=%d v=%d words=%s", file, name, digit[quick],
		digit[verbose], strings.Join(o.words, ","))
	if o.hasCommand {
		text += " command=" + strings.Join(o.command, ",")
	}
	return text, nil
}

func TestOptionsReadsEveryRow(t *testing.T) {
	for _, row := range readRows(t, "options") {
		got, err := parseRow(row[0])
		if got != row[1] {
			t.Errorf("%s: got %q, want %q", row[0], got, row[1])
		}
		if err != nil && (!strings.HasSuffix(asError(err).Hint, "box run --help lists the options") ||
			asError(err).Status != exitRuntime) {
			t.Errorf("%s: hint %q, status %d", row[0], asError(err).Hint, asError(err).Status)
		}
	}
}

func TestOptionsPrintsATable(t *testing.T) {
	var out bytes.Buffer
	optionsPrint([]option{
		{"--file", "FILE", "a file", nil, nil},
		{"-v", "", "more words", nil, nil},
	}, &out)
	want := "  --file FILE        a file\n  -v                 more words\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
