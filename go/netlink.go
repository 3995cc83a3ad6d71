// A socket to the kernel's network configuration (rtnetlink(7)) and the messages on it, small and
// typed; c/netlink.c has libnl-3 for this. Used by network.go only.
//
// A message is a header (NlMsghdr), a struct that depends on its type, and attributes: length,
// type, value, each begun at a multiple of four bytes (netlink(7)). An attribute's value may be
// attributes again. All numbers are in the machine's own byte order.

package gobox

import (
	"encoding/binary"
	"syscall"
)

// What include/uapi/linux has and the syscall package does not.
const (
	solNetlink       = 270
	netlinkExtAck    = 11     // socket option: refusals come with a sentence
	nlmFCapped       = 0x100  // the refused request is not repeated in the answer
	nlmFAckTLVs      = 0x200  // attributes follow the answer
	nlmsgerrAttrMsg  = 1      // the sentence
	nlaFNested       = 0x8000 // the value is attributes
	nlaTypeMask      = 0x3fff
	nlaHeaderLen     = 4
	netlinkAnswerMax = 16384 // an answer about one link takes about 2 KiB
)

// netlinkMessage is a request being written; newNetlinkMessage leaves room for the header.
type netlinkMessage struct {
	kind, flags uint16
	b           []byte
}

func newNetlinkMessage(kind, flags uint16) *netlinkMessage {
	return &netlinkMessage{kind, flags, make([]byte, syscall.NLMSG_HDRLEN, 128)}
}

// link, address and route append the struct of RTM_*LINK, RTM_*ADDR and RTM_*ROUTE.
func (m *netlinkMessage) link(i syscall.IfInfomsg) {
	m.b = append(m.b, i.Family, 0)
	m.b = binary.NativeEndian.AppendUint16(m.b, i.Type)
	m.b = binary.NativeEndian.AppendUint32(m.b, uint32(i.Index))
	m.b = binary.NativeEndian.AppendUint32(m.b, i.Flags)
	m.b = binary.NativeEndian.AppendUint32(m.b, i.Change)
}

func (m *netlinkMessage) address(a syscall.IfAddrmsg) {
	m.b = append(m.b, a.Family, a.Prefixlen, a.Flags, a.Scope)
	m.b = binary.NativeEndian.AppendUint32(m.b, a.Index)
}

func (m *netlinkMessage) route(r syscall.RtMsg) {
	m.b = append(m.b, r.Family, r.Dst_len, r.Src_len, r.Tos, r.Table, r.Protocol, r.Scope, r.Type)
	m.b = binary.NativeEndian.AppendUint32(m.b, r.Flags)
}

// attribute appends one attribute whose value is written by write.
func (m *netlinkMessage) attribute(kind uint16, write func()) {
	begin := len(m.b)
	m.b = append(m.b, make([]byte, nlaHeaderLen)...)
	write()
	binary.NativeEndian.PutUint16(m.b[begin:], uint16(len(m.b)-begin))
	binary.NativeEndian.PutUint16(m.b[begin+2:], kind)
	m.b = append(m.b, make([]byte, netlinkAlign(len(m.b))-len(m.b))...)
}

func (m *netlinkMessage) bytes(kind uint16, value []byte) {
	m.attribute(kind, func() { m.b = append(m.b, value...) })
}

func (m *netlinkMessage) number(kind uint16, value uint32) {
	m.attribute(kind, func() { m.b = binary.NativeEndian.AppendUint32(m.b, value) })
}

func (m *netlinkMessage) text(kind uint16, value string) {
	m.attribute(kind, func() { m.b = append(append(m.b, value...), 0) })
}

func (m *netlinkMessage) nested(kind uint16, write func()) {
	m.attribute(kind|nlaFNested, write)
}

