// What a second self is spared: a pids.max that would stop it, however it is written.

package gobox

import "testing"

func TestPidsLimitIsReadAsTheKernelDoes(t *testing.T) {
	for value, want := range map[string]uint64{"1": 1, " 1": 1, "2 ": 2, "\t3\r": 3, "+4": 4,
		"0": 0, "00": 0, "010": 8, "0x10": 16, "0X1f": 31, "4194304": 4194304} {
		if limit, known := pidsLimit(value); !known || limit != want {
			t.Errorf("%q is %d, %t", value, limit, known)
		}
	}
	for _, value := range []string{"max", "", " ", "-1", "+-1", "1 2", "08", "0x", "0b1", "0o1", "1_0",
		"9223372036854775808"} {
		if limit, known := pidsLimit(value); known {
			t.Errorf("%q is %d", value, limit)
		}
	}
}
