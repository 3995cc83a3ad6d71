// The handler of the signals that gobox hands on to its command: see wait.go. It runs on whichever
// thread the kernel has chosen, on that thread's stack for signals, and touches nothing of Go's.

#include "textflag.h"

// write(signalWriter, &number, 1); the kernel puts all registers back afterwards.
TEXT ·signalHandler(SB), NOSPLIT|NOFRAME, $0
	SUBQ $24, SP
	MOVQ DI, 8(SP)
	MOVL ·signalWriter(SB), DI
	LEAQ 8(SP), SI
	MOVL $1, DX
	MOVL $1, AX // SYS_write
	SYSCALL
	// SIGHUP, SIGINT, SIGTERM: write(signalKiller, "1", 1)
	MOVL ·signalKiller(SB), DI
	TESTL DI, DI
	JLT done
	MOVQ 8(SP), CX
	MOVQ $0x8006, AX
	BTQ CX, AX
	JCC done
	MOVQ $'1', 8(SP)
	LEAQ 8(SP), SI
	MOVL $1, DX
	MOVL $1, AX // SYS_write
	SYSCALL
done:
	ADDQ $24, SP
	RET

// What the handler returns to: rt_sigreturn(2).
TEXT ·signalReturn(SB), NOSPLIT|NOFRAME, $0
	MOVL $15, AX // SYS_rt_sigreturn
	SYSCALL

DATA ·signalHandlerPC(SB)/8, $·signalHandler(SB)
GLOBL ·signalHandlerPC(SB), RODATA, $8
DATA ·signalReturnPC(SB)/8, $·signalReturn(SB)
GLOBL ·signalReturnPC(SB), RODATA, $8
