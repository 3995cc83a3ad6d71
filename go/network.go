// Stage "network": the loopback link and the veth pair (veth(4), rtnetlink(7)); c/network.c does
// the same with libnl-3 and libnl-route-3.
//
// The parent makes the pair while the child waits, then the child finishes its own end from inside.
// The requests, one answer each, the same and in the same order as in c/network.c:
//
//	parent  RTM_NEWLINK   IFLA_ADDRESS, IFLA_MTU, IFLA_IFNAME, IFLA_LINKINFO { "veth",
//	                      VETH_INFO_PEER { IFLA_MTU, IFLA_IFNAME, IFLA_NET_NS_PID } }
//	                                                               (create, must not exist)
//	        RTM_GETLINK   IFLA_IFNAME, IFLA_EXT_MASK               (which index did it get?)
//	        RTM_NEWADDR   IFA_LOCAL, IFA_ADDRESS                   (create, must not exist)
//	        RTM_NEWLINK   IFF_UP
//	child   RTM_NEWLINK   IFF_UP of lo
//	        RTM_GETLINK, RTM_NEWADDR, RTM_NEWLINK  the same for the container's end
//	        RTM_NEWROUTE  RTA_TABLE, RTA_GATEWAY, RTA_OIF          (create, must not exist)
//	later   RTM_DELLINK   or, where the index is not known, IFLA_IFNAME (both ends go)
//
// Nothing waits for the carrier: it comes by itself when the second end is up.

package gobox

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"
)

// What include/uapi/linux/if_link.h, veth.h and rtnetlink.h have and the syscall package does not.
const (
	iflaNetNsPid  = 19
	iflaExtMask   = 29
	iflaInfoKind  = 1
	iflaInfoData  = 2
	vethInfoPeer  = 1
	rtextFilterVF = 1

	// The loopback link is the first of every network namespace (drivers/net/loopback.c).
	loopbackIndex = 1

	// The flags of a request that makes something new.
	createNew = syscall.NLM_F_CREATE | syscall.NLM_F_EXCL

	networkAddressMax = 18 // bytes of "02:00:5e:10:00:01" and the NUL that C needs
)

// networkAddressText is a hardware address as a text.
func networkAddressText(a []byte) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5])
}

// linkRequest asks for one value of the link called name, netdevice(7). The kernel's answer is the
// union of struct ifreq.
func linkRequest(name string, request uintptr) ([]byte, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)

	var ifreq [40]byte
	copy(ifreq[:syscall.IFNAMSIZ-1], name)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request,
		uintptr(unsafe.Pointer(&ifreq)))
	if errno != 0 {
		return nil, errno
	}
	return ifreq[syscall.IFNAMSIZ:], nil
}

// networkAny is an address that every link has, for networkHas.
const networkAny = "any"

// networkHas tells whether the host has a link called name with that hardware address; an error where
// that could not be learned.
func networkHas(name, address string) (bool, error) {
	found, err := linkRequest(name, syscall.SIOCGIFHWADDR)
	if err == syscall.ENODEV {
		return false, nil
	}
	if err != nil {
		return false, errorSys(err, "looking for link %s", name)
	}
	// A struct sockaddr: its family, then the address.
	return address == networkAny || networkAddressText(found[2:]) == address, nil
}

func addressText(a SpecAddress) string {
	return fmt.Sprintf("%d.%d.%d.%d/%d", a.IP[0], a.IP[1], a.IP[2], a.IP[3], a.Prefix)
}

func gatewayText(a SpecAddress) string {
	return fmt.Sprintf("%d.%d.%d.%d", a.IP[0], a.IP[1], a.IP[2], a.IP[3])
}

