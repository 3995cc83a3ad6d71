// The stage "mounts" in a throw-away "host", as tests/unit/test_mounts.c and test_mounts_attacks.c
// have it for C; messages and lines are the same ones there.
//
//	the test ── exec ──> host: new (user and) mount namespace, all its mounts shared, so that a
//	                     │     mount that is not private would come back to it; compares its own
//	                     │     mountinfo from before and after
//	                     └─ exec ─> container: new namespaces, mountsSetup, probe

package gobox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mountsScene is one container: its rootfs is BASE/rootfs, and BASE/host is a directory beside it,
// for sources of binds.
type mountsScene struct {
	name    string
	prepare func(base string) error    // in the test
	spec    func(base string, s *Spec) // what is asked
	before  func() error               // in the container, before the stage
	probe   func()                     // in the container, after it
	noPivot bool
	user    bool   // in a user namespace too
	rootfs  string // "": rootfs
	want    string // the whole output; BASE stands for the directory
	lines   []string
	after   func(base string) error // in the test
}

// --- the two processes; the test binary plays both ---

func TestMain(m *testing.M) {
	role, base := os.Getenv("GOBOX_TEST_ROLE"), os.Getenv("GOBOX_TEST_BASE")
	if role == "" {
		os.Exit(m.Run())
	}
	for i := range mountsScenes {
		if scene := &mountsScenes[i]; scene.name != os.Getenv("GOBOX_TEST_SCENE") {
			continue
		} else if role == "host" {
			playHost(scene)
		} else {
			playContainer(scene, base)
		}
		os.Exit(0)
	}
	fmt.Println("no such scene")
	os.Exit(1)
}

func playHost(scene *mountsScene) {
	for _, flag := range []uintptr{syscall.MS_PRIVATE, syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|flag, ""); err != nil {
			fmt.Println("no host:", err)
			return
		}
	}
	var s Spec
	s.Namespaces[nsMount].Wanted = true
	scene.spec("", &s)
	flags := uintptr(syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET |
		syscall.CLONE_NEWCGROUP | syscall.CLONE_NEWUTS)
	if specMakes(&s, nsMount) {
		flags |= syscall.CLONE_NEWNS
	}
	before, _ := os.ReadFile("/proc/self/mountinfo")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "GOBOX_TEST_ROLE=container")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		fmt.Println("container:", err)
	}
	after, _ := os.ReadFile("/proc/self/mountinfo")
	if string(before) != string(after) {
		fmt.Println("the host's mounts changed")
	}
}

func playContainer(scene *mountsScene, base string) {
	c := newContainer()
	c.Spec = &Spec{}
	c.Spec.Process.Cwd = "/"
	c.Spec.Namespaces[nsMount].Wanted = true
	c.Rootfs = filepath.Join(base, "rootfs")
	if scene.rootfs != "" {
		c.Rootfs = filepath.Join(base, scene.rootfs)
	}
	c.NoPivot = scene.noPivot
	scene.spec(base, c.Spec)
	if scene.before != nil {
		if err := scene.before(); err != nil {
			fmt.Println("before:", err)
			return
		}
	}
	descriptors := countDescriptors()
	err := mountsSetup(c)
	if countDescriptors() != descriptors {
		fmt.Println("descriptors leaked")
	}
	if err != nil {
		errorPrint(err, "error", os.Stdout)
	} else if scene.probe != nil {
		scene.probe()
	}
}

func countDescriptors() int {
	n := 0
	for fd := uintptr(0); fd < 256; fd++ {
		if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0); errno == 0 {
			n++
		}
	}
	return n
}

// --- the test ---

func prepareScene(base string, scene *mountsScene) error {
	syscall.Umask(0o022)
	for _, dir := range []string{"rootfs/etc", "rootfs/proc", "host"} {
		if err := os.MkdirAll(filepath.Join(base, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(base+"/host/seen", []byte("content"), 0o644); err != nil {
		return err
	}
	if err := os.Mkdir(base+"/host/inner", 0o710); err != nil {
		return err
	}
	if scene.prepare != nil {
		return scene.prepare(base)
	}
	return nil
}

func TestMounts(t *testing.T) {
	for i := range mountsScenes {
		scene := &mountsScenes[i]
		t.Run(scene.name, func(t *testing.T) { playScene(t, scene) })
	}
}

func playScene(t *testing.T, scene *mountsScene) {
	base := t.TempDir()
	if err := prepareScene(base, scene); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir = base
	cmd.Env = append(os.Environ(), "GOBOX_TEST_ROLE=host", "GOBOX_TEST_SCENE="+scene.name,
		"GOBOX_TEST_BASE="+base)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if scene.user || os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.Output()
	if errno := errnoOf(err); errno == syscall.EPERM || errno == syscall.EACCES {
		t.Skipf("mount namespaces cannot be made here; this test needs root or user namespaces: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	for _, bad := range []string{"host's mounts changed", "leaked", " shared:", " master:"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q in:\n%s", bad, text)
		}
	}
	if want := strings.ReplaceAll(scene.want, "BASE", base); scene.lines == nil && text != want {
		t.Errorf("got:\n%swant:\n%s", text, want)
	}
	for _, line := range scene.lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("no line %q in:\n%s", line, text)
		}
	}
	if scene.after != nil {
		if err := scene.after(base); err != nil {
			t.Error(err)
		}
	}
}
