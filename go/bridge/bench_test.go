//go:build cgo

package bridge

import "testing"

// BenchmarkEmptyCall is what crossing into C and back costs, whatever is done there.
func BenchmarkEmptyCall(b *testing.B) {
	for i := 0; i < b.N; i++ {
		nothing()
	}
}
