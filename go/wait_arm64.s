// The handler of the signals that gobox hands on to its command: see wait.go. It runs on whichever
// thread the kernel has chosen, on that thread's stack for signals, and touches nothing of Go's.

#include "textflag.h"

// write(signalWriter, &number, 1); the kernel puts all registers back afterwards.
TEXT ·signalHandler(SB), NOSPLIT|NOFRAME, $0
	SUB $16, RSP
	MOVD R0, 8(RSP)
	MOVW ·signalWriter(SB), R0
	ADD $8, RSP, R1
	MOVD $1, R2
	MOVD $64, R8 // SYS_write
	SVC
	// One of signalEnds: write(signalKiller, "1", 1)
	MOVW ·signalKiller(SB), R0
	TBNZ $31, R0, done
	MOVD 8(RSP), R3
	MOVD ·signalEnds(SB), R4
	LSR R3, R4, R4
	TBZ $0, R4, done
	MOVD $49, R3
	MOVD R3, 8(RSP)
	ADD $8, RSP, R1
	MOVD $1, R2
	MOVD $64, R8 // SYS_write
	SVC
	// And again: setitimer(ITIMER_REAL, &signalAgain, NULL)
	MOVD ·signalEnds(SB), R4
	ORR $(1<<14), R4 // SIGALRM
	MOVD R4, ·signalEnds(SB)
	MOVD ZR, R0
	MOVD $·signalAgain(SB), R1
	MOVD ZR, R2
	MOVD $103, R8 // SYS_setitimer
	SVC
done:
	ADD $16, RSP
	RET

// What the handler returns to: rt_sigreturn(2).
TEXT ·signalReturn(SB), NOSPLIT|NOFRAME, $0
	MOVD $139, R8 // SYS_rt_sigreturn
	SVC

DATA ·signalHandlerPC(SB)/8, $·signalHandler(SB)
GLOBL ·signalHandlerPC(SB), RODATA, $8
DATA ·signalReturnPC(SB)/8, $·signalReturn(SB)
GLOBL ·signalReturnPC(SB), RODATA, $8
