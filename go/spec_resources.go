// The spec's object "linux.resources"; c/spec_resources.c is its twin.

package gobox

import "strings"

const (
	// Of kernel/sched/core.c: a quota is at least 1 ms, and less than 2^44 microseconds.
	quotaMin  = 1000
	quotaMax  = 1<<44 - 1
	periodMin = 1000
	periodMax = 1000000
	// PID_MAX_LIMIT of a 64-bit kernel, the most that pids.max takes.
	pidsLimitMax = 4194304
)

func readMemory(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	limit, swap := &s.Resources.MemoryLimit, &s.Resources.MemorySwap
	err := readObject(at, value, []field{
		{"limit", readLimit, limit, 1, maxInt64, false},
		{"swap", readLimit, swap, 1, maxInt64, false},
	})
	if err != nil {
		return err
	}
	// OCI's swap is memory and swap together; cgroup v2 counts swap alone.
	if swap.Given && !limit.Given {
		return specRefuse(at.member("swap"), "needs limit as well")
	}
	if swap.Given && swap.Value != -1 && (limit.Value == -1 || swap.Value < limit.Value) {
		return specRefuse(at.member("swap"),
			"must not be less than limit: it counts memory and swap")
	}
	return nil
}

func readCPU(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"quota", readLimit, &s.Resources.CPUQuota, quotaMin, quotaMax, false},
		{"period", readNumber, &s.Resources.CPUPeriod, periodMin, periodMax, false},
		{"shares", readNumber, &s.Resources.CPUShares, 2, 262144, false},
	})
}

func readPids(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	return readObject(at, value, []field{
		{"limit", readLimit, &s.Resources.PidsLimit, 1, pidsLimitMax, true},
	})
}

// readUnified reads names of files in the container's cgroup, and what to write there.
func readUnified(at *where, value any, f *field) error {
	unified := f.into.(*[]SpecKeyValue)
	if err := readKeyValues(at, value, f); err != nil {
		return err
	}
	for _, kv := range *unified {
		here := at.member(kv.Key)
		// Otherwise the key would be a path out of the cgroup, or move processes about.
		if strings.Contains(kv.Key, "/") || !strings.Contains(kv.Key, ".") || kv.Key[0] == '.' {
			return specRefuse(here, "must be the name of a file such as memory.high")
		}
		if strings.HasPrefix(kv.Key, "cgroup.") {
			return specRefuse(here, "files of cgroup itself are the runtime's own")
		}
		if kv.Value == "" || strings.Contains(kv.Value, "\n") {
			return specRefuse(here, "must be one line that is not empty")
		}
	}
	return nil
}

func specReadResources(at *where, value any, f *field) error {
	s := f.into.(*Spec)
	s.HasResources = true
	return readObject(at, value, []field{
		{"memory", readMemory, s, 0, 0, false},
		{"cpu", readCPU, s, 0, 0, false},
		{"pids", readPids, s, 0, 0, false},
		{"unified", readUnified, &s.Resources.Unified, 0, 0, false},
	})
}
