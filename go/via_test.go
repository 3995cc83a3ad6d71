// Which stage runs in which language: `--via` of `run` and `exec`. That the stages of C do the same is
// tests/bridge's to show, that words which are none are refused tests/errors'.

package gobox

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// marked gives stages of C that only tell that they ran.
func marked(ran *[]string) map[string]StageFunc {
	ofC := map[string]StageFunc{}
	for _, name := range viaNames {
		ofC[name] = func(*Container) error {
			*ran = append(*ran, name)
			return nil
		}
	}
	return ofC
}

// sameFunction tells whether both are one function of this package.
func sameFunction(a, b StageFunc) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// expectChosen: of stages, those in via are C's, the others are what they were, in the same order.
func expectChosen(t *testing.T, stages []stage, via []string) {
	t.Helper()
	var ran, want []string
	chosen := viaStages(&Container{Via: via}, stages, marked(&ran))
	for i, s := range chosen {
		if s.name != stages[i].name {
			t.Fatalf("stage %d of %v is %s, not %s", i, via, s.name, stages[i].name)
		}
		if sameFunction(s.run, stages[i].run) {
			continue
		}
		want = append(want, s.name)
		if err := s.run(nil); err != nil {
			t.Error(err)
		}
	}
	var wanted []string
	for _, s := range stages {
		for _, name := range via {
			if s.name == name {
				wanted = append(wanted, name)
			}
		}
	}
	if !reflect.DeepEqual(ran, wanted) || !reflect.DeepEqual(want, wanted) {
		t.Errorf("%v: C's were %v, of which %v ran; want %v", via, want, ran, wanted)
	}
}

func TestViaChoosesEachStageAlone(t *testing.T) {
	for combination := 0; combination < 1<<len(viaNames); combination++ {
		var via []string
		for i, name := range viaNames {
			if combination>>i&1 == 1 {
				via = append(via, name)
			}
		}
		expectChosen(t, parentStages, via)
		expectChosen(t, childStages, via)
		expectChosen(t, enteringParentStages, via)
		expectChosen(t, enteringChildStages, via)
	}
}

// TestViaNamesEveryStage: a stage of either side is C's to have, but those that are not a
// container's: exec, which hands over to the command, in the second self.
func TestViaNamesEveryStage(t *testing.T) {
	for _, row := range []struct {
		stages [][]stage
		known  []string
	}{
		{[][]stage{parentStages, childStages}, viaNames},
		{[][]stage{enteringParentStages, enteringChildStages}, viaEnterNames},
	} {
		seen := map[string]bool{"exec": true}
		for _, s := range slices.Concat(row.stages...) {
			seen[s.name] = true
		}
		delete(seen, "exec")
		for _, name := range row.known {
			if !seen[name] {
				t.Errorf("--via knows %s, which is no stage", name)
			}
			delete(seen, name)
		}
		for name := range seen {
			t.Errorf("--via does not know %s", name)
		}
	}
}

func TestViaReadsItsList(t *testing.T) {
	none := marked(new([]string))
	ViaC(none, none, none)
	defer ViaC(nil, nil, nil)
	for _, row := range []struct{ list, stages string }{
		{"", ""},
		{"all=c", "cgroup namespaces identity network hostname mounts privileges"},
		{"all=go", ""},
		{"network=c", "network"},
		{"privileges=c,cgroup=c", "cgroup privileges"},
		{"mounts=c,hostname=go", "mounts"},
	} {
		got, err := viaParse("gobox-bridge", "run", row.list, viaNames)
		if err != nil || strings.Join(got, " ") != row.stages {
			t.Errorf("%q: %v, %v; want %s", row.list, got, err, row.stages)
		}
	}
}

func TestViaOfExecKnowsItsOwnStages(t *testing.T) {
	none := marked(new([]string))
	ViaC(none, none, none)
	defer ViaC(nil, nil, nil)
	for _, row := range []struct{ list, stages, failure string }{
		{"", "", ""},
		{"all=c", "cgroup namespaces identity mounts privileges", ""},
		{"cgroup=c", "cgroup", ""},
		{"privileges=c,namespaces=c", "namespaces privileges", ""},
		{"privileges=c", "", "option --via: privileges=c needs namespaces=c"},
		{"namespaces=go,mounts=c", "", "option --via: mounts=c needs namespaces=c"},
		{"network=c", "", "option --via: no stage is called \"network\""},
	} {
		got, err := viaParseEnter("gobox-bridge", row.list)
		failure := ""
		if err != nil {
			failure = asError(err).Message
		}
		if failure != row.failure || strings.Join(got, " ") != row.stages {
			t.Errorf("%q: %v, \"%s\"; want %s, \"%s\"", row.list, got, failure, row.stages,
				row.failure)
		}
	}
}
