package gobox

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"syscall"
	"testing"
)

// played is a netlink whose kernel is the test: answers are laid down before the request is made.
type played struct {
	*netlink
	t      *testing.T
	kernel int
}

func play(t *testing.T, answers ...[]byte) played {
	t.Helper()
	// Not blocking: a reader that wants more than was laid down gets EAGAIN.
	kind := syscall.SOCK_DGRAM | syscall.SOCK_CLOEXEC | syscall.SOCK_NONBLOCK
	pair, err := syscall.Socketpair(syscall.AF_UNIX, kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := played{&netlink{fd: pair[0]}, t, pair[1]}
	t.Cleanup(func() { p.close(); syscall.Close(p.kernel) })
	for _, a := range answers {
		if err := syscall.Sendmsg(p.kernel, a, nil, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// sent gives the next request in hexadecimal, without sequence number and port.
func (p played) sent() string {
	p.t.Helper()
	b := make([]byte, 4096)
	n, err := syscall.Read(p.kernel, b)
	if err != nil || n < 16 {
		p.t.Fatalf("read %d bytes: %v", n, err)
	}
	return hex.EncodeToString(b[:8]) + hex.EncodeToString(b[16:n])
}

// answer builds one message of the kernel.
func answer(kind, flags uint16, sequence uint32, body ...[]byte) []byte {
	b := make([]byte, 16)
	for _, part := range body {
		b = append(b, part...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags)
	binary.NativeEndian.PutUint32(b[8:], sequence)
	return b
}

func native(v int32) []byte {
	return binary.NativeEndian.AppendUint32(nil, uint32(v))
}

// verdict is an NLMSG_ERROR to a request of 32 bytes; done is the one that says "done".
func verdict(sequence uint32, errno syscall.Errno, flags uint16, after ...[]byte) []byte {
	request := answer(syscall.RTM_NEWLINK, 0, sequence)
	binary.NativeEndian.PutUint32(request, 32)
	body := append([][]byte{native(-int32(errno)), request}, after...)
	return answer(syscall.NLMSG_ERROR, flags, sequence, body...)
}

func done(sequence uint32) []byte { return verdict(sequence, 0, nlmFCapped) }

func attribute(kind uint16, value string) []byte {
	m := &netlinkMessage{}
	m.bytes(kind, []byte(value))
	return m.b
}

// The very bytes that tests/unit/test_network.c expects of libnl (little-endian).
func TestNetworkRequests(t *testing.T) {
	const noLink = "00000000000000000000000000000000"
	c := newContainer()
	c.Pid = 0x1234
	c.LinkAddress = [6]byte{2, 0, 0x5e, 0x10, 0, 1}
	c.Spec = &Spec{HasVeth: true}
	c.Spec.Veth.MTU = 1400
	c.Spec.Veth.Host.Name = "cbox0"
	c.Spec.Veth.Container.Name = "eth0"
	link := answer(syscall.RTM_NEWLINK, 0, 1, native(0), native(7), native(0), native(0))
	address := SpecAddress{true, [4]byte{10, 200, 1, 1}, 24}

	for _, test := range []struct {
		name string
		call func(nl *netlink) error
		want []string
	}{
		{"veth", func(nl *netlink) error { return vethAdd(nl, c) }, []string{
			"8400000010000506", noLink, "0a00010002005e1000010000",
			"0800040078050000", "0a00030063626f7830000000",
			"44001280", "0900010076657468", "00000000", "34000280", "30000180", noLink,
			"0800040078050000", "090003006574683000000000", "0800130034120000"}},
		{"index", func(nl *netlink) error {
			index, err := linkIndex(nl, "cbox0")
			if index != 7 {
				t.Errorf("index %d", index)
			}
			return err
		}, []string{"3400000012000500", noLink, "0a00030063626f7830000000", "08001d0001000000"}},
		{"address", func(nl *netlink) error { return addressAdd(nl, 7, address) }, []string{
			"2800000014000506", "0218000007000000", "080002000ac80101", "080001000ac80101"}},
		{"up", func(nl *netlink) error { return linkUp(nl, 7) }, []string{
			"2000000010000500", "00000000070000000100000001000000"}},
		{"route", func(nl *netlink) error { return routeAddDefault(nl, 7, address) }, []string{
			"3400000018000506", "02000000fe04000100000000", "08000f00fe000000",
			"080005000ac80101", "0800040007000000"}},
		{"remove", func(nl *netlink) error { return linkRemove(nl, "cbox0", 0) }, []string{
			"2c00000011000500", noLink, "0a00030063626f7830000000"}},
		{"remove by index", func(nl *netlink) error { return linkRemove(nl, "cbox0", 7) }, []string{
			"2000000011000500", "00000000070000000000000000000000"}},
	} {
		p := play(t, link, done(1))
		if err := test.call(p.netlink); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got, want := p.sent(), strings.Join(test.want, ""); got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, want)
		}
	}
}

func TestNetlinkAttributesArePadded(t *testing.T) {
	m := &netlinkMessage{}
	m.text(3, "abc")
	m.nested(18, func() { m.bytes(1, []byte{1}) })
	want, _ := hex.DecodeString("08000300" + "61626300" + "0c001280" + "05000100" + "01000000")
	if !bytes.Equal(m.b, want) {
		t.Errorf("got %x, want %x", m.b, want)
	}
	for n, want := range []int{0, 4, 4, 4, 4, 8} {
		if got := netlinkAlign(n); got != want {
			t.Errorf("netlinkAlign(%d) = %d", n, got)
		}
	}
}

// Every answer a kernel, or something that is none, could give to a request.
func TestNetlinkAnswers(t *testing.T) {
	const eexist, tlvs = syscall.EEXIST, nlmFAckTLVs
	words := attribute(nlmsgerrAttrMsg, "no such thing\x00")
	cut := func(b []byte, n int) []byte { return b[:n] }
	length := func(b []byte, n uint32) []byte {
		binary.NativeEndian.PutUint32(b, n)
		return b
	}
	repeated := make([]byte, 16) // what the request had after its header

	for _, test := range []struct {
		name    string
		answers [][]byte
		errno   syscall.Errno
		text    string
	}{
		{"done", [][]byte{done(1)}, 0, ""},
		{"data, then done", [][]byte{answer(16, 0, 1, native(5)), done(1)}, 0, ""},
		{"both in one datagram", [][]byte{append(answer(16, 0, 1, native(5)), done(1)...)}, 0, ""},
		{"unpadded end", [][]byte{answer(16, 0, 1, []byte{1}), done(1)}, 0, ""},
		{"refused", [][]byte{verdict(1, eexist, nlmFCapped)}, eexist, ""},
		{"refused, request repeated", [][]byte{verdict(1, eexist, 0, repeated)}, eexist, ""},
		{"words", [][]byte{verdict(1, eexist, nlmFCapped|tlvs, words)}, eexist, "no such thing"},
		{"words after the request", [][]byte{verdict(1, eexist, tlvs, repeated, words)}, eexist, "no such thing"},
		{"words after another attribute", [][]byte{verdict(1, eexist, nlmFCapped|tlvs,
			attribute(2, "x"), words)}, eexist, "no such thing"},
		{"words without NUL", [][]byte{verdict(1, eexist, nlmFCapped|tlvs,
			attribute(nlmsgerrAttrMsg, "abc"))}, eexist, "abc"},
		{"words not announced", [][]byte{verdict(1, eexist, nlmFCapped, words)}, eexist, ""},
		{"words missing", [][]byte{verdict(1, eexist, nlmFCapped|tlvs)}, eexist, ""},
		{"words cut off", [][]byte{verdict(1, eexist, nlmFCapped|tlvs, cut(words, 6))}, eexist, ""},
		{"attribute of length 0", [][]byte{verdict(1, eexist, nlmFCapped|tlvs, native(0), words)}, eexist, ""},
		{"attribute too long", [][]byte{verdict(1, eexist, nlmFCapped|tlvs, native(-1))}, eexist, ""},
		{"request not there", [][]byte{verdict(1, eexist, tlvs)}, eexist, ""},
		{"wrong sequence", [][]byte{done(2)}, syscall.EBADMSG, ""},
		{"data of wrong sequence", [][]byte{answer(16, 0, 0), done(1)}, syscall.EBADMSG, ""},
		{"empty", [][]byte{{}}, syscall.EBADMSG, ""},
		{"half a header", [][]byte{cut(done(1), 15)}, syscall.EBADMSG, ""},
		{"length 0", [][]byte{length(done(1), 0)}, syscall.EBADMSG, ""},
		{"length under the header's", [][]byte{length(done(1), 15)}, syscall.EBADMSG, ""},
		{"length over the datagram's", [][]byte{length(done(1), 37)}, syscall.EBADMSG, ""},
		{"length of all ones", [][]byte{length(done(1), 0xffffffff)}, syscall.EBADMSG, ""},
		{"verdict without errno", [][]byte{answer(syscall.NLMSG_ERROR, 0, 1, []byte{0, 0, 0})}, syscall.EBADMSG, ""},
		{"verdict without request", [][]byte{answer(syscall.NLMSG_ERROR, 0, 1, native(0))}, syscall.EBADMSG, ""},
		{"positive errno", [][]byte{answer(syscall.NLMSG_ERROR, 0, 1, native(17), done(1))}, syscall.EBADMSG, ""},
		{"rest after data", [][]byte{append(answer(16, 0, 1), 1, 2, 3)}, syscall.EBADMSG, ""},
		{"larger than any", [][]byte{answer(16, 0, 1, make([]byte, netlinkAnswerMax))}, syscall.EMSGSIZE, ""},
	} {
		_, err := play(t, test.answers...).request(newNetlinkMessage(syscall.RTM_GETLINK, 0))
		if errnoOf(err) != test.errno || (err == nil) != (test.errno == 0) {
			t.Errorf("%s: got %v", test.name, err)
		}
		var refusal *netlinkRefusal
		if errors.As(err, &refusal) && refusal.text != test.text || refusal == nil && test.text != "" {
			t.Errorf("%s: got %+v", test.name, refusal)
		}
	}
}

func TestNetlinkRequestGivesTheBody(t *testing.T) {
	p := play(t, answer(16, 0, 1, native(5)), done(1), done(2))
	body, err := p.request(newNetlinkMessage(syscall.RTM_GETLINK, 0))
	if err != nil || !bytes.Equal(body, native(5)) {
		t.Errorf("got %x, %v", body, err)
	}
	if body, err = p.request(newNetlinkMessage(syscall.RTM_GETLINK, 0)); err != nil || body != nil {
		t.Errorf("got %x, %v", body, err)
	}
}

func TestLinkIndexWantsAWholeAnswer(t *testing.T) {
	for _, answers := range [][][]byte{{done(1)}, {answer(16, 0, 1, make([]byte, 15)), done(1)}} {
		if _, err := linkIndex(play(t, answers...).netlink, "eth0"); err != syscall.ENODEV {
			t.Errorf("got %v", err)
		}
	}
}

// Whatever arrives, reading it ends, within its bounds.
func FuzzNetlinkAnswer(f *testing.F) {
	f.Add(done(1))
	f.Add(verdict(1, syscall.EEXIST, nlmFAckTLVs|nlmFCapped, attribute(nlmsgerrAttrMsg, "words\x00")))
	f.Add(verdict(1, syscall.EEXIST, nlmFAckTLVs, make([]byte, 16), attribute(1, "words")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			a, rest, err := netlinkSplit(b)
			if err != nil {
				return
			}
			if len(rest) >= len(b) {
				t.Fatalf("no progress: %x", b)
			}
			if err := netlinkVerdict(a); err != nil {
				_ = netlinkRefused(err, "reading").Error()
			}
			b = rest
		}
	})
}
