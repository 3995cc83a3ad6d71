// The limits of a spec as files of cgroup v2. tests/unit/test_resources.c holds the same rows.

package gobox

import (
	"math"
	"strings"
	"testing"
)

const none = math.MinInt64 // not in the spec

var resourcesTests = []struct {
	limit, swap, quota, period, shares, pids int64
	files, controllers                       string
}{
	{none, none, none, none, none, none, "", ""},
	{52428800, none, none, none, none, none, "memory.max=52428800;", "memory"},
	{-1, none, none, none, none, none, "memory.max=max;", "memory"},
	{100, 100, none, none, none, none, "memory.max=100;memory.swap.max=0;", "memory"},
	{100, 150, none, none, none, none, "memory.max=100;memory.swap.max=50;", "memory"},
	{100, -1, none, none, none, none, "memory.max=100;memory.swap.max=max;", "memory"},
	{-1, -1, none, none, none, none, "memory.max=max;memory.swap.max=max;", "memory"},
	{none, none, 20000, none, none, none, "cpu.max=20000 100000;", "cpu"},
	{none, none, 20000, 50000, none, none, "cpu.max=20000 50000;", "cpu"},
	{none, none, -1, none, none, none, "cpu.max=max 100000;", "cpu"},
	{none, none, none, 50000, none, none, "cpu.max=max 50000;", "cpu"},
	{none, none, none, none, 2, none, "cpu.weight=1;", "cpu"},
	{none, none, none, none, 512, none, "cpu.weight=20;", "cpu"},
	{none, none, none, none, 1024, none, "cpu.weight=39;", "cpu"},
	{none, none, none, none, 262144, none, "cpu.weight=10000;", "cpu"},
	{none, none, none, none, none, 64, "pids.max=64;", "pids"},
	{none, none, none, none, none, -1, "pids.max=max;", "pids"},
	{0, 0, 0, 0, 0, 0, "", ""},
	{math.MaxInt64, math.MaxInt64, 17592186044415, 1000000, 2, 4194304,
		"cpu.weight=1;cpu.max=17592186044415 1000000;memory.max=9223372036854775807;" +
			"memory.swap.max=0;pids.max=4194304;",
		"cpu memory pids"},
}

func specNumber(value int64) SpecNumber {
	if value == none {
		return SpecNumber{}
	}
	return SpecNumber{Given: true, Value: value}
}

// limitsOf gives "FILE=VALUE;" for each limit of s, in the order in which they are written.
func limitsOf(s *Spec) string {
	text := ""
	for i := 0; i < resourcesCount(s); i++ {
		if limit, wanted := resourcesLimit(s, i); wanted {
			text += limit.file + "=" + limit.value + ";"
		}
	}
	return text
}

func TestResourcesConvertEachLimit(t *testing.T) {
	for _, row := range resourcesTests {
		s := Spec{HasResources: true}
		s.Resources.MemoryLimit = specNumber(row.limit)
		s.Resources.MemorySwap = specNumber(row.swap)
		s.Resources.CPUQuota = specNumber(row.quota)
		s.Resources.CPUPeriod = specNumber(row.period)
		s.Resources.CPUShares = specNumber(row.shares)
		s.Resources.PidsLimit = specNumber(row.pids)
		if got := limitsOf(&s); got != row.files {
			t.Errorf("limits are %q, not %q", got, row.files)
		}
		if got := strings.Join(resourcesControllers(&s), " "); got != row.controllers {
			t.Errorf("controllers are %q, not %q", got, row.controllers)
		}
	}
}

func TestResourcesUnifiedComesLastAndAsItIs(t *testing.T) {
	s := Spec{HasResources: true}
	s.Resources.MemoryLimit = specNumber(4096)
	s.Resources.Unified = []SpecKeyValue{
		{"hugetlb.2MB.max", "0"},
		{"io.max", "8:0 rbps=1024"},
		{"memory.high", "1048576"},
		{"memory.max", "2097152"},
	}
	want := "memory.max=4096;hugetlb.2MB.max=0;io.max=8:0 rbps=1024;memory.high=1048576;" +
		"memory.max=2097152;"
	if got := limitsOf(&s); got != want {
		t.Errorf("limits are %q, not %q", got, want)
	}
	if got := strings.Join(resourcesControllers(&s), " "); got != "memory hugetlb io" {
		t.Errorf("controllers are %q", got)
	}
}
