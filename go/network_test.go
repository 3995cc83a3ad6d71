// The network stage on real links, as tests/unit/test_network.c has it for C. The test's thread
// moves into a network namespace of its own, which plays the host; a second thread in another one
// plays the container. Both threads are never unlocked, so they and their namespaces end with the
// test, and nothing touches the machine's own links. What the kernel made is read with ip(8).

package gobox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// stagedNetwork is a container before its network stage; inside runs f in its namespace.
type stagedNetwork struct {
	*Container
	t      *testing.T
	inside func(f func())
}

// ownNetwork moves the calling goroutine's thread into a new network namespace, for good.
func ownNetwork() error {
	runtime.LockOSThread()
	return syscall.Unshare(syscall.CLONE_NEWNET)
}

func stageNetwork(t *testing.T) *stagedNetwork {
	t.Helper()
	if err := ownNetwork(); err != nil {
		t.Skipf("needs root: a network namespace: %v", err)
	}
	work := make(chan func())
	thread := make(chan int)
	go func() {
		if err := ownNetwork(); err != nil {
			close(thread)
			return
		}
		thread <- syscall.Gettid()
		for f := range work {
			f()
		}
	}()
	t.Cleanup(func() { close(work) })

	c := newContainer()
	c.Program = "cbox"
	// The kernel takes a thread's number wherever it takes a pid.
	c.Pid = <-thread
	if c.Pid == 0 {
		t.Fatal("no second network namespace")
	}
	c.Spec = &Spec{HasVeth: true}
	c.Spec.Namespaces[nsNetwork].Wanted = true
	c.Spec.Veth.MTU = 1400
	c.Spec.Veth.Host = SpecVethEnd{Name: "cbox0", Address: testAddress(1, 24)}
	c.Spec.Veth.Container = SpecVethEnd{Name: "eth0", Address: testAddress(2, 24), Gateway: testAddress(1, 32)}
	inside := func(f func()) {
		done := make(chan bool)
		work <- func() { f(); close(done) }
		<-done
	}
	return &stagedNetwork{c, t, inside}
}

func testAddress(last byte, prefix int) SpecAddress {
	return SpecAddress{true, [4]byte{10, 200, 1, last}, prefix}
}

func (n *stagedNetwork) configure() (err error) {
	n.inside(func() { err = networkConfigure(n.Container) })
	return err
}

// made runs both halves of the stage.
func (n *stagedNetwork) made() {
	n.t.Helper()
	if err := networkCreate(n.Container); err != nil {
		n.t.Fatal(err)
	}
	if err := n.configure(); err != nil {
		n.t.Fatal(err)
	}
}

// fails checks an error in all its parts.
func (n *stagedNetwork) fails(err error, errno syscall.Errno, message, hint string) {
	n.t.Helper()
	e, ok := err.(*Error)
	if !ok || e.Errno != errno || e.Message != message || e.Hint != hint {
		n.t.Errorf("got %#v", err)
	}
}

// ipLink and ipRoute are what `ip -j` prints, as far as the tests look at it.
type ipLink struct {
	Name      string   `json:"ifname"`
	Index     int      `json:"ifindex"`
	Peer      int      `json:"link_index"`
	MTU       int      `json:"mtu"`
	State     string   `json:"operstate"`
	Flags     []string `json:"flags"`
	Addresses []struct {
		Family, Local, Scope, Broadcast string
		Prefixlen                       int
	} `json:"addr_info"`
}

type ipRoute struct{ Dst, Gateway, Dev string }

func ip[T any](t *testing.T, args ...string) (list []T) {
	out, err := exec.Command("ip", append([]string{"-j"}, args...)...).Output()
	if err == nil && len(out) > 0 { // an empty list of routes prints nothing
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		t.Errorf("ip %v: %v", args, err)
	}
	return list
}

// ipv4 gives the link's only IPv4 address as the kernel has it: address, broadcast, scope.
func (l ipLink) ipv4() (all []string) {
	for _, a := range l.Addresses {
		if a.Family == "inet" {
			all = append(all, a.Local, a.Broadcast, a.Scope)
		}
	}
	return all
}

func linkExists(t *testing.T, name string) bool {
	return slices.ContainsFunc(ip[ipLink](t, "link"), func(l ipLink) bool { return l.Name == name })
}

// linkWhenUp gives the link once it is operationally up: the carrier comes by itself.
func linkWhenUp(t *testing.T, name string) ipLink {
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, l := range ip[ipLink](t, "addr", "show", "dev", name) {
			if l.State == "UP" {
				return l
			}
		}
	}
	t.Errorf("%s did not come up", name)
	return ipLink{}
}

