/* tracee.c: see tracee.h. */
#include "tracee.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* glibc's header for it and the kernel's do not go together in one file. */
struct call_info {
	uint8_t op;
	uint32_t arch;
	uint64_t instruction_pointer, stack_pointer, number, args[6];
};
enum { CALL_BEGINS = 1, CALL_ENDS = 2 };

enum tracee_stop tracee_stop(int status)
{
	int event = status >> 16;

	if (event == PTRACE_EVENT_EXEC)
		return STOP_EXEC;
	/* A new task's first stop says SIGTRAP; the others are group-stops. */
	if (event == PTRACE_EVENT_STOP)
		return WSTOPSIG(status) == SIGTRAP ? STOP_OTHER : STOP_GROUP;
	if (event)
		return STOP_OTHER;
	return WSTOPSIG(status) == (SIGTRAP | 0x80) ? STOP_CALL : STOP_SIGNAL;
}

bool tracee_begin(pid_t pid)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		       PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

	return ptrace(PTRACE_SEIZE, pid, 0, options) == 0 &&
	       ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0;
}

bool tracee_let_go(pid_t tid)
{
	return ptrace(PTRACE_DETACH, tid, 0, 0) == 0;
}

/* It may have been killed meanwhile: then waitpid(2) tells next. */
void tracee_go_on(pid_t tid, int signal)
{
	ptrace(PTRACE_SYSCALL, tid, 0, signal);
}

void tracee_listen(pid_t tid)
{
	ptrace(PTRACE_LISTEN, tid, 0, 0);
}

pid_t tracee_group(pid_t tid)
{
	char path[64], line[128];
	pid_t group = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &group) == 1)
			break;
	if (file)
		fclose(file);
	return group;
}

bool tracee_read(pid_t tid, struct tracee_call *call)
{
	struct call_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
		(info.op != CALL_BEGINS && info.op != CALL_ENDS))
		return false;
	call->is_begin = info.op == CALL_BEGINS;
	call->number = info.number;
	call->address = info.instruction_pointer;
	memcpy(call->args, info.args, sizeof(call->args));
	return true;
}

/* Gives the registers to change, and writes them back. */
static void with_registers(
	pid_t tid, void (*change)(struct user_regs_struct *, int, uint64_t), int index, uint64_t to)
{
	struct user_regs_struct registers;
	struct iovec whole = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &whole) < 0)
		return;
	change(&registers, index, to);
	ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &whole);
}

#if defined(__x86_64__)
static void change_result(struct user_regs_struct *r, int index, uint64_t to)
{
	(void)index;
	r->rax = to;
}

static void change_number(struct user_regs_struct *r, int index, uint64_t to)
{
	(void)index;
	r->orig_rax = to;
}

static void change_argument(struct user_regs_struct *r, int index, uint64_t to)
{
	unsigned long long *args[] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};

	*args[index] = to;
}

void tracee_leave_out(pid_t tid)
{
	with_registers(tid, change_number, 0, (uint64_t)-1);
}
#elif defined(__aarch64__)
static void change_result(struct user_regs_struct *r, int index, uint64_t to)
{
	(void)index;
	r->regs[0] = to;
}

static void change_argument(struct user_regs_struct *r, int index, uint64_t to)
{
	r->regs[index] = to;
}

/* The number is no register of its own here: ptrace(2), NT_ARM_SYSTEM_CALL. */
void tracee_leave_out(pid_t tid)
{
	int none = -1;
	struct iovec number = {&none, sizeof(none)};

	ptrace(PTRACE_SETREGSET, tid, 0x404, &number);
}
#endif

void tracee_set_result(pid_t tid, long result)
{
	with_registers(tid, change_result, 0, (uint64_t)result);
}

void tracee_set_argument(pid_t tid, int index, uint64_t value)
{
	with_registers(tid, change_argument, index, value);
}
