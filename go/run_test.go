// Where the rootfs is; tests/unit/test_run.c has the same rows.

package gobox

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// runScene is a directory with a bundle in it, which the test stands in.
func runScene(t *testing.T) string {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chdir(before) })
	for _, err := range []error{os.Chdir(base), os.MkdirAll("bundle/rootfs", 0o755),
		os.Mkdir("other", 0o755), os.MkdirAll("build/rootfs", 0o755),
		os.Symlink("bundle/rootfs", "link"), os.Symlink("link", "chain"),
		os.Symlink("/", "top")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return base
}

func specWithRoot(path string) *Spec {
	s := &Spec{}
	s.Root.Path = path
	return s
}

func TestRunFindsEveryRow(t *testing.T) {
	base := runScene(t)
	for i, row := range []struct {
		option, specFile, rootPath string
		want                       string // below the scene's directory
		errno                      syscall.Errno
	}{
		{"other", "bundle/spec.json", "rootfs", "other", 0},
		{"", "bundle/spec.json", "rootfs", "bundle/rootfs", 0},
		{"", "bundle/spec.json", "../other", "other", 0},
		{"", "./bundle/spec.json", "./rootfs/.", "bundle/rootfs", 0},
		{"", "spec.json", "other", "other", 0},
		{"", "bundle/spec.json", "", "build/rootfs", 0},
		{"", "spec.json", "", "build/rootfs", 0},
		{"link", "spec.json", "", "bundle/rootfs", 0},
		{"chain/", "spec.json", "", "bundle/rootfs", 0},
		{"nowhere", "spec.json", "", "", syscall.ENOENT},
		{"", "bundle/spec.json", "other", "", syscall.ENOENT},
		{"", "/spec.json", "nowhere", "", syscall.ENOENT},
	} {
		got, err := runFindRootfs(row.option, row.specFile, specWithRoot(row.rootPath))
		if row.errno == 0 && (err != nil || got != base+"/"+row.want) {
			t.Errorf("row %d: %q, %v", i, got, err)
		}
		if row.errno != 0 && (err == nil || asError(err).Errno != row.errno) {
			t.Errorf("row %d: %q, %v", i, got, err)
		}
	}
}

func TestRunTakesAnAbsoluteRootPathAsItIs(t *testing.T) {
	path := runScene(t) + "/other"
	if got, err := runFindRootfs("", "bundle/spec.json", specWithRoot(path)); got != path {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRunRefusesTheHostsRoot(t *testing.T) {
	runScene(t)
	_, err := runFindRootfs("/", "spec.json", specWithRoot("top"))
	expectText(t, err.Error(), "rootfs /: the host's own root cannot be a rootfs")
	_, err = runFindRootfs("", "spec.json", specWithRoot("top"))
	expectText(t, err.Error(), "rootfs top: the host's own root cannot be a rootfs")
}

func TestRunRefusesAPathThatIsTooLong(t *testing.T) {
	_, err := runFindRootfs("", "bundle/spec.json", specWithRoot(strings.Repeat("a", pathMax-5)))
	if err == nil || asError(err).Errno != syscall.ENAMETOOLONG {
		t.Errorf("%v", err)
	}
}