func TestNetworkBothEndsAreAsTheSpecSays(t *testing.T) {
	n := stageNetwork(t)
	n.LinkAddress = [6]byte{2, 0, 0x5e, 0x10, 0, 1}
	if err := networkCreate(n.Container); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, address string
		want          bool
	}{
		{"cbox0", "02:00:5e:10:00:01", true},
		{"cbox0", "02:00:5e:10:00:02", false},
		{"cbox0", networkAny, true},
		{"cbox0", "", false},
		{"cbox1", "02:00:5e:10:00:01", false},
	} {
		if got, err := networkHas(row.name, row.address); got != row.want || err != nil {
			t.Errorf("%+v: %v", row, err)
		}
	}
	if !n.LinkMade || linkExists(t, "eth0") {
		t.Error("the host's end is not noted, or the peer is on the host")
	}
	if err := n.configure(); err != nil {
		t.Fatal(err)
	}

	var eth0, lo ipLink
	var routes []ipRoute
	host := linkWhenUp(t, "cbox0")
	n.inside(func() {
		eth0 = linkWhenUp(t, "eth0")
		lo = ip[ipLink](t, "addr", "show", "dev", "lo")[0]
		routes = ip[ipRoute](t, "route")
	})
	if host.Peer != eth0.Index || eth0.Peer != host.Index {
		t.Errorf("not each other's peer: %+v %+v", host, eth0)
	}
	for _, l := range []ipLink{host, eth0} {
		if l.MTU != 1400 {
			t.Errorf("%s: mtu %d", l.Name, l.MTU)
		}
		for _, flag := range []string{"UP", "MULTICAST", "BROADCAST"} {
			if !slices.Contains(l.Flags, flag) {
				t.Errorf("%s: not %s", l.Name, flag)
			}
		}
	}
	if got := host.ipv4(); !slices.Equal(got, []string{"10.200.1.1", "", "global"}) {
		t.Errorf("host: %q", got)
	}
	if got := eth0.ipv4(); !slices.Equal(got, []string{"10.200.1.2", "", "global"}) {
		t.Errorf("container: %q", got)
	}
	if !slices.Contains(lo.Flags, "UP") || !slices.Equal(lo.ipv4(), []string{"127.0.0.1", "", "host"}) {
		t.Errorf("lo: %+v", lo)
	}
	want := []ipRoute{{"default", "10.200.1.1", "eth0"}, {"10.200.1.0/24", "", "eth0"}}
	if !slices.Equal(routes, want) {
		t.Errorf("routes: %+v", routes)
	}
}

func TestNetworkWithoutVethOnlyLoComesUp(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.HasVeth = false
	n.made()
	if n.LinkMade || linkExists(t, "cbox0") {
		t.Error("a link was made")
	}
	n.inside(func() {
		if !slices.Contains(ip[ipLink](t, "link", "show", "dev", "lo")[0].Flags, "UP") {
			t.Error("lo is down")
		}
	})
}

func TestNetworkJoinedNamespaceKeepsItsLo(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.HasVeth = false
	n.Spec.Namespaces[nsNetwork].Path = "/proc/1/ns/net"
	n.made()
	n.inside(func() {
		if slices.Contains(ip[ipLink](t, "link", "show", "dev", "lo")[0].Flags, "UP") {
			t.Error("lo is up")
		}
	})
}

func TestNetworkAddressesAndGatewayMayBeAbsent(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.Veth.Host.Address.Given = false
	n.Spec.Veth.Container.Address.Given = false
	n.Spec.Veth.Container.Gateway.Given = false
	n.made()
	if got := linkWhenUp(t, "cbox0").ipv4(); got != nil {
		t.Errorf("host: %q", got)
	}
	n.inside(func() {
		if got := linkWhenUp(t, "eth0").ipv4(); got != nil {
			t.Errorf("container: %q", got)
		}
		if got := ip[ipRoute](t, "route"); len(got) != 0 {
			t.Errorf("routes: %+v", got)
		}
	})
}

func TestNetworkTakenNameIsRefusedAndLeftAlone(t *testing.T) {
	n := stageNetwork(t)
	ip[ipLink](t, "link", "add", "cbox0", "type", "veth", "peer", "name", "other")
	n.fails(networkCreate(n.Container), syscall.EEXIST, "creating veth cbox0",
		"another container uses cbox0; `cbox list` shows it, `cbox gc` removes what a crash left")
	if n.LinkMade || !linkExists(t, "cbox0") || !linkExists(t, "other") {
		t.Error("the other container's link is gone, or taken for ours")
	}
}