// vethAdd is RTM_NEWLINK: the pair. The peer is born in the namespace of c.Pid under its final
// name, so that it is never seen on the host and needs no move and no renaming. The namespace is
// named by the pid and not by a descriptor: c.Pid is our own child and not reaped, so the number
// is nobody else's, and nothing has to be opened.
func vethAdd(nl *netlink, c *Container) error {
	v := &c.Spec.Veth
	m := newNetlinkMessage(syscall.RTM_NEWLINK, createNew)
	m.link(syscall.IfInfomsg{})
	// The state file has promised it.
	if c.LinkAddress != [6]byte{} {
		m.bytes(syscall.IFLA_ADDRESS, c.LinkAddress[:])
	}
	m.number(syscall.IFLA_MTU, uint32(v.MTU))
	m.text(syscall.IFLA_IFNAME, v.Host.Name)
	m.nested(syscall.IFLA_LINKINFO, func() {
		m.text(iflaInfoKind, "veth")
		m.nested(iflaInfoData, func() {
			m.nested(vethInfoPeer, func() {
				m.link(syscall.IfInfomsg{})
				m.number(syscall.IFLA_MTU, uint32(v.MTU))
				m.text(syscall.IFLA_IFNAME, v.Container.Name)
				m.number(iflaNetNsPid, uint32(c.Pid))
			})
		})
	})
	_, err := nl.request(m)
	return err
}

// linkIndex is RTM_GETLINK: the index of the link called name. IFLA_EXT_MASK is there because
// libnl sends it too.
func linkIndex(nl *netlink, name string) (uint32, error) {
	m := newNetlinkMessage(syscall.RTM_GETLINK, 0)
	m.link(syscall.IfInfomsg{})
	m.text(syscall.IFLA_IFNAME, name)
	m.number(iflaExtMask, rtextFilterVF)
	body, err := nl.request(m)
	if err != nil {
		return 0, err
	}
	if len(body) < syscall.SizeofIfInfomsg {
		return 0, syscall.ENODEV
	}
	return binary.NativeEndian.Uint32(body[4:]), nil // IfInfomsg.Index
}

// linkUp is RTM_NEWLINK: up, and no other flag touched.
func linkUp(nl *netlink, index uint32) error {
	m := newNetlinkMessage(syscall.RTM_NEWLINK, 0)
	m.link(syscall.IfInfomsg{Index: int32(index), Flags: syscall.IFF_UP, Change: syscall.IFF_UP})
	_, err := nl.request(m)
	return err
}

// linkRemove is RTM_DELLINK by index, or by name where that is 0.
func linkRemove(nl *netlink, name string, index uint32) error {
	m := newNetlinkMessage(syscall.RTM_DELLINK, 0)
	m.link(syscall.IfInfomsg{Index: int32(index)})
	if index == 0 {
		m.text(syscall.IFLA_IFNAME, name)
	}
	_, err := nl.request(m)
	return err
}

// addressAdd is RTM_NEWADDR: the address and its subnet, without a broadcast address, as
// ip-address(8) does.
func addressAdd(nl *netlink, index uint32, a SpecAddress) error {
	m := newNetlinkMessage(syscall.RTM_NEWADDR, createNew)
	m.address(syscall.IfAddrmsg{
		Family:    syscall.AF_INET,
		Prefixlen: uint8(a.Prefix),
		Scope:     syscall.RT_SCOPE_UNIVERSE,
		Index:     index,
	})
	m.bytes(syscall.IFA_LOCAL, a.IP[:])
	m.bytes(syscall.IFA_ADDRESS, a.IP[:])
	_, err := nl.request(m)
	return err
}

// routeAddDefault is RTM_NEWROUTE: everything without a route of its own goes to the gateway.
func routeAddDefault(nl *netlink, index uint32, gateway SpecAddress) error {
	m := newNetlinkMessage(syscall.RTM_NEWROUTE, createNew)
	m.route(syscall.RtMsg{
		Family:   syscall.AF_INET,
		Table:    syscall.RT_TABLE_MAIN,
		Protocol: syscall.RTPROT_STATIC,
		Scope:    syscall.RT_SCOPE_UNIVERSE,
		Type:     syscall.RTN_UNICAST,
	})
	m.number(syscall.RTA_TABLE, syscall.RT_TABLE_MAIN)
	m.bytes(syscall.RTA_GATEWAY, gateway.IP[:])
	m.number(syscall.RTA_OIF, index)
	_, err := nl.request(m)
	return err
}

