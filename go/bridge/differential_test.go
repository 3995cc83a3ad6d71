//go:build cgo

package bridge

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gobox"
)

// verdict is everything that a parser says of a file.
type verdict struct {
	text  string // the normalised spec
	line  string // the error's first line
	hint  string
	state int
}

func verdictOf(text []byte, err error) verdict {
	v := verdict{text: string(text)}
	var e *gobox.Error
	if errors.As(err, &e) {
		v.line, v.hint, v.state = e.Error(), e.Hint, e.Status
	} else if err != nil {
		v.line = "not an error of ours: " + err.Error()
	}
	return v
}

// FuzzSpec gives the same bytes to both parsers: verdict, message and normalised spec are the same;
// and what they have normalised is a spec that is normalised already.
func FuzzSpec(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ofGo, ofC := verdictOf(gobox.SpecCheck("spec.json", data)), verdictOf(specCheck("spec.json", data))
		if ofGo != ofC {
			t.Fatalf("Go: %+v\nC:  %+v", ofGo, ofC)
		}
		if ofGo.line != "" || len(ofGo.text) > gobox.SpecMaxBytes {
			return
		}
		again := verdictOf(specCheck("spec.json", []byte(ofC.text)))
		if again != ofC {
			t.Fatalf("once:  %+v\ntwice: %+v", ofC, again)
		}
	})
}

// seeds reads what tests/fuzz/seeds writes.
func seeds(t testing.TB) (all [][]byte) {
	dir := t.TempDir()
	if out, err := exec.Command("../../tests/fuzz/seeds", dir).CombinedOutput(); err != nil {
		t.Fatalf("tests/fuzz/seeds: %v\n%s", err, out)
	}
	files, err := filepath.Glob(dir + "/*")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d seeds: %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// TestSeedsCover: both verdicts are among the seeds, or the fuzzer would begin at nothing.
func TestSeedsCover(t *testing.T) {
	good, bad := 0, 0
	for _, seed := range seeds(t) {
		if _, err := gobox.SpecCheck("spec.json", seed); err != nil {
			bad++
		} else {
			good++
		}
	}
	if good < 10 || bad < 100 {
		t.Errorf("%d good seeds and %d bad ones", good, bad)
	}
}
