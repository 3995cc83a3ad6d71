// The normalised spec, as `check` shows it; c/spec_print.c is its twin.

package gobox

import (
	"fmt"
	"io"
)

type tree = map[string]any

// putFilled puts only what is there: an empty object or list is left out.
func putFilled(object tree, key string, value any) {
	switch v := value.(type) {
	case tree:
		if len(v) > 0 {
			object[key] = v
		}
	case []any:
		if len(v) > 0 {
			object[key] = v
		}
	}
}

func putString(object tree, key, text string) {
	if text != "" {
		object[key] = text
	}
}

func putNumber(object tree, key string, number SpecNumber) {
	if number.Given {
		object[key] = number.Value
	}
}

func stringsTree(list []string) []any {
	array := make([]any, 0, len(list))
	for _, text := range list {
		array = append(array, text)
	}
	return array
}

func keyValuesTree(list []SpecKeyValue) tree {
	o := make(tree, len(list))
	for _, kv := range list {
		o[kv.Key] = kv.Value
	}
	return o
}

func rootTree(s *Spec) tree {
	o := tree{}
	putString(o, "path", s.Root.Path)
	o["readonly"] = s.Root.Readonly
	return o
}

func userTree(s *Spec) tree {
	o, gids := tree{}, []any{}
	for _, gid := range s.Process.AdditionalGIDs {
		gids = append(gids, gid)
	}
	putFilled(o, "additionalGids", gids)
	o["gid"] = s.Process.GID
	o["uid"] = s.Process.UID
	return o
}

func capabilitySetTree(set uint64) []any {
	array := []any{}
	for i, name := range capabilityNames {
		if set&(1<<i) != 0 {
			array = append(array, name)
		}
	}
	return array
}

func capabilitiesTree(c *SpecCapabilities) tree {
	return tree{
		"ambient":     capabilitySetTree(c.Ambient),
		"bounding":    capabilitySetTree(c.Bounding),
		"effective":   capabilitySetTree(c.Effective),
		"inheritable": capabilitySetTree(c.Inheritable),
		"permitted":   capabilitySetTree(c.Permitted),
	}
}

func rlimitsTree(s *Spec) []any {
	array := []any{}
	for _, r := range s.Process.Rlimits {
		array = append(array, tree{
			"hard": r.Hard,
			"soft": r.Soft,
			"type": rlimitNames[r.Resource],
		})
	}
	return array
}

func processTree(s *Spec) tree {
	o := tree{}
	o["args"] = stringsTree(s.Process.Args)
	if s.Process.Capabilities.Given {
		o["capabilities"] = capabilitiesTree(&s.Process.Capabilities)
	}
	o["cwd"] = s.Process.Cwd
	putFilled(o, "env", stringsTree(s.Process.Env))
	o["noNewPrivileges"] = s.Process.NoNewPrivileges
	putNumber(o, "oomScoreAdj", s.Process.OOMScoreAdj)
	putFilled(o, "rlimits", rlimitsTree(s))
	o["terminal"] = s.Process.Terminal
	o["user"] = userTree(s)
	return o
}

func mountsTree(s *Spec) []any {
	array := []any{}
	for i := range s.Mounts {
		m, o := &s.Mounts[i], tree{}
		o["destination"] = m.Destination
		putFilled(o, "options", stringsTree(m.Options))
		o["source"] = m.Source
		o["type"] = m.Type
		array = append(array, o)
	}
	return array
}

func namespacesTree(s *Spec) []any {
	array := []any{}
	for id := range s.Namespaces {
		if !s.Namespaces[id].Wanted {
			continue
		}
		o := tree{}
		putString(o, "path", s.Namespaces[id].Path)
		o["type"] = namespaceKinds[id].name
		array = append(array, o)
	}
	return array
}

func mappingsTree(maps []SpecIDMap) []any {
	array := []any{}
	for _, m := range maps {
		array = append(array, tree{
			"containerID": m.ContainerID,
			"hostID":      m.HostID,
			"size":        m.Size,
		})
	}
	return array
}

func resourcesTree(s *Spec) tree {
	o, cpu, memory, pids := tree{}, tree{}, tree{}, tree{}
	putNumber(cpu, "period", s.Resources.CPUPeriod)
	putNumber(cpu, "quota", s.Resources.CPUQuota)
	putNumber(cpu, "shares", s.Resources.CPUShares)
	putFilled(o, "cpu", cpu)
	putNumber(memory, "limit", s.Resources.MemoryLimit)
	putNumber(memory, "swap", s.Resources.MemorySwap)
	putFilled(o, "memory", memory)
	putNumber(pids, "limit", s.Resources.PidsLimit)
	putFilled(o, "pids", pids)
	putFilled(o, "unified", keyValuesTree(s.Resources.Unified))
	return o
}

func linuxTree(s *Spec) tree {
	o := tree{}
	putString(o, "cgroupsPath", s.CgroupsPath)
	putFilled(o, "gidMappings", mappingsTree(s.GIDMappings))
	putFilled(o, "maskedPaths", stringsTree(s.MaskedPaths))
	putFilled(o, "namespaces", namespacesTree(s))
	putFilled(o, "readonlyPaths", stringsTree(s.ReadonlyPaths))
	if s.HasResources {
		o["resources"] = resourcesTree(s)
	}
	putFilled(o, "uidMappings", mappingsTree(s.UIDMappings))
	return o
}

func putAddress(object tree, key string, a *SpecAddress) {
	text := fmt.Sprintf("%d.%d.%d.%d", a.IP[0], a.IP[1], a.IP[2], a.IP[3])
	if a.Prefix != 32 {
		text += fmt.Sprintf("/%d", a.Prefix)
	}
	if a.Given {
		object[key] = text
	}
}

func vethEndTree(end *SpecVethEnd) tree {
	o := tree{}
	putAddress(o, "address", &end.Address)
	putAddress(o, "gateway", &end.Gateway)
	o["name"] = end.Name
	return o
}

func vethTree(s *Spec) tree {
	return tree{
		"container": vethEndTree(&s.Veth.Container),
		"host":      vethEndTree(&s.Veth.Host),
		"mtu":       s.Veth.MTU,
	}
}

func specTree(s *Spec) tree {
	o := tree{}
	putFilled(o, "annotations", keyValuesTree(s.Annotations))
	putString(o, "hostname", s.Hostname)
	putFilled(o, "linux", linuxTree(s))
	putFilled(o, "mounts", mountsTree(s))
	o["ociVersion"] = s.OCIVersion
	o["process"] = processTree(s)
	o["root"] = rootTree(s)
	if s.HasVeth {
		o["veth"] = vethTree(s)
	}
	return o
}

// specPrint prints the normalised spec: keys sorted, defaults filled in, two spaces a level, LF at
// the end.
func specPrint(s *Spec, out io.Writer) error {
	if err := jsonWrite(specTree(s), out); err != nil {
		return errorSys(err, "writing the output")
	}
	return nil
}