// finish fills in the header and returns the message.
func (m *netlinkMessage) finish(sequence uint32) []byte {
	binary.NativeEndian.PutUint32(m.b[0:], uint32(len(m.b)))
	binary.NativeEndian.PutUint16(m.b[4:], m.kind)
	binary.NativeEndian.PutUint16(m.b[6:], m.flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	binary.NativeEndian.PutUint32(m.b[8:], sequence)
	binary.NativeEndian.PutUint32(m.b[12:], 0) // to the kernel it does not matter who asks
	return m.b
}

// netlinkAlign rounds up to the next multiple of four.
func netlinkAlign(n int) int {
	return (n + syscall.NLMSG_ALIGNTO - 1) &^ (syscall.NLMSG_ALIGNTO - 1)
}

// netlinkRefusal is an answer that refuses a request.
type netlinkRefusal struct {
	errno syscall.Errno
	text  string // the kernel's own words; may be empty
}

func (r *netlinkRefusal) Error() string { return r.errno.Error() }
func (r *netlinkRefusal) Unwrap() error { return r.errno }

// netlinkAnswer is one message of the kernel.
type netlinkAnswer struct {
	kind, flags uint16
	sequence    uint32
	body        []byte
}

// netlinkSplit takes the first message from b; rest is what follows it.
func netlinkSplit(b []byte) (answer netlinkAnswer, rest []byte, err error) {
	if len(b) < syscall.NLMSG_HDRLEN {
		return answer, nil, syscall.EBADMSG
	}
	length := binary.NativeEndian.Uint32(b)
	if length < syscall.NLMSG_HDRLEN || uint64(length) > uint64(len(b)) {
		return answer, nil, syscall.EBADMSG
	}
	answer.kind = binary.NativeEndian.Uint16(b[4:])
	answer.flags = binary.NativeEndian.Uint16(b[6:])
	answer.sequence = binary.NativeEndian.Uint32(b[8:])
	answer.body = b[syscall.NLMSG_HDRLEN:length]
	return answer, b[min(netlinkAlign(int(length)), len(b)):], nil
}

// netlinkFind gives the value of the first attribute of that kind in b; nil where there is none.
func netlinkFind(b []byte, kind uint16) []byte {
	for len(b) >= nlaHeaderLen {
		length := int(binary.NativeEndian.Uint16(b))
		if length < nlaHeaderLen || length > len(b) {
			return nil
		}
		if binary.NativeEndian.Uint16(b[2:])&nlaTypeMask == kind {
			return b[nlaHeaderLen:length]
		}
		b = b[min(netlinkAlign(length), len(b)):]
	}
	return nil
}

// netlinkVerdict reads an NLMSG_ERROR: nil where the request was done, otherwise the refusal.
func netlinkVerdict(a netlinkAnswer) error {
	if len(a.body) < 4+syscall.NLMSG_HDRLEN {
		return syscall.EBADMSG
	}
	errno := -int32(binary.NativeEndian.Uint32(a.body))
	if errno == 0 {
		return nil
	}
	if errno < 0 {
		return syscall.EBADMSG
	}
	refusal := &netlinkRefusal{errno: syscall.Errno(errno)}
	// The refused request comes back whole, unless the answer is capped (netlink(7)).
	skip := uint64(4 + syscall.NLMSG_HDRLEN)
	if a.flags&nlmFCapped == 0 {
		skip = 4 + uint64(binary.NativeEndian.Uint32(a.body[4:]))
	}
	if a.flags&nlmFAckTLVs != 0 && skip <= uint64(len(a.body)) {
		refusal.text = netlinkText(netlinkFind(a.body[skip:], nlmsgerrAttrMsg))
	}
	return refusal
}

// netlinkText cuts a value at its NUL.
func netlinkText(value []byte) string {
	for i, c := range value {
		if c == 0 {
			return string(value[:i])
		}
	}
	return string(value)
}

// netlink is a socket and the number of the last request on it.
type netlink struct {
	fd       int
	kernel   syscall.Sockaddr // where requests go
	sequence uint32
}

// netlinkOpen opens a socket in the network namespace of the calling thread. The caller closes it.
func netlinkOpen() (*netlink, error) {
	kind := syscall.SOCK_RAW | syscall.SOCK_CLOEXEC
	fd, err := syscall.Socket(syscall.AF_NETLINK, kind, syscall.NETLINK_ROUTE)
	if err != nil {
		return nil, errorSys(err, "opening a netlink socket")
	}
	nl := &netlink{fd: fd, kernel: &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}}
	// No bind(2): the kernel gives it an address at the first request.
	if err = syscall.SetsockoptInt(fd, solNetlink, netlinkExtAck, 1); err != nil {
		nl.close()
		return nil, errorSys(err, "opening a netlink socket")
	}
	return nl, nil
}

func (nl *netlink) close() {
	syscall.Close(nl.fd)
}

// request sends m and waits until the kernel has done it. It returns the body of the message that
// came before the verdict, nil where none did; the error is or wraps a syscall.Errno.
func (nl *netlink) request(m *netlinkMessage) ([]byte, error) {
	nl.sequence++
	message := m.finish(nl.sequence)
	err := ignoringEINTR(func() error {
		return syscall.Sendmsg(nl.fd, message, nil, nl.kernel, 0)
	})
	if err != nil {
		return nil, err
	}
	var body []byte
	for {
		b, err := nl.receive()
		if err != nil {
			return nil, err
		}
		for len(b) > 0 {
			var a netlinkAnswer
			if a, b, err = netlinkSplit(b); err != nil {
				return nil, err
			}
			if a.sequence != nl.sequence {
				return nil, syscall.EBADMSG
			}
			if a.kind == syscall.NLMSG_ERROR {
				return body, netlinkVerdict(a)
			}
			body = a.body
		}
	}
}

// receive reads one datagram of the kernel; those of other processes are passed over.
func (nl *netlink) receive() ([]byte, error) {
	b := make([]byte, netlinkAnswerMax)
	for {
		var n, flags int
		var from syscall.Sockaddr
		err := ignoringEINTR(func() (err error) {
			n, _, flags, from, err = syscall.Recvmsg(nl.fd, b, nil, 0)
			return err
		})
		if err != nil {
			return nil, err
		}
		if flags&syscall.MSG_TRUNC != 0 {
			return nil, syscall.EMSGSIZE
		}
		if n == 0 {
			return nil, syscall.EBADMSG
		}
		if sender, ok := from.(*syscall.SockaddrNetlink); !ok || sender.Pid == 0 {
			return b[:n], nil
		}
	}
}

// ignoringEINTR calls again what a signal interrupted.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

// netlinkRefused is errorSys with the kernel's own words as the hint, where it gave some.
func netlinkRefused(cause error, format string, args ...any) error {
	err := errorSys(cause, format, args...)
	if refusal, ok := cause.(*netlinkRefusal); ok && refusal.text != "" {
		errorHint(err, "the kernel says: %s", refusal.text)
	}
	return err
}