func TestNetworkNameTakenInsideIsToldApart(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.Veth.Container.Name = "lo"
	n.fails(networkCreate(n.Container), syscall.EEXIST, "creating veth cbox0",
		"the container's network namespace has a link lo already")
	if linkExists(t, "cbox0") {
		t.Error("cbox0 is left")
	}
}

func TestNetworkNamespaceThatIsGoneIsAnError(t *testing.T) {
	n := stageNetwork(t)
	n.Pid = 1 << 30 // over PID_MAX_LIMIT: never a process
	n.fails(networkCreate(n.Container), syscall.ESRCH, "creating veth cbox0", "")
	if n.LinkMade || linkExists(t, "cbox0") || linkExists(t, "eth0") {
		t.Error("a link is left")
	}
}

// kernelSince tells the kernel's version: older ones refuse the same without words.
func kernelSince(t *testing.T, major, minor int) bool {
	var isMajor, isMinor int
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err == nil {
		_, err = fmt.Sscanf(string(release), "%d.%d", &isMajor, &isMinor)
	}
	if err != nil {
		t.Fatal(err)
	}
	return isMajor > major || isMajor == major && isMinor >= minor
}

func TestNetworkRefusedAddressTakesTheLinkAway(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.Veth.Host.Address.Prefix = 33 // specParse lets no such thing pass
	hint := "the kernel says: ipv4: Invalid prefix length"
	if !kernelSince(t, 6, 6) {
		hint = ""
	}
	n.fails(networkCreate(n.Container), syscall.EINVAL, "setting address 10.200.1.1/33 on cbox0", hint)
	if n.LinkMade || linkExists(t, "cbox0") {
		t.Error("cbox0 is left")
	}
}

func TestNetworkGatewayElsewhereIsRefused(t *testing.T) {
	n := stageNetwork(t)
	n.Spec.Veth.Container.Gateway.IP[0] = 11
	if err := networkCreate(n.Container); err != nil {
		t.Fatal(err)
	}
	n.fails(n.configure(), syscall.ENETUNREACH, "adding default route via 11.200.1.1",
		"the kernel says: Nexthop has invalid gateway")
}

func TestNetworkEndThatIsMissingInsideIsAnError(t *testing.T) {
	n := stageNetwork(t)
	n.fails(n.configure(), syscall.ENODEV, "asking for the index of eth0", "")
}

func TestNetworkRemoveTakesBothEndsAndMayBeRepeated(t *testing.T) {
	n := stageNetwork(t)
	n.made()
	for range 2 {
		if err := networkRemove("cbox0", 0); err != nil {
			t.Error(err)
		}
	}
	gone := !linkExists(t, "cbox0")
	n.inside(func() { gone = gone && !linkExists(t, "eth0") })
	if !gone {
		t.Error("an end is left")
	}
	n.fails(networkRemove("lo", 0), syscall.EOPNOTSUPP, "removing link lo", "")
}

func TestNetworkWithoutPrivilegeTheHintNamesRoot(t *testing.T) {
	n := stageNetwork(t)
	// Of this one thread: syscall.Setresuid would take all of them along.
	const nobody = 65534
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
		t.Fatal(errno)
	}
	n.fails(networkCreate(n.Container), syscall.EPERM, "creating veth cbox0",
		"a veth pair needs root on the host")
}

func TestNetworkTCPGoesAcross(t *testing.T) {
	n := stageNetwork(t)
	n.made()
	var listener net.Listener
	var err error
	n.inside(func() { listener, err = net.Listen("tcp4", "10.200.1.2:7777") })
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.DialTimeout("tcp4", "10.200.1.2:7777", 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if from := server.RemoteAddr().(*net.TCPAddr).IP.String(); from != "10.200.1.1" {
		t.Errorf("from %s", from)
	}
	word := make([]byte, 5)
	client.Write([]byte("hello"))
	if _, err := server.Read(word); err != nil || string(word) != "hello" {
		t.Errorf("got %q, %v", word, err)
	}
}

func TestNetworkLeavesNoDescriptor(t *testing.T) {
	n := stageNetwork(t)
	count := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := count()
	n.made()
	networkCreate(n.Container) // the name is taken
	n.configure()              // the address is there already
	networkRemove("cbox0", 0)
	networkRemove("cbox0", 0)
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