// endConfigure sets up one end of the pair, seen from inside its own namespace: address, up,
// default route.
func endConfigure(c *Container, nl *netlink, end *SpecVethEnd, made *uint32) error {
	eventsCall(c, "RTM_GETLINK %s", end.Name)
	index, err := linkIndex(nl, end.Name)
	if err != nil {
		return netlinkRefused(err, "asking for the index of %s", end.Name)
	}
	*made = index

	if end.Address.Given {
		text := addressText(end.Address)
		eventsCall(c, "RTM_NEWADDR %s on %s", text, end.Name)
		if err := addressAdd(nl, index, end.Address); err != nil {
			return netlinkRefused(err, "setting address %s on %s", text, end.Name)
		}
		eventsFact(c, "address", "%s", text)
	}

	eventsCall(c, "RTM_NEWLINK %s up", end.Name)
	if err := linkUp(nl, index); err != nil {
		return netlinkRefused(err, "bringing %s up", end.Name)
	}

	if end.Gateway.Given {
		text := gatewayText(end.Gateway)
		eventsCall(c, "RTM_NEWROUTE default via %s", text)
		if err := routeAddDefault(nl, index, end.Gateway); err != nil {
			return netlinkRefused(err, "adding default route via %s", text)
		}
		eventsFact(c, "gateway", "%s", text)
	}
	return nil
}

// vethRefused says why there is no pair, and what to do about it.
func vethRefused(c *Container, nl *netlink, cause error) error {
	host := c.Spec.Veth.Host.Name
	peer := c.Spec.Veth.Container.Name

	err := netlinkRefused(cause, "creating veth %s", host)
	if errnoOf(cause) == syscall.EPERM {
		return errorHint(err, "a veth pair needs root on the host")
	}
	if errnoOf(cause) != syscall.EEXIST {
		return err
	}
	// Which of the two names is taken?
	if _, missing := linkIndex(nl, host); missing != nil {
		return errorHint(err, "the container's network namespace has a link %s already", peer)
	}
	return errorHint(err, "another container uses %s; `%s list` shows it, "+
		"`%s gc` removes what a crash left", host, c.Program, c.Program)
}

func networkCreate(c *Container) error {
	s := c.Spec
	if !s.HasVeth {
		return nil
	}
	nl, err := netlinkOpen()
	if err != nil {
		return err
	}
	defer nl.close()

	eventsCall(c, "RTM_NEWLINK veth %s, peer %s in the namespace of pid %d",
		s.Veth.Host.Name, s.Veth.Container.Name, c.Pid)
	if err := vethAdd(nl, c); err != nil {
		return vethRefused(c, nl, err)
	}
	c.LinkMade = true
	eventsFact(c, "host", "%s", s.Veth.Host.Name)
	eventsFact(c, "container", "%s", s.Veth.Container.Name)

	err = endConfigure(c, nl, &s.Veth.Host, &c.LinkIndex)
	if err != nil {
		eventsCall(c, "RTM_DELLINK %s", s.Veth.Host.Name)
		c.LinkMade = linkRemove(nl, s.Veth.Host.Name, c.LinkIndex) != nil
	}
	return err
}

func networkConfigure(c *Container) error {
	s := c.Spec
	if !specMakes(s, nsNetwork) && !s.HasVeth {
		return nil
	}
	nl, err := netlinkOpen()
	if err != nil {
		return err
	}
	defer nl.close()

	if specMakes(s, nsNetwork) {
		eventsCall(c, "RTM_NEWLINK lo up")
		if err := linkUp(nl, loopbackIndex); err != nil {
			return netlinkRefused(err, "bringing lo up")
		}
	}
	if s.HasVeth {
		return endConfigure(c, nl, &s.Veth.Container, new(uint32))
	}
	return nil
}

func networkRemove(name string, index uint32) error {
	nl, err := netlinkOpen()
	if err != nil {
		return err
	}
	defer nl.close()

	if err := linkRemove(nl, name, index); err != nil && errnoOf(err) != syscall.ENODEV {
		return netlinkRefused(err, "removing link %s", name)
	}
	return nil
}
