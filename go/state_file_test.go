// The text of a state file, and that nothing else is taken for one; tests/unit/test_state_file.c has
// the same tests.

package gobox

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// All three records and the spec. tests/unit/state_text.h holds the same text: the two programs read
// each other's files.
const stateGolden = `{
  "cgroup": "/twinbox/a",
  "created": 1700000000,
  "link": "cbox0",
  "linkAddress": "02:00:5e:10:00:01",
  "name": "a",
  "pidFile": "/tmp/\"q\\\u0001` + "\u00e9\x7f" + `",
  "rootfs": "/srv/<root>&fs",
  "runtime": "cbox",
  "version": 3
}
{
  "pid": 4242,
  "startTime": 9007199254740993
}
{
  "spec": 3
}
{}
`

func TestStateText(t *testing.T) {
	var printed bytes.Buffer
	s := State{Name: "a", Runtime: "cbox", Created: 1700000000, Cgroup: "/twinbox/a", Link: "cbox0",
		LinkAddress: "02:00:5e:10:00:01", Rootfs: "/srv/<root>&fs", PidFile: "/tmp/\"q\\\x01\u00e9\x7f"}

	must(t, statePrint(&s, &printed))
	process := printed.Len()
	fmt.Fprintf(&printed, stateProcess, 4242, uint64(9007199254740993))
	end := printed.Len()
	// A first record that is cut off is refused, what comes after it is not there yet.
	for n := 0; n+2 < process; n++ {
		if _, _, err := stateParse("a.json", "a", []byte(stateGolden[:n])); err == nil {
			t.Errorf("%d bytes of it are accepted", n)
		}
	}
	for n := process; n < len(stateGolden); n++ {
		back, spec, err := stateParse("a.json", "a", []byte(stateGolden[:n]))
		if err != nil || back.Pid != map[bool]int{false: 0, true: 4242}[n >= end] || spec != nil {
			t.Errorf("%d bytes of it: %+v %q %v", n, back, spec, err)
		}
	}
	fmt.Fprintf(&printed, stateSpec+"{}\n", 3)
	if printed.String() != stateGolden {
		t.Fatalf("printed %s", printed.String())
	}
	s.Pid, s.StartTime = 4242, 9007199254740993
	back, spec, err := stateParse("a.json", "a", []byte(stateGolden))
	must(t, err)
	if *back != s || string(spec) != "{}\n" {
		t.Errorf("read %+v %q", *back, spec)
	}
	s.Rootfs = "/srv/\xff"
	wantError(t, statePrint(&s, &printed), 0, "a state file can hold only paths in UTF-8", "")
}

func TestStateOddTexts(t *testing.T) {
	const odd = "a.json: is not what a runtime has written"
	for _, row := range []struct{ from, to, message string }{
		{`"version": 3`, `"version": 1`, "a.json: version 1 is not known"},
		{`"version": 3`, `"version": "2"`, odd},
		{`"version": 3`, `"Version": 2`, odd},
		{`"version": 3`, "\"version\": 3,\n  \"more\": 1", odd},
		{"02:00:5e:10:00:01", "02:00:5e:10:00:010", odd},
		{`"name": "a"`, `"name": "b"`, odd},
		{`"name": "a"`, `"name": 7`, odd},
		{`"name": "a"`, `"nome": "a"`, odd},
		{`"pid": 4242`, `"pid": 0`, odd},
		{`"pid": 4242`, `"pid": -1`, odd},
		{`"pid": 4242`, `"pid": 4294967298`, odd},
		{`"pid": 4242`, `"pid": "4242"`, odd},
		{`"startTime"`, `"starttime"`, odd},
		{`"spec": 3`, `"spec": 2`, odd},
		{`"spec": 3`, `"spec": -1`, odd},
		{`"spec": 3`, `"spec": 1048577`, odd},
		{`"spec": 3`, `"spec": "3"`, odd},
		{`"created": 1700000000`, `"created": 253402300800`, odd},
		{`"link": "cbox0"`, `"link": "abcdefghijklmnop"`, odd},
		{`"link": "cbox0"`, `"link": "../x"`, odd},
		{"/twinbox/a", "/", odd},
		{"/twinbox/a", "//.", odd},
		{"/twinbox/a", "/twinbox/..", odd},
		{"/twinbox/a", "/..x/../a", odd},
		{"/twinbox/a", "twinbox/a", odd},
		{`"/tmp/`, `"tmp/`, odd},
		{"{\n", "[", "a.json"},
		{"}\n", "}\n}", "a.json"},
		{`"link"`, `"name"`, "a.json"},
		{"cbox0", `cb\u0000x`, "a.json"},
		{"cbox0", "\xff", "a.json"},
	} {
		changed := strings.Replace(stateGolden, row.from, row.to, 1)
		_, _, err := stateParse("a.json", "a", []byte(changed))
		wantError(t, err, 0, row.message, "nothing was removed")
	}
	// Names like /..x are plain names.
	changed := strings.Replace(stateGolden, "/twinbox/a", "/..x/...", 1)
	if _, _, err := stateParse("a.json", "a", []byte(changed)); err != nil {
		t.Error(err)
	}
}

// list names it and still shows the others; run of that name refuses; it stays where it is.
func TestStateOddFiles(t *testing.T) {
	base := stateScene(t)
	odd := base + "/twinbox/odd.json"
	// Right for the name odd, so that only what surrounds it is wrong.
	right := strings.Replace(stateGolden, `"name": "a"`, `"name": "odd"`, 1)
	write := func(path, text string, mode os.FileMode) {
		must(t, os.WriteFile(path, []byte(text), mode))
		must(t, os.Chmod(path, mode))
	}
	for _, row := range []struct {
		message string
		root    bool
		make    func()
	}{
		{"opening state file " + odd, false, func() {
			write(base+"/elsewhere", right, 0600)
			must(t, os.Symlink("../elsewhere", odd))
		}},
		{odd + " is not safe to use: mode 010600", false, func() { must(t, syscall.Mkfifo(odd, 0600)) }},
		{odd + " is not safe to use: mode 040700", false, func() { must(t, os.Mkdir(odd, 0700)) }},
		{odd + " is not safe to use: mode 100620", false, func() { write(odd, right, 0620) }},
		{odd + ":1:1: ", false, func() { write(odd, "\x7fELF garbage", 0600) }},
		{odd + ":1:1: ", false, func() { write(odd, "", 0600) }},
		{odd + " is not safe to use: mode 100600, owner 65534", true, func() {
			write(odd, right, 0600)
			must(t, os.Chown(odd, 65534, 65534))
		}},
	} {
		if row.root && os.Geteuid() != 0 {
			continue
		}
		good := stateContainer("good")
		must(t, stateCreate(good))
		row.make()
		list, err := stateList()
		if len(list) != 1 || list[0].Name != "good" {
			t.Errorf("%s: %+v", row.message, list)
		}
		wantError(t, err, errnoOf(err), row.message, "")
		err = stateCreate(stateContainer("odd"))
		wantError(t, err, errnoOf(err), row.message, "")
		must(t, os.Remove(odd)) // it is still there
		stateRemove(good)
	}
}
