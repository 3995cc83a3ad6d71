// One owner a name, no half-written file ever seen, nothing believed that is odd; the rows are
// those of tests/unit/test_state.c.
//
// As root a test's thread gets a private /run, network namespace and cgroup v2; it is never
// unlocked, so they end with the test. Everybody else has a temporary XDG_RUNTIME_DIR.

package gobox

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stateScene gives the directory in which the state directory will be.
func stateScene(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		base := t.TempDir()
		t.Setenv("XDG_RUNTIME_DIR", base)
		return base
	}
	runtime.LockOSThread()
	for _, err := range []error{
		syscall.Unshare(syscall.CLONE_NEWNS | syscall.CLONE_NEWNET),
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("none", "/run", "tmpfs", 0, "mode=755"),
	} {
		if err != nil {
			t.Fatal("private /run and network namespace: ", err)
		}
	}
	// Mounted once more, the machine's own would lose its options.
	if !isThere(cgroupRoot + "/cgroup.procs") {
		must(t, syscall.Mount("none", cgroupRoot, "cgroup2", 0, ""))
	}
	return "/run"
}

func stateContainer(name string) *Container {
	c := newContainer()
	c.Spec = &Spec{}
	c.Program = "gobox"
	c.Name = name
	c.Rootfs = "/srv/rootfs"
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError holds the message, the errno and the hint; an empty text holds nothing.
func wantError(t *testing.T, err error, errno syscall.Errno, message, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", message)
	}
	e := asError(err)
	if e.Errno != errno || !strings.Contains(e.Message, message) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got errno %d, %q, hint %q; want %d, %q, %q", e.Errno, e.Message, e.Hint, errno,
			message, hint)
	}
}

// leaveState is a runtime that was killed: its lock is gone and nothing is cleaned up.
func leaveState(t *testing.T, c *Container) {
	t.Helper()
	must(t, stateCreate(c))
	if c.Pid > 0 {
		must(t, stateUpdate(c))
	}
	must(t, syscall.Close(c.StateFD))
	c.StateFD = -1
}

func startSleeper(t *testing.T) *exec.Cmd {
	t.Helper()
	sleeper := exec.Command("sleep", "60")
	must(t, sleeper.Start())
	t.Cleanup(func() {
		sleeper.Process.Kill()
		sleeper.Wait()
	})
	return sleeper
}

func TestStateNames(t *testing.T) {
	for name, allowed := range map[string]bool{
		"a": true, "full": true, "A-b_c.9": true, "9": true, strings.Repeat("1", 64): true,
		"": false, ".": false, "..": false, ".a": false, "-a": false, "a/b": false,
		"../a": false, "a b": false, "a\nb": false, "\u00e9": false, "a\u00e9b": false,
		strings.Repeat("1", 65): false,
	} {
		if err := stateCheckName(name); (err == nil) != allowed {
			t.Errorf("%q: %v", name, err)
		}
	}
}

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

// Field 22 whatever stands in field 2. The clock tick in /proc is 100 a second on every Linux.
func TestStateStartTime(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	must(t, err)
	for _, name := range []string{"plain", "a b", ") 1 2 3", "((", "))))", " "} {
		link := filepath.Join(t.TempDir(), name)
		must(t, os.Symlink(sleep, link))
		child := exec.Command(link, "60")
		child.Args[0] = "sleep"
		must(t, child.Start())
		text, err := os.ReadFile("/proc/uptime")
		must(t, err)
		var now float64
		fmt.Sscanf(string(text), "%f", &now)
		ticks, err := stateStartTime(child.Process.Pid)
		child.Process.Kill()
		child.Wait()
		must(t, err)
		if began := float64(ticks) / 100; began < now-3 || began > now+1 {
			t.Errorf("%q began at %v, it is %v", name, began, now)
		}
		_, err = stateStartTime(child.Process.Pid)
		wantError(t, err, syscall.ENOENT, "/proc/", "")
	}
}

