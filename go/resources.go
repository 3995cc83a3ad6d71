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

// printCPUWeight takes cgroup v1 shares 2-262144 to v2 weight 1-10000, in a straight line. (crun 1.23
// and later bends the line so that 1024 becomes 100; what distributions carry today does not.)
func printCPUWeight(s *Spec) string {
	if !asked(s.Resources.CPUShares) {
		return ""
	}
	return printNumber(1 + (s.Resources.CPUShares.Value-2)*9999/262142)
}

// printCPUMax is "QUOTA PERIOD", both in microseconds.
func printCPUMax(s *Spec) string {
	quota, period := s.Resources.CPUQuota, s.Resources.CPUPeriod
	if !asked(quota) && !asked(period) {
		return ""
	}
	if !asked(quota) {
		quota.Value = -1
	}
	if !asked(period) {
		period.Value = cpuPeriodDefault
	}
	return fmt.Sprintf("%s %d", printNumber(quota.Value), period.Value)
}

func printMemoryMax(s *Spec) string {
	if !asked(s.Resources.MemoryLimit) {
		return ""
	}
	return printNumber(s.Resources.MemoryLimit.Value)
}

// printMemorySwapMax: OCI counts memory and swap together, as cgroup v1 did; memory.swap.max counts
// swap alone.
func printMemorySwapMax(s *Spec) string {
	limit, swap := s.Resources.MemoryLimit, s.Resources.MemorySwap
	if !asked(swap) {
		return ""
	}
	if swap.Value < 0 {
		return printNumber(-1)
	}
	// The parser has seen to it that a swap comes with a limit that is not above it.
	return printNumber(swap.Value - limit.Value)
}

func printPidsMax(s *Spec) string {
	if !asked(s.Resources.PidsLimit) {
		return ""
	}
	return printNumber(s.Resources.PidsLimit.Value)
}

// The word before the first dot of a file's name is its controller.
// print gives "" where the spec does not ask for the file.
var resourceRows = [...]struct {
	file  string
	print func(*Spec) string
}{
	{"cpu.weight", printCPUWeight},
	{"cpu.max", printCPUMax},
	{"memory.max", printMemoryMax},
	{"memory.swap.max", printMemorySwapMax},
	{"pids.max", printPidsMax},
}

// resourcesCount is how many rows the spec may ask for: those of the table, then
// linux.resources.unified.
func resourcesCount(s *Spec) int {
	return len(resourceRows) + len(s.Resources.Unified)
}

// resourcesLimit gives row i of s; false where the spec does not ask for it. The rows of unified
// come last, so that they win.
func resourcesLimit(s *Spec, i int) (limit, bool) {
	if i >= len(resourceRows) {
		kv := s.Resources.Unified[i-len(resourceRows)]
		return limit{kv.Key, kv.Value}, true
	}
	value := resourceRows[i].print(s)
	return limit{resourceRows[i].file, value}, value != ""
}

// resourcesControllers are the controllers that these files belong to, once each.
func resourcesControllers(s *Spec) []string {
	var controllers []string
	for i := 0; i < resourcesCount(s); i++ {
		limit, wanted := resourcesLimit(s, i)
		controller, _, _ := strings.Cut(limit.file, ".")
		if wanted && !slices.Contains(controllers, controller) {
			controllers = append(controllers, controller)
		}
	}
	return controllers
}
