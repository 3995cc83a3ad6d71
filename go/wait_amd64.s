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
	// One of signalEnds: write(signalKiller, "1", 1)
	MOVL ·signalKiller(SB), DI
	TESTL DI, DI
	JLT done
	MOVQ 8(SP), CX
	MOVQ ·signalEnds(SB), AX
	BTQ CX, AX
	JCC done
	MOVQ $'1', 8(SP)
	LEAQ 8(SP), SI
	MOVL $1, DX
	MOVL $1, AX // SYS_write
	SYSCALL
	// And again: setitimer(ITIMER_REAL, &signalAgain, NULL)
	ORQ $(1<<14), ·signalEnds(SB) // SIGALRM
	XORL DI, DI
	LEAQ ·signalAgain(SB), SI
	XORL DX, DX
	MOVL $38, AX // SYS_setitimer
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