func TestStateWholeLife(t *testing.T) {
	base := stateScene(t)
	c := stateContainer("life")
	before := countDescriptors()

	list, err := stateList()
	if err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	c.PidFile = "life.pid" // relative: the file has the whole path
	must(t, stateCreate(c))
	for path, mode := range map[string]os.FileMode{
		"/twinbox": os.ModeDir | 0700, "/twinbox/life.json": 0600,
	} {
		if st, err := os.Lstat(base + path); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v %v", path, st, err)
		}
	}
	c.Pid = os.Getpid()
	must(t, stateUpdate(c))
	list, err = stateList()
	must(t, err)
	if len(list) != 1 || list[0].Name != "life" || list[0].Runtime != "gobox" ||
		list[0].Rootfs != "/srv/rootfs" || !filepath.IsAbs(list[0].PidFile) ||
		list[0].Pid != os.Getpid() || list[0].StartTime == 0 || !list[0].Alive ||
		time.Since(time.Unix(list[0].Created, 0)) > 5*time.Second {
		t.Errorf("%+v", list)
	}
	stateRemove(c)
	stateRemove(c)
	if c.StateFD != -1 {
		t.Error("the descriptor is still open")
	}
	must(t, os.Remove(base+"/twinbox")) // no temporary file either
	if after := countDescriptors(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestStateOneOwner(t *testing.T) {
	base := stateScene(t)
	first, second := stateContainer("same"), stateContainer("same")

	must(t, stateCreate(first))
	wantError(t, stateCreate(second), syscall.EEXIST, "container same",
		"`gobox list` shows it; choose another --name")
	_, _, err := stateClaim("same")
	wantError(t, err, syscall.EWOULDBLOCK, "locking state file", "")
	// Somebody else's file is not removed by the one who did not get the name.
	stateRemove(second)
	must(t, syscall.Access(base+"/twinbox/same.json", accessExist))
	stateRemove(first)
	_, _, err = stateClaim("same")
	wantError(t, err, syscall.ENOENT, "opening state file", "")
}

// What was unlinked and made anew by somebody else is left alone.
func TestStateReplaced(t *testing.T) {
	base := stateScene(t)
	c := stateContainer("gone")

	must(t, stateCreate(c))
	must(t, os.Remove(base+"/twinbox/gone.json"))
	must(t, os.WriteFile(base+"/twinbox/gone.json", []byte("another's"), 0600))
	stateRemove(c)
	must(t, syscall.Access(base+"/twinbox/gone.json", accessExist))
}

func TestStateStaleName(t *testing.T) {
	stateScene(t)
	leaveState(t, stateContainer("stale"))
	list, err := stateList()
	if err != nil || len(list) != 1 || list[0].Alive {
		t.Fatal(list, err)
	}
	c := stateContainer("stale")
	must(t, stateCreate(c))
	stateRemove(c)
}

// TestStateRole is no test: it is what the second processes of the tests below do.
func TestStateRole(t *testing.T) {
	switch os.Getenv("STATE_ROLE") {
	case "racer":
		stateRacer()
	case "looker":
		stateLooker()
	}
}

// stateRacer: on each g tries to get the name, tells, and gives it back when told to.
func stateRacer() {
	orders := bufio.NewReader(os.Stdin)
	for {
		if _, err := orders.ReadByte(); err != nil {
			os.Exit(0)
		}
		c := stateContainer("race")
		answer := "?"
		if err := stateCreate(c); err == nil {
			answer = "w"
		} else if errnoOf(err) == syscall.EEXIST || asError(err).Errno == syscall.EEXIST {
			answer = "l"
		}
		os.Stdout.WriteString(answer)
		order, _ := orders.ReadByte()
		// Every other winner "is killed": the next round meets a stale file.
		if order == 'k' && c.StateFD >= 0 {
			syscall.Close(c.StateFD)
		} else {
			stateRemove(c)
		}
		os.Stdout.WriteString("d")
	}
}

// stateLooker: as long as the file is replaced, it is seen, whole, and its owner alive.
func stateLooker() {
	for i := 0; i < 2000; i++ {
		list, err := stateList()
		if err != nil || len(list) != 1 || !list[0].Alive {
			fmt.Println(list, err)
			os.Exit(1)
		}
		if i%40 != 0 {
			continue
		}
		if _, _, err := stateClaim("busy"); err == nil {
			fmt.Println("the lock was to be had")
			os.Exit(2)
		}
	}
	os.Exit(0)
}

func stateRole(role string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", "-test.run=^TestStateRole$")
	command.Env = append(os.Environ(), "STATE_ROLE="+role)
	return command
}

func TestStateRace(t *testing.T) {
	const rounds = 200
	stateScene(t)
	type racer struct {
		*exec.Cmd
		orders interface {
			Write([]byte) (int, error)
			Close() error
		}
		answers *bufio.Reader
	}
	var racers [2]racer
	for i := range racers {
		r := &racers[i]
		r.Cmd = stateRole("racer")
		r.orders, _ = r.StdinPipe()
		out, _ := r.StdoutPipe()
		r.answers = bufio.NewReader(out)
		must(t, r.Start())
	}
	all := func(order string) (answer string) {
		for i := range racers {
			racers[i].orders.Write([]byte(order))
		}
		for i := range racers {
			b, _ := racers[i].answers.ReadByte()
			answer += string(rune(b))
		}
		return answer
	}
	for round := 0; round < rounds; round++ {
		if got := all("g"); got != "wl" && got != "lw" {
			t.Fatalf("round %d: %q", round, got)
		}
		if got := all([]string{"r", "k"}[round%2]); got != "dd" {
			t.Fatalf("round %d: %q", round, got)
		}
	}
	for i := range racers {
		racers[i].orders.Close()
		must(t, racers[i].Wait())
	}
}

func TestStateUpdateIsSeamless(t *testing.T) {
	stateScene(t)
	c := stateContainer("busy")
	must(t, stateCreate(c))
	c.Pid = os.Getpid()
	looker := stateRole("looker")
	var out bytes.Buffer
	looker.Stdout = &out
	must(t, looker.Start())
	ended := make(chan error)
	go func() { ended <- looker.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err, out.String())
			}
			stateRemove(c)
			return
		default:
			must(t, stateUpdate(c))
		}
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

