#include "textflag.h"

// func nofile() (soft, hard uint64)
TEXT ·nofile(SB), NOSPLIT, $0-16
	MOVQ $0, soft+0(FP)
	MOVQ $0, hard+8(FP)
	MOVL $0, DI
	MOVL $7, SI // RLIMIT_NOFILE
	MOVL $0, DX
	LEAQ soft+0(FP), R10
	MOVL $302, AX // SYS_prlimit64
	SYSCALL
	RET
