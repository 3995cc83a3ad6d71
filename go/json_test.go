// What is JSON and what is not, in which words, and how it is written again;
// tests/unit/test_json.c has the same rows.

package gobox

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A text and what is said of it; "": nothing.
var jsonTexts = []struct{ text, message string }{
	{`{}`, ""},
	{` [ ] `, ""},
	{`"\u00e9\ud83d\ude00\n"`, ""},
	{"\"\xf4\x8f\xbf\xbf\"", ""},
	{`-0`, ""},
	{`9223372036854775807`, ""},
	{`-9223372036854775808`, ""},
	{`{"a":1,"A":1,"a ":1}`, ""},
	{`[{"a":1},{"a":1}]`, ""},
	{`{"a":{"a":{"a":1}}}`, ""},
	{"", "t:1:1: the file is empty"},
	{"\r\n\t ", "t:2:3: the file is empty"},
	{`tru`, "t:1:1: expected a value, not 't'"},
	{`+1`, "t:1:1: expected a value, not '+'"},
	{`1 2`, "t:1:3: expected the end of the file, not '2'"},
	{`00`, "t:1:1: a number must not begin with 0"},
	{`1e1`, "t:1:1: a number must be an integer, without fraction or exponent"},
	{`-x`, "t:1:2: expected a digit, not 'x'"},
	{`9223372036854775808`, "t:1:1: the number does not fit into 64 bits with sign"},
	{`-9223372036854775809`, "t:1:1: the number does not fit into 64 bits with sign"},
	{"[\n1,\n]", "t:3:1: expected a value, not ']'"},
	{`{"a":1,}`, "t:1:8: expected a key in quotes, not '}'"},
	{`{"é":1 2}`, "t:1:9: expected ',' or '}', not '2'"},
	{`{"a":1,"\u0061":2}`, `t:1:8: key "a" is given twice`},
	{`{"😀":1,"\ud83d\ude00":2}`, `t:1:11: key "😀" is given twice`},
	{`{"b":{"x":1,"x":1},"b":1}`, `t:1:13: key "x" is given twice`},
	{`"\u0000"`, "t:1:2: a string must not hold NUL"},
	{`"\udc00"`, "t:1:2: a low surrogate without a high one"},
	{`"\ud800\u0041"`, "t:1:2: a high surrogate without a low one"},
	{`"\u00g0"`, "t:1:6: expected four hexadecimal digits, not 'g'"},
	{"\"\x1f\"", "t:1:2: control character 0x1f in a string"},
	{"\"\xc0\x80\"", "t:1:2: not UTF-8"},
	{"\"\xe0\x80\x80\"", "t:1:2: not UTF-8"},
	{"\"\xed\xbf\xbf\"", "t:1:2: not UTF-8"},
	{"\"\xf5\x80\x80\x80\"", "t:1:2: not UTF-8"},
	{"\"\x80\"", "t:1:2: not UTF-8"},
	{`"abc`, "t:1:1: the string does not end"},
}

func TestJSONSaysWhatIsWrong(t *testing.T) {
	for _, row := range jsonTexts {
		message := ""
		if _, err := jsonRead("t", []byte(row.text)); err != nil {
			message = err.Error()
		}
		if message != row.message {
			t.Errorf("%q: %q, not %q", row.text, message, row.message)
		}
	}
}

// jsonRepeat fills 1 MiB with head, then part as often as it fits.
func jsonRepeat(head, part string) []byte {
	return []byte(head + strings.Repeat(part, (SpecMaxBytes-len(head))/len(part)))
}

// The slowest of these takes 20 ms; anything quadratic would take seconds.
func TestJSONBoundsItsTime(t *testing.T) {
	for _, parts := range [][2]string{
		{"[", "{},"}, {"[", "["}, {"[", "1,"},
		{"{", `"a":1,`}, {`"`, `\u00e9`}, {"", "\n"},
		{"[", `{"a":1,"b":2},`}, {`"`, "a"},
	} {
		text, before := jsonRepeat(parts[0], parts[1]), time.Now()
		if _, err := jsonRead("t", text); err == nil {
			t.Errorf("%q is taken", parts)
		}
		if took := time.Since(before); took > 500*time.Millisecond {
			t.Errorf("%q took %v", parts, took)
		}
	}
}

func TestJSONBoundsItsDepthAndValues(t *testing.T) {
	for _, row := range []struct {
		text    string
		message string
	}{
		{strings.Repeat("[", 32) + strings.Repeat("]", 32), ""},
		{strings.Repeat("[", 33), "t:1:33: more than 32 levels"},
		{"[1" + strings.Repeat(",1", jsonMaxValues-2) + "]", ""},
		{"[1" + strings.Repeat(",1", jsonMaxValues-1) + "]", "t:1:8192: more than 4096 values"},
	} {
		message := ""
		if _, err := jsonRead("t", []byte(row.text)); err != nil {
			message = err.Error()
		}
		if message != row.message {
			t.Errorf("%.20s...: %q, not %q", row.text, message, row.message)
		}
	}
}

func TestJSONWritesItAgain(t *testing.T) {
	const text = `{"b":[1,-2,true,false,[],{}],"a":"\u00e9\u0001\"\\\/\u007f\n","":{"z":""}}`
	const wanted = "{\n  \"\": {\n    \"z\": \"\"\n  },\n" +
		"  \"a\": \"é\\u0001\\\"\\\\/\x7f\\u000a\",\n" +
		"  \"b\": [\n    1,\n    -2,\n    true,\n    false,\n    [],\n    {}\n  ]\n}\n"
	tree, err := jsonRead("t", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	jsonWrite(tree, &out)
	if out.String() != wanted {
		t.Errorf("%s", out.String())
	}
}

func TestJSONShowsNoHalfCharacters(t *testing.T) {
	if text := strings.Repeat("x", 64); jsonShown(text) != text {
		t.Error("64 bytes are cut")
	}
	if shown := jsonShown(strings.Repeat("x", 63) + "é"); shown != strings.Repeat("x", 63)+"..." {
		t.Error(fmt.Sprintf("%q", shown))
	}
}
