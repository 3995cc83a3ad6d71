// The spec's object "process"; c/spec_process.c is its twin.

package gobox

import "strings"

const (
	idMax     = maxUint32 - 1 // 4294967295 means "no change" to setresuid(2)
	groupsMax = 65536         // of Linux, since 2.6.4: NGROUPS_MAX, setgroups(2)
)

func gidElement(at *where, value any, place *uint32) error {
	return readU32(at, value, &field{into: place, max: idMax})
}

func readGids(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readList(at, value, f, &s.Process.AdditionalGIDs, gidElement)
}

func readUser(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"uid", readU32, &s.Process.UID, 0, idMax, false},
		{"gid", readU32, &s.Process.GID, 0, idMax, false},
		{"additionalGids", readGids, s, 0, groupsMax, false},
	})
}

func readCapabilitySet(at *where, value any, f *field) error {
	set := f.into.(*uint64)
	var names []string
	if err := readStrings(at, value, &field{into: &names}); err != nil {
		return err
	}
	for i, name := range names {
		number := capabilityFind(name)
		if number < 0 {
			return specRefuse(at.element(i), "no such capability: %s", jsonShown(name))
		}
		*set |= 1 << number
	}
	return nil
}

func readCapabilities(at *where, value any, f *field) error {
	c := f.into.(*SpecCapabilities)
	c.Given = true
	return readObject(at, value, []field{
		{"bounding", readCapabilitySet, &c.Bounding, 0, 0, false},
		{"effective", readCapabilitySet, &c.Effective, 0, 0, false},
		{"inheritable", readCapabilitySet, &c.Inheritable, 0, 0, false},
		{"permitted", readCapabilitySet, &c.Permitted, 0, 0, false},
		{"ambient", readCapabilitySet, &c.Ambient, 0, 0, false},
	})
}

func readRlimitType(at *where, value any, f *field) error {
	var name string
	if err := readString(at, value, &field{into: &name}); err != nil {
		return err
	}
	resource := rlimitFind(name)
	if resource < 0 {
		return specRefuse(at, "no such limit: %s", jsonShown(name))
	}
	*f.into.(*int) = resource
	return nil
}

func rlimitElement(at *where, value any, place *SpecRlimit) error {
	err := readObject(at, value, []field{
		{"type", readRlimitType, &place.Resource, 0, 0, true},
		{"soft", readU64, &place.Soft, 0, maxInt64, true},
		{"hard", readU64, &place.Hard, 0, maxInt64, true},
	})
	if err != nil {
		return err
	}
	if place.Soft > place.Hard {
		return specRefuse(at, "soft must not be more than hard")
	}
	return nil
}

func readRlimits(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	if err := readList(at, value, f, &s.Process.Rlimits, rlimitElement); err != nil {
		return err
	}
	var seen [rlimitCount]bool
	for i, r := range s.Process.Rlimits {
		if seen[r.Resource] {
			return specRefuse(at.element(i), "%s is listed twice", rlimitNames[r.Resource])
		}
		seen[r.Resource] = true
	}
	return nil
}

func readArgs(at *where, value any, f *field) error {
	args := f.into.(*[]string)
	if err := readStrings(at, value, f); err != nil {
		return err
	}
	if (*args)[0] == "" {
		return specRefuse(at.element(0), "must not be empty")
	}
	return nil
}

func readEnv(at *where, value any, f *field) error {
	env := f.into.(*[]string)
	if err := readStrings(at, value, f); err != nil {
		return err
	}
	for i, entry := range *env {
		if strings.IndexByte(entry, '=') < 1 {
			return specRefuse(at.element(i), "must be NAME=VALUE")
		}
	}
	return nil
}

func specReadProcess(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"terminal", readBool, &s.Process.Terminal, 0, 0, false},
		{"cwd", readPath, &s.Process.Cwd, 0, 0, false},
		{"args", readArgs, &s.Process.Args, 1, 0, false},
		{"env", readEnv, &s.Process.Env, 0, 0, false},
		{"user", readUser, s, 0, 0, false},
		{"capabilities", readCapabilities, &s.Process.Capabilities, 0, 0, false},
		{"rlimits", readRlimits, s, 0, 0, false},
		{"noNewPrivileges", readBool, &s.Process.NoNewPrivileges, 0, 0, false},
		{"oomScoreAdj", readNumber, &s.Process.OOMScoreAdj, -1000, 1000, false},
	})
}
