// The spec's object "veth", our one extension; c/spec_veth.c is its twin.

package gobox

import "strings"

const (
	linkNameMax = 15 // IFNAMSIZ less the NUL, netdevice(7)
	// ETH_MIN_MTU and ETH_MAX_MTU of linux/if_ether.h.
	mtuMin     = 68
	mtuMax     = 65535
	mtuDefault = 1500
)

// validLinkName takes what the kernel's dev_valid_name() takes, and less: '%' would make it choose
// a number, and names outside printable ASCII are a trap for whoever reads them.
func validLinkName(name string) bool {
	if name == "." || name == ".." || name == "lo" {
		return false
	}
	for i := 0; i < len(name); i++ {
		if name[i] <= 0x20 || name[i] >= 0x7f || strings.IndexByte("/:%", name[i]) >= 0 {
			return false
		}
	}
	return true
}

func readLinkName(at *where, value any, f *field) error {
	name := f.into.(*string)
	if err := readString(at, value, f); err != nil {
		return err
	}
	if !validLinkName(*name) {
		return specRefuse(at, "no name for an interface: %s", *name)
	}
	return nil
}

// scanDecimal reads decimal digits up to max, without a 0 before them; false where there are none.
func scanDecimal(text string, max int) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n = n*10 + int(text[i]-'0')
		if n > max {
			return 0, "", false
		}
	}
	if i == 0 || (i > 1 && text[0] == '0') {
		return 0, "", false
	}
	return n, text[i:], true
}

// scanIP reads "10.200.1.2"; it gives what follows it, false where it is none.
func scanIP(text string, ip *[4]byte) (string, bool) {
	for i := range ip {
		if i > 0 {
			if !strings.HasPrefix(text, ".") {
				return "", false
			}
			text = text[1:]
		}
		n, rest, ok := scanDecimal(text, 255)
		if !ok {
			return "", false
		}
		ip[i], text = byte(n), rest
	}
	return text, true
}

func numberOf(a *SpecAddress) uint32 {
	return uint32(a.IP[0])<<24 | uint32(a.IP[1])<<16 | uint32(a.IP[2])<<8 | uint32(a.IP[3])
}

// hostBits are the bits of the host within its subnet.
func hostBits(a *SpecAddress) uint32 {
	return maxUint32 >> a.Prefix
}

func sameSubnet(subnet, a *SpecAddress) bool {
	return (numberOf(subnet)^numberOf(a))&^hostBits(subnet) == 0
}

// isHost is false for an address that no interface may have: this network, loopback, multicast,
// reserved.
func isHost(a *SpecAddress) bool {
	return a.IP[0] != 0 && a.IP[0] != 127 && a.IP[0] < 224
}

// isHostOf is false for the subnet's own address and its broadcast; a /31 has neither (RFC 3021).
func isHostOf(subnet, a *SpecAddress) bool {
	bits := numberOf(a) & hostBits(subnet)
	return subnet.Prefix == 31 || (bits != 0 && bits != hostBits(subnet))
}

func readAddress(at *where, value any, f *field) error {
	a := f.into.(*SpecAddress)
	var text string
	if err := readString(at, value, &field{into: &text}); err != nil {
		return err
	}
	rest, ok := scanIP(text, &a.IP)
	if ok = ok && strings.HasPrefix(rest, "/"); ok {
		a.Prefix, rest, ok = scanDecimal(rest[1:], 31)
	}
	a.Given = true
	if !ok || rest != "" || a.Prefix == 0 {
		return specRefuse(at, "must be an IPv4 address and its prefix, as 10.200.1.1/24")
	}
	if !isHost(a) || !isHostOf(a, a) {
		return specRefuse(at, "no address for an interface: %s", text)
	}
	return nil
}

func readGateway(at *where, value any, f *field) error {
	a := f.into.(*SpecAddress)
	var text string
	if err := readString(at, value, &field{into: &text}); err != nil {
		return err
	}
	rest, ok := scanIP(text, &a.IP)
	a.Given = true
	a.Prefix = 32
	if !ok || rest != "" {
		return specRefuse(at, "must be an IPv4 address, as 10.200.1.1")
	}
	return nil
}

func readHostEnd(at *where, value any, f *field) error {
	end := f.into.(*SpecVethEnd)
	return readObject(at, value, []field{
		{"name", readLinkName, &end.Name, 1, linkNameMax, true},
		{"address", readAddress, &end.Address, 0, 0, true},
	})
}

func readContainerEnd(at *where, value any, f *field) error {
	end := f.into.(*SpecVethEnd)
	address, gateway := &end.Address, &end.Gateway
	err := readObject(at, value, []field{
		{"name", readLinkName, &end.Name, 1, linkNameMax, true},
		{"address", readAddress, &end.Address, 0, 0, true},
		{"gateway", readGateway, &end.Gateway, 0, 0, false},
	})
	if err != nil || !gateway.Given {
		return err
	}
	here := at.member("gateway")
	if !sameSubnet(address, gateway) || !isHostOf(address, gateway) {
		return specRefuse(here, "must be an address in the container's subnet")
	}
	if numberOf(address) == numberOf(gateway) {
		return specRefuse(here, "must not be the container's own address")
	}
	return nil
}

func specReadVeth(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	s.HasVeth = true
	s.Veth.MTU = mtuDefault
	err := readObject(at, value, []field{
		{"host", readHostEnd, &s.Veth.Host, 0, 0, true},
		{"container", readContainerEnd, &s.Veth.Container, 0, 0, true},
		{"mtu", readInt, &s.Veth.MTU, mtuMin, mtuMax, false},
	})
	if err != nil {
		return err
	}
	host, container := &s.Veth.Host.Address, &s.Veth.Container.Address
	if numberOf(host) == numberOf(container) {
		return specRefuse(at, "both ends have the same address")
	}
	if host.Prefix != container.Prefix || !sameSubnet(host, container) {
		return specRefuse(at, "both ends must be in one subnet")
	}
	return nil
}