func TestStateOddDirectories(t *testing.T) {
	base := stateScene(t)
	directory := base + "/twinbox"
	c := stateContainer("a")

	must(t, os.Mkdir(base+"/elsewhere", 0700))
	must(t, os.Symlink("elsewhere", directory))
	wantError(t, stateCreate(c), syscall.ENOTDIR, "opening state directory "+directory, "")
	must(t, os.Remove(directory))

	must(t, os.Mkdir(directory, 0700))
	must(t, os.Chmod(directory, 0770))
	wantError(t, stateCreate(c), 0, "is not safe to use: mode 040770", "writable by nobody else")
	must(t, os.Chmod(directory, 0700))
	if os.Geteuid() == 0 {
		must(t, os.Chown(directory, 65534, 65534))
		wantError(t, stateCreate(c), 0, "is not safe to use", "")
	}
}

func TestStateExistingResources(t *testing.T) {
	base := stateScene(t)
	c := stateContainer("a")

	c.PidFile = base + "/elsewhere"
	must(t, os.WriteFile(c.PidFile, nil, 0600))
	wantError(t, stateCreate(c), syscall.EEXIST, "creating pid file "+base, "")
	c.PidFile = ""
	if os.Geteuid() != 0 {
		t.Skip("needs root: cgroups")
	}
	c.Spec.HasVeth = true
	c.Spec.Veth.Host.Name = "lo"
	err := stateCreate(c)
	wantError(t, err, syscall.EEXIST, "creating veth lo", "another container uses lo; `gobox list` "+
		"shows it, `gobox gc` removes what a crash left")
	if asError(err).Stage != "network" {
		t.Errorf("stage %q", asError(err).Stage)
	}
	c.Spec.HasVeth = false
	c.Cgroup = fmt.Sprintf("/twinbox-gotest-%d", os.Getpid())
	must(t, os.Mkdir(cgroupRoot+c.Cgroup, 0755))
	err = stateCreate(c)
	must(t, os.Remove(cgroupRoot+c.Cgroup))
	wantError(t, err, syscall.EEXIST, "creating cgroup "+c.Cgroup, "another container uses "+c.Cgroup)
	if asError(err).Stage != "cgroup" {
		t.Errorf("stage %q", asError(err).Stage)
	}
}

func TestStateNoRuntimeDirectory(t *testing.T) {
	// Root has /run and does not look at it: the effective user is another one meanwhile, on this
	// thread only, which is never unlocked.
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		_, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), 65534, ^uintptr(0))
		if errno != 0 {
			t.Fatal("setresuid: ", errno)
		}
	}
	for _, value := range []string{"", "relative"} {
		t.Setenv("XDG_RUNTIME_DIR", value)
		wantError(t, stateCreate(stateContainer("a")), 0,
			"XDG_RUNTIME_DIR is not set to an absolute path", "log in as this user")
	}
}
