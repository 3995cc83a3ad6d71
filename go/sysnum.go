// Numbers of system calls that came after Go froze the syscall package's own lists.
// The same on every architecture (include/uapi/asm-generic/unistd.h): all are newer than 2019,
// when the tables were joined.

package gobox

const (
	sysPidfdSendSignal = 424
	sysOpenTree        = 428
	sysMoveMount       = 429
	sysFsopen          = 430
	sysFsconfig        = 431
	sysFsmount         = 432
	sysFspick          = 433
	sysPidfdOpen       = 434
	sysClone3          = 435
	sysCloseRange      = 436
	sysOpenat2         = 437
	sysMountSetattr    = 442
)
