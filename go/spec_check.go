// What no single object of the spec can say: rules between them. c/spec_check.c has the same
// rules in the same order.

package gobox

import (
	"math/bits"
	"syscall"
)

// specNeeds: what only makes sense in a namespace made new for the container. Without it the
// host itself would get the name, the mounts or the address.
var specNeeds = []struct {
	field     string
	used      func(s *Spec) bool
	namespace int
}{
	{"hostname", func(s *Spec) bool { return s.Hostname != "" }, nsUTS},
	{"root.readonly", func(s *Spec) bool { return s.Root.Readonly }, nsMount},
	{"mounts", func(s *Spec) bool { return len(s.Mounts) > 0 }, nsMount},
	{"linux.maskedPaths", func(s *Spec) bool { return len(s.MaskedPaths) > 0 }, nsMount},
	{"linux.readonlyPaths", func(s *Spec) bool { return len(s.ReadonlyPaths) > 0 }, nsMount},
	{"linux.uidMappings", func(s *Spec) bool { return len(s.UIDMappings) > 0 }, nsUser},
	{"linux.gidMappings", func(s *Spec) bool { return len(s.GIDMappings) > 0 }, nsUser},
	{"veth", func(s *Spec) bool { return s.HasVeth }, nsNetwork},
}

func checkNeeds(at *where, s *Spec) error {
	for _, need := range specNeeds {
		name := namespaceKinds[need.namespace].name
		if !need.used(s) || specMakes(s, need.namespace) {
			continue
		}
		err := specRefuse(at.member(need.field), "needs a new %s namespace", name)
		return errorHint(err, "add { \"type\": \"%s\" } to linux.namespaces, without a path", name)
	}
	return nil
}

// checkMapBytes refuses what the kernel refuses with no more than EINVAL: map_write() in
// kernel/user_namespace.c.
func checkMapBytes(at *where, file string, maps []SpecIDMap) error {
	bytes, most := len(identityText(maps)), syscall.Getpagesize()-1
	if bytes <= most {
		return nil
	}
	err := specRefuse(at, "makes %d bytes of %s; the kernel takes %d at most", bytes, file, most)
	return errorHint(err, "use fewer ranges: those that follow each other on both sides can be "+
		"one")
}

// checkMaps: a new user namespace without maps would leave the container with nobody's ids.
func checkMaps(at *where, s *Spec) error {
	uids, gids := at.member("linux.uidMappings"), at.member("linux.gidMappings")
	if !specMakes(s, nsUser) {
		return nil
	}
	if len(s.UIDMappings) == 0 {
		return specRefuse(uids, "missing: a new user namespace needs it")
	}
	if len(s.GIDMappings) == 0 {
		return specRefuse(gids, "missing: a new user namespace needs it")
	}
	if err := checkMapBytes(uids, "uid_map", s.UIDMappings); err != nil {
		return err
	}
	return checkMapBytes(gids, "gid_map", s.GIDMappings)
}

func isMapped(maps []SpecIDMap, id uint32) bool {
	for _, m := range maps {
		if id >= m.ContainerID && id-m.ContainerID < m.Size {
			return true
		}
	}
	return false
}

// checkUser: in a new user namespace an id that is not mapped cannot be taken (setresuid(2): EINVAL).
func checkUser(at *where, s *Spec) error {
	if !specMakes(s, nsUser) {
		return nil
	}
	if !isMapped(s.UIDMappings, s.Process.UID) {
		return specRefuse(at.member("process.user.uid"), "%d is not in linux.uidMappings",
			s.Process.UID)
	}
	if !isMapped(s.GIDMappings, s.Process.GID) {
		return specRefuse(at.member("process.user.gid"), "%d is not in linux.gidMappings",
			s.Process.GID)
	}
	gids := at.member("process.user.additionalGids")
	for i, gid := range s.Process.AdditionalGIDs {
		if !isMapped(s.GIDMappings, gid) {
			return specRefuse(gids.element(i), "%d is not in linux.gidMappings", gid)
		}
	}
	return nil
}

// checkCapabilities: what capset(2) and PR_CAP_AMBIENT would refuse: each set lies within another.
func checkCapabilities(at *where, s *Spec) error {
	c := &s.Process.Capabilities
	capabilities := at.member("process.capabilities")
	for _, rule := range []struct {
		name, within string
		set, limit   uint64
	}{
		{"effective", "permitted", c.Effective, c.Permitted},
		{"inheritable", "bounding", c.Inheritable, c.Bounding},
		{"ambient", "permitted", c.Ambient, c.Permitted},
		{"ambient", "inheritable", c.Ambient, c.Inheritable},
	} {
		if beyond := rule.set &^ rule.limit; beyond != 0 {
			return specRefuse(capabilities.member(rule.name), "%s is not in %s",
				capabilityNames[bits.TrailingZeros64(beyond)], rule.within)
		}
	}
	return nil
}

func specCheck(at *where, s *Spec) error {
	for _, check := range []func(*where, *Spec) error{
		checkNeeds, checkMaps, checkUser, checkCapabilities,
	} {
		if err := check(at, s); err != nil {
			return err
		}
	}
	return nil
}
