// The spec's object "linux" but for its resources; c/spec_linux.c is its twin.

package gobox

import "strings"

// mappingsMax: lines of a uid_map or gid_map since Linux 4.15 (user_namespaces(7)).
const mappingsMax = 340

func readNamespaceType(at *where, value any, f *field) error {
	var name string
	if err := readString(at, value, &field{into: &name}); err != nil {
		return err
	}
	for id := range namespaceKinds {
		if namespaceKinds[id].name == name {
			*f.into.(*int) = id
			return nil
		}
	}
	return specRefuse(at, "no such namespace: %s", jsonShown(name))
}

func readNamespace(at *where, value any, s *Spec) error {
	id, path := 0, ""
	err := readObject(at, value, []field{
		{"type", readNamespaceType, &id, 0, 0, true},
		{"path", readPath, &path, 0, 0, false},
	})
	if err != nil {
		return err
	}
	if s.Namespaces[id].Wanted {
		return specRefuse(at, "%s is listed twice", namespaceKinds[id].name)
	}
	s.Namespaces[id] = SpecNamespace{true, path}
	return nil
}

func readNamespaces(at *where, value any, f *field) error {
	array, ok := value.([]any)
	if !ok {
		return specRefuseType(at, value, "an array")
	}
	for i, element := range array {
		if err := readNamespace(at.element(i), element, f.into.(*Spec)); err != nil {
			return err
		}
	}
	return nil
}

func mappingElement(at *where, value any, place *SpecIDMap) error {
	m := place
	err := readObject(at, value, []field{
		{"containerID", readU32, &m.ContainerID, 0, maxUint32 - 1, true},
		{"hostID", readU32, &m.HostID, 0, maxUint32 - 1, true},
		{"size", readU32, &m.Size, 1, maxUint32, true},
	})
	if err != nil {
		return err
	}
	if uint64(m.ContainerID)+uint64(m.Size) > maxUint32 ||
		uint64(m.HostID)+uint64(m.Size) > maxUint32 {
		return specRefuse(at, "goes beyond the last id, 4294967294")
	}
	return nil
}

// overlap is true when [a, a+n) and [b, b+m) have a number in common.
func overlap(a, n, b, m uint32) bool {
	return uint64(a) < uint64(b)+uint64(m) && uint64(b) < uint64(a)+uint64(n)
}

// checkOverlap: no id twice on either side: the kernel would refuse the map with no more than
// EINVAL.
func checkOverlap(at *where, maps []SpecIDMap) error {
	for i, a := range maps {
		for j, b := range maps[:i] {
			if overlap(a.ContainerID, a.Size, b.ContainerID, b.Size) {
				return specRefuse(at.element(i), "container ids overlap with element %d", j)
			}
			if overlap(a.HostID, a.Size, b.HostID, b.Size) {
				return specRefuse(at.element(i), "host ids overlap with element %d", j)
			}
		}
	}
	return nil
}

func readMappings(at *where, value any, f *field) error {
	maps := f.into.(*[]SpecIDMap)
	if err := readList(at, value, f, maps, mappingElement); err != nil {
		return err
	}
	return checkOverlap(at, *maps)
}

func isSystemdPath(path string) bool {
	return !strings.HasPrefix(path, "/") && strings.Count(path, ":") >= 2
}

func readCgroupsPath(at *where, value any, f *field) error {
	path := f.into.(*string)
	if text, ok := value.(string); ok && isSystemdPath(text) {
		err := specRefuse(at, "systemd's form slice:prefix:name is not supported by this runtime")
		return errorHint(err, "give a path below the cgroup mount, such as /twinbox/demo")
	}
	if err := readPath(at, value, f); err != nil {
		return err
	}
	if *path == "/" {
		return specRefuse(at, "must not be the root cgroup")
	}
	return nil
}

// readCoveredPaths reads maskedPaths and readonlyPaths: places in the container that get a mount each.
func readCoveredPaths(at *where, value any, f *field) error {
	if err := readPaths(at, value, f); err != nil {
		return err
	}
	for i, path := range *f.into.(*[]string) {
		err := specRefuseRoot(at.element(i), path)
		if err != nil && f.name == "readonlyPaths" {
			errorHint(err, "add \"readonly\": true to root, which makes the root itself read-only")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func specReadLinux(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"namespaces", readNamespaces, s, 0, 0, false},
		{"uidMappings", readMappings, &s.UIDMappings, 1, mappingsMax, false},
		{"gidMappings", readMappings, &s.GIDMappings, 1, mappingsMax, false},
		{"cgroupsPath", readCgroupsPath, &s.CgroupsPath, 0, 0, false},
		{"resources", specReadResources, s, 0, 0, false},
		{"maskedPaths", readCoveredPaths, &s.MaskedPaths, 0, 0, false},
		{"readonlyPaths", readCoveredPaths, &s.ReadonlyPaths, 0, 0, false},
	})
}
