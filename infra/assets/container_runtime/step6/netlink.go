// The few rtnetlink(7) requests that network.go needs. A request is a header (struct nlmsghdr), a struct
// that depends on its type, and attributes: length, type, value, padded to four bytes.
package main

import (
	"encoding/binary"
	"syscall"
)

// What the kernel's headers have and the syscall package does not.
const (
	iflaNetNsPid = 19
	iflaInfoKind = 1
	iflaInfoData = 2
	vethInfoPeer = 1
)

type message struct{ bytes []byte }

func (m *message) u32(values ...uint32) {
	for _, v := range values {
		m.bytes = binary.NativeEndian.AppendUint32(m.bytes, v)
	}
}

// link appends struct ifinfomsg: family, pad and type 0, then index, flags, mask of flags.
func (m *message) link(index, flags uint32) { m.u32(0, index, flags, flags) }

// attribute appends one attribute; its value is what write appends, attributes again perhaps.
func (m *message) attribute(kind uint16, write func()) {
	begin := len(m.bytes)
	m.u32(0)
	write()
	binary.NativeEndian.PutUint16(m.bytes[begin:], uint16(len(m.bytes)-begin))
	binary.NativeEndian.PutUint16(m.bytes[begin+2:], kind)
	for len(m.bytes)%4 != 0 {
		m.bytes = append(m.bytes, 0)
	}
}

func (m *message) text(kind uint16, s string) {
	m.attribute(kind, func() { m.bytes = append(append(m.bytes, s...), 0) })
}

func (m *message) ip(kind uint16, ip [4]byte) {
	m.attribute(kind, func() { m.bytes = append(m.bytes, ip[:]...) })
}

// request sends one message and waits for the kernel's verdict.
func request(kind, flags uint16, write func(*message)) error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC,
		syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)

	m := &message{bytes: make([]byte, syscall.NLMSG_HDRLEN)}
	write(m)
	binary.NativeEndian.PutUint32(m.bytes[0:], uint32(len(m.bytes)))
	binary.NativeEndian.PutUint16(m.bytes[4:], kind)
	binary.NativeEndian.PutUint16(m.bytes[6:], flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	kernel := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	if err := syscall.Sendto(fd, m.bytes, 0, kernel); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	// NLMSG_ERROR carries a negative errno; 0 says that it is done.
	if n < syscall.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(answer[4:]) != syscall.NLMSG_ERROR {
		return syscall.EBADMSG
	}
	if errno := -int32(binary.NativeEndian.Uint32(answer[syscall.NLMSG_HDRLEN:])); errno != 0 {
		return syscall.Errno(errno)
	}
	return nil
}

const createNew = syscall.NLM_F_CREATE | syscall.NLM_F_EXCL

// region: veth
// vethCreate makes the pair; the peer is born in the network namespace of the process pid.
func vethCreate(host, peer string, pid int) error {
	return request(syscall.RTM_NEWLINK, createNew, func(m *message) {
		m.link(0, 0)
		m.text(syscall.IFLA_IFNAME, host)
		m.attribute(syscall.IFLA_LINKINFO, func() {
			m.text(iflaInfoKind, "veth")
			m.attribute(iflaInfoData, func() {
				m.attribute(vethInfoPeer, func() {
					m.link(0, 0)
					m.text(syscall.IFLA_IFNAME, peer)
					m.attribute(iflaNetNsPid, func() { m.u32(uint32(pid)) })
				})
			})
		})
	})
}

// endregion: veth

// linkDelete removes a link; its peer goes with it.
func linkDelete(name string) error {
	return request(syscall.RTM_DELLINK, 0, func(m *message) {
		m.link(0, 0)
		m.text(syscall.IFLA_IFNAME, name)
	})
}

func linkUp(index int) error {
	return request(syscall.RTM_NEWLINK, 0, func(m *message) {
		m.link(uint32(index), syscall.IFF_UP)
	})
}

func addressAdd(index int, ip [4]byte, prefix byte) error {
	return request(syscall.RTM_NEWADDR, createNew, func(m *message) {
		// struct ifaddrmsg: family, prefix length, flags, scope, index
		m.bytes = append(m.bytes, syscall.AF_INET, prefix, 0, syscall.RT_SCOPE_UNIVERSE)
		m.u32(uint32(index))
		m.ip(syscall.IFA_LOCAL, ip)
		m.ip(syscall.IFA_ADDRESS, ip)
	})
}

func routeAddDefault(gateway [4]byte) error {
	return request(syscall.RTM_NEWROUTE, createNew, func(m *message) {
		// struct rtmsg: family, destination's and source's length, tos, table, ...
		m.bytes = append(m.bytes, syscall.AF_INET, 0, 0, 0, syscall.RT_TABLE_MAIN,
			syscall.RTPROT_STATIC, syscall.RT_SCOPE_UNIVERSE, syscall.RTN_UNICAST)
		m.u32(0)
		m.ip(syscall.RTA_GATEWAY, gateway)
	})
}
