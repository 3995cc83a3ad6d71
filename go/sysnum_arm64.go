// Numbers that differ between architectures and are missing from some of Go's frozen lists.

package gobox

const (
	sysFstatat     = 79
	sysSetns       = 268
	sysRenameat2   = 276
	sysMemfdCreate = 279
	sysBpf         = 280
	sysExecveat    = 281
)
