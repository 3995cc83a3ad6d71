// The spec's list "mounts"; c/spec_mounts.c is its twin.

package gobox

var mountTypes = []string{"bind", "cgroup", "devpts", "mqueue", "proc", "sysfs", "tmpfs"}

func readMountType(at *where, value any, f *field) error {
	typ := f.into.(*string)
	if err := readString(at, value, f); err != nil {
		return err
	}
	for _, known := range mountTypes {
		if known == *typ {
			return nil
		}
	}
	return specRefuse(at, "mount type %s is not supported by this runtime", jsonShown(*typ))
}

// checkOptions: each option known for this type, its value as the option wants it.
func checkOptions(at *where, m *SpecMount) error {
	options, bind := at.member("options"), false
	for i, option := range m.Options {
		o := mountOptionFind(m.Type, option)
		if o == nil {
			return specRefuse(options.element(i), "%s mounts have no option %s", m.Type,
				jsonShown(option))
		}
		if !mountOptionValid(o, option) {
			return specRefuse(options.element(i), "bad value: %s", jsonShown(option))
		}
		bind = bind || o.class == optionBind
	}
	// Other runtimes know a bind mount by its options alone (OCI config.md, "Mounts").
	if m.Type == "bind" && !bind {
		return specRefuse(options, "a bind mount needs the option bind or rbind")
	}
	return nil
}

func checkSource(at *where, m *SpecMount) error {
	source := at.member("source")
	if m.Source == "" && m.Type == "bind" {
		return specRefuse(source, "missing")
	}
	if m.Source == "" {
		m.Source = m.Type
	}
	if m.Type == "bind" && m.Source[0] != '/' {
		return specRefuse(source, "must be an absolute path")
	}
	return nil
}

func mountElement(at *where, value any, place *SpecMount) error {
	m := place
	err := readObject(at, value, []field{
		{"destination", readPath, &m.Destination, 0, 0, true},
		{"type", readMountType, &m.Type, 1, 0, true},
		{"source", readString, &m.Source, 1, 4095, false},
		{"options", readStrings, &m.Options, 0, 0, false},
	})
	if err != nil {
		return err
	}
	if err := specRefuseRoot(at.member("destination"), m.Destination); err != nil {
		return err
	}
	if err := checkSource(at, m); err != nil {
		return err
	}
	return checkOptions(at, m)
}

func specReadMounts(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readList(at, value, f, &s.Mounts, mountElement)
}
