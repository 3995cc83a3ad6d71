// linux.resources as files of a cgroup v2. One row a file: what it is called and how its value is
// printed. cgroup.go writes what this table says; c/resources.c has the same rows.
// The conversions are those of runc and crun, OCI config-linux.md.

package gobox

import (
	"fmt"
	"slices"
	"strings"
)

const cpuPeriodDefault = 100000 // microseconds; the kernel's own, cgroup-v2.rst "cpu.max"

// limit is one file of the cgroup and the text that goes into it.
type limit struct {
	file  string // "memory.max"
	value string
}

// asked: OCI numbers that are absent and those that are 0 both mean: leave the kernel's default.
func asked(n SpecNumber) bool {
	return n.Given && n.Value != 0
}

func printNumber(value int64) string {
	if value < 0 {
		return "max"
	}
	return fmt.Sprint(value)
}

// cpuWeight takes cgroup v1 shares 2-262144 to v2 weight 1-10000, in a straight line. (runc 1.4
// and crun 1.23 bend the line so that 1024 becomes 100; those that distributions carry today have
// this one.)
func cpuWeight(s *Spec) (string, error) {
	if !asked(s.Resources.CPUShares) {
		return "", nil
	}
	return printNumber(1 + (s.Resources.CPUShares.Value-2)*9999/262142), nil
}

// cpuMax is "QUOTA PERIOD", both in microseconds.
func cpuMax(s *Spec) (string, error) {
	quota, period := s.Resources.CPUQuota, s.Resources.CPUPeriod
	if !asked(quota) && !asked(period) {
		return "", nil
	}
	if !asked(quota) {
		quota.Value = -1
	}
	if !asked(period) {
		period.Value = cpuPeriodDefault
	}
	return fmt.Sprintf("%s %d", printNumber(quota.Value), period.Value), nil
}

func memoryMax(s *Spec) (string, error) {
	if !asked(s.Resources.MemoryLimit) {
		return "", nil
	}
	return printNumber(s.Resources.MemoryLimit.Value), nil
}

// memorySwapMax: OCI counts memory and swap together, as cgroup v1 did; memory.swap.max counts
// swap alone.
func memorySwapMax(s *Spec) (string, error) {
	limit, swap := s.Resources.MemoryLimit, s.Resources.MemorySwap
	if !asked(swap) {
		return "", nil
	}
	if swap.Value < 0 {
		return printNumber(-1), nil
	}
	if !asked(limit) || limit.Value < 0 {
		return "", errorSay("linux.resources.memory.swap needs a memory.limit")
	}
	if swap.Value < limit.Value {
		return "", errorSay("linux.resources.memory.swap %d is less than memory.limit %d",
			swap.Value, limit.Value)
	}
	return printNumber(swap.Value - limit.Value), nil
}

func pidsMax(s *Spec) (string, error) {
	if !asked(s.Resources.PidsLimit) {
		return "", nil
	}
	return printNumber(s.Resources.PidsLimit.Value), nil
}

// The word before the first dot of a file's name is its controller.
// print gives "" where the spec does not ask for the file.
var resourceRows = [...]struct {
	file  string
	print func(*Spec) (string, error)
}{
	{"cpu.weight", cpuWeight},
	{"cpu.max", cpuMax},
	{"memory.max", memoryMax},
	{"memory.swap.max", memorySwapMax},
	{"pids.max", pidsMax},
}

// resourcesCount is how many rows the spec may ask for: those of the table, then
// linux.resources.unified.
func resourcesCount(s *Spec) int {
	return len(resourceRows) + len(s.Resources.Unified)
}

// unifiedLimit: a key is the name of a file in the cgroup's own directory, never a way out of it.
func unifiedLimit(kv SpecKeyValue) (limit, bool, error) {
	if strings.HasPrefix(kv.Key, ".") || !strings.Contains(kv.Key, ".") ||
		strings.Contains(kv.Key, "/") {
		return limit{}, false, errorSay(
			"linux.resources.unified: %s is not the name of a cgroup file", kv.Key)
	}
	return limit{kv.Key, kv.Value}, true, nil
}

// resourcesLimit gives row i of s. The rows of unified come last, so that they win. False where
// the spec does not ask for it, an error where the value makes no sense in cgroup v2.
func resourcesLimit(s *Spec, i int) (limit, bool, error) {
	if i >= len(resourceRows) {
		return unifiedLimit(s.Resources.Unified[i-len(resourceRows)])
	}
	value, err := resourceRows[i].print(s)
	return limit{resourceRows[i].file, value}, value != "" && err == nil, err
}

// resourcesControllers are the controllers that these files belong to, once each.
func resourcesControllers(s *Spec) ([]string, error) {
	var controllers []string
	for i := 0; i < resourcesCount(s); i++ {
		limit, wanted, err := resourcesLimit(s, i)
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		controller, _, _ := strings.Cut(limit.file, ".")
		// cgroup.* files belong to every cgroup.
		if controller == "cgroup" || slices.Contains(controllers, controller) {
			continue
		}
		controllers = append(controllers, controller)
	}
	return controllers, nil
}
