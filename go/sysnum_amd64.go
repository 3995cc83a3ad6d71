// Numbers that differ between architectures and are missing from some of Go's frozen lists.

package gobox

const (
	sysFstatat     = 262
	sysSetns       = 308
	sysRenameat2   = 316
	sysMemfdCreate = 319
	sysBpf         = 321
	sysExecveat    = 322
)
