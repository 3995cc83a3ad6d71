// Which stage runs in which language: `run --via`. That the stages of C do the same is
// tests/bridge's to show, that words which are none are refused tests/errors'.

package gobox

import (
	"reflect"
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
	}
}

// TestViaNamesEveryStage: a stage of either side is C's to have, but those that are not a
// container's: exec, which hands over to the command, in the second self.
func TestViaNamesEveryStage(t *testing.T) {
	var names []string
	seen := map[string]bool{"exec": true}
	for _, s := range append(append([]stage{}, parentStages...), childStages...) {
		if !seen[s.name] {
			seen[s.name] = true
			names = append(names, s.name)
		}
	}
	if len(names) != len(viaNames) {
		t.Errorf("stages are %v, --via knows %v", names, viaNames)
	}
}

func TestViaReadsItsList(t *testing.T) {
	ViaC(marked(new([]string)), marked(new([]string)))
	defer ViaC(nil, nil)
	for _, row := range []struct{ list, stages string }{
		{"", ""},
		{"all=c", "cgroup namespaces identity network hostname mounts privileges"},
		{"all=go", ""},
		{"network=c", "network"},
		{"privileges=c,cgroup=c", "cgroup privileges"},
		{"mounts=c,hostname=go", "mounts"},
	} {
		got, err := viaParse("gobox-bridge", row.list)
		if err != nil || strings.Join(got, " ") != row.stages {
			t.Errorf("%q: %v, %v; want %s", row.list, got, err, row.stages)
		}
	}
}
