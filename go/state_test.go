// One owner a name, from before the first resource to after the last, and no half-written file is
// ever seen; the rows are those of tests/unit/test_state.c.

package gobox

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
	case "tight":
		stateTight()
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

// stateLooker: while the file comes, grows and goes, it is seen, sound, and its owner alive.
func stateLooker() {
	owner := os.Getppid()
	for i, seen := 0, 0; seen < 2000; i++ {
		list, err := stateList()
		if err != nil || len(list) > 1 ||
			len(list) == 1 && (!list[0].Alive || list[0].Pid != 0 && list[0].Pid != owner) {
			fmt.Println(list, err)
			os.Exit(1)
		}
		seen += len(list)
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

func TestStateGrowthIsSeamless(t *testing.T) {
	stateScene(t)
	c := stateContainer("busy")
	c.Spec.text = []byte("{ }")
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
			return
		default:
			must(t, stateCreate(c))
			must(t, stateUpdate(c))
			statePublish(c)
			must(t, stateRemove(c))
		}
	}
}

// What could not be added whole is not there, and the next thing goes where it would have gone. In a
// process of its own, for the limit is the whole process's.
func TestStateNoRoom(t *testing.T) {
	stateScene(t)
	out, err := stateRole("tight").CombinedOutput()
	if err != nil || string(out) != "file too large, then a pid and no spec\n" {
		t.Errorf("%s%v", out, err)
	}
}

func stateTight() {
	signal.Ignore(syscall.SIGXFSZ)
	c := stateContainer("tight")
	c.Spec.text = bytes.Repeat([]byte(" "), 200)
	c.Pid = os.Getpid()
	limit := func(more uint64) {
		current := uint64(c.StateSize) + more
		syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: current, Max: 1 << 20})
	}
	if err := stateCreate(c); err != nil {
		os.Exit(1)
	}
	limit(20)
	fmt.Print(errnoOf(stateUpdate(c)))
	limit(100)
	stateUpdate(c)
	statePublish(c)
	s, spec, err := stateRead(c.StateFD, "/run/twinbox", "tight")
	if err == nil && s.Pid == c.Pid && spec != nil && len(spec) == 0 {
		fmt.Println(", then a pid and no spec")
	}
	stateRemove(c)
	os.Exit(0)
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
