// What `list` prints, for people and for programs; tests/unit/test_list.c has the same tests.

package gobox

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	base := stateScene(t)
	listed := func(json bool) (string, error) {
		var out strings.Builder
		err := listPrint(json, &out)
		return out.String(), err
	}
	if text, err := listed(false); err != nil ||
		text != "NAME  PID  RUNTIME  STATUS  CREATED  CGROUP  LINK\n" {
		t.Errorf("%q %v", text, err)
	}
	if text, err := listed(true); err != nil || text != "[]\n" {
		t.Errorf("%q %v", text, err)
	}
	leaveState(t, stateContainer("zz-stale"))
	c := stateContainer("a")
	must(t, stateCreate(c))
	must(t, os.WriteFile(base+"/twinbox/m.json", nil, 0600))
	text, err := listed(false)
	wantError(t, err, 0, base+"/twinbox/m.json", "nothing was removed")
	for _, part := range []string{
		"NAME      PID  RUNTIME  STATUS   CREATED               CGROUP  LINK\n" +
			"a         -    gobox    running  20",
		"Z  -       -\nzz-stale  -    gobox    stale    20",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	text, _ = listed(true)
	var back []map[string]any
	must(t, json.Unmarshal([]byte(text), &back))
	if len(back) != 2 || len(back[0]) != 11 || back[0]["name"] != "a" ||
		back[0]["status"] != "running" || back[1]["status"] != "stale" {
		t.Errorf("%s", text)
	}
	stateRemove(c)
}

// A spec may name any cgroup.
func TestListLetsNoControlCharacterThrough(t *testing.T) {
	stateScene(t)
	c := stateContainer("a")
	c.Cgroup = "/x\x1b[1m\u0085y\u009b31m\u00a0"
	must(t, stateCreate(c))
	var out strings.Builder
	must(t, listPrint(false, &out))
	want := `  /x\x1b[1m\xc2\x85y\xc2\x9b31m` + "\u00a0  -\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("%q is not in %q", want, out.String())
	}
	stateRemove(c)
}
