// The text of a state file, and that nothing else is taken for one; tests/unit/test_state_file.c has
// the same tests.

package gobox

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
)

// tests/unit/test_state.c holds the same text: the two programs read each other's files.
const stateGolden = `{
  "cgroup": "/twinbox/a",
  "created": 1700000000,
  "link": "cbox0",
  "linkAddress": "02:00:5e:10:00:01",
  "name": "a",
  "pid": 4242,
  "pidFile": "/tmp/\"q\\\u0001` + "\u00e9\x7f" + `",
  "rootfs": "/srv/<root>&fs",
  "runtime": "cbox",
  "startTime": 9007199254740993,
  "version": 2
}
`

func TestStateText(t *testing.T) {
	var printed bytes.Buffer
	s := State{Name: "a", Runtime: "cbox", Pid: 4242, StartTime: 9007199254740993,
		Created: 1700000000, Cgroup: "/twinbox/a", Link: "cbox0", LinkAddress: "02:00:5e:10:00:01", Rootfs: "/srv/<root>&fs",
		PidFile: "/tmp/\"q\\\x01\u00e9\x7f"}

	must(t, statePrint(&s, &printed))
	if printed.String() != stateGolden {
		t.Fatalf("printed %s", printed.String())
	}
	back, err := stateParse("a.json", "a", []byte(stateGolden))
	must(t, err)
	if *back != s {
		t.Errorf("read %+v", *back)
	}
	// Every shorter text is refused: a file cut off is never taken for a whole one.
	for n := 0; n+2 < len(stateGolden); n++ {
		if _, err := stateParse("a.json", "a", []byte(stateGolden[:n])); err == nil {
			t.Errorf("%d bytes of it are accepted", n)
		}
	}
	s.Rootfs = "/srv/\xff"
	wantError(t, statePrint(&s, &printed), 0, "a state file can hold only paths in UTF-8", "")
}

func TestStateOddTexts(t *testing.T) {
	const odd = "a.json: is not what a runtime has written"
	for _, row := range []struct{ from, to, message string }{
		{`"version": 2`, `"version": 1`, "a.json: version 1 is not known"},
		{`"version": 2`, `"version": "2"`, odd},
		{`"version": 2`, `"Version": 2`, odd},
		{`"version": 2`, "\"version\": 2,\n  \"more\": 1", odd},
		{"02:00:5e:10:00:01", "02:00:5e:10:00:010", odd},
		{`"name": "a"`, `"name": "b"`, odd},
		{`"name": "a"`, `"name": 7`, odd},
		{`"name": "a"`, `"nome": "a"`, odd},
		{`"pid": 4242`, `"pid": -1`, odd},
		{`"pid": 4242`, `"pid": 4294967298`, odd},
		{`"pid": 4242`, `"pid": "4242"`, odd},
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
		_, err := stateParse("a.json", "a", []byte(changed))
		wantError(t, err, 0, row.message, "nothing was removed")
	}
	// Names like /..x are plain names.
	changed := strings.Replace(stateGolden, "/twinbox/a", "/..x/...", 1)
	if _, err := stateParse("a.json", "a", []byte(changed)); err != nil {
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
