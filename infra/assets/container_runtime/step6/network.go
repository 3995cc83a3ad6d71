package main

import "net"

const (
	hostLink      = "ws-host"
	containerLink = "eth0"
	loopback      = 1 // the index of lo in every network namespace
)

var (
	hostIP      = [4]byte{10, 200, 0, 1}
	containerIP = [4]byte{10, 200, 0, 2}
)

// networkCreate is the parent's part: the pair and the host's end. The pair goes with the child's
// network namespace, too, but only some time after the child's end.
func networkCreate(c *container) error {
	if err := vethCreate(hostLink, containerLink, c.child.Process.Pid); err != nil {
		return err
	}
	c.undo = append(c.undo, func() { linkDelete(hostLink) })
	return linkSetup(hostLink, hostIP)
}

// networkConfigure is the child's part: lo and its own end, seen from inside.
func networkConfigure(*container) error {
	if err := linkUp(loopback); err != nil {
		return err
	}
	if err := linkSetup(containerLink, containerIP); err != nil {
		return err
	}
	return routeAddDefault(hostIP)
}

func linkSetup(name string, ip [4]byte) error {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	if err := addressAdd(link.Index, ip, 24); err != nil {
		return err
	}
	return linkUp(link.Index)
}
