#include "textflag.h"

// func nofile() (soft, hard uint64)
TEXT ·nofile(SB), NOSPLIT, $0-16
	MOVD ZR, soft+0(FP)
	MOVD ZR, hard+8(FP)
	MOVD ZR, R0
	MOVD $7, R1 // RLIMIT_NOFILE
	MOVD ZR, R2
	MOVD $soft+0(FP), R3
	MOVD $261, R8 // SYS_prlimit64
	SVC
	RET
