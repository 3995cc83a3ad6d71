/*
 * tracee.h: ptrace(2) as inject.c wants it; what differs between processors is here and nowhere
 * else.
 */
#ifndef TWINBOX_TESTS_TRACEE_H
#define TWINBOX_TESTS_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A system call about to be made, or just made. */
struct tracee_call {
	bool is_begin;
	uint64_t number, args[6]; /* at its begin only */
	uint64_t address;	  /* of the instruction behind it */
};

enum tracee_stop { STOP_CALL, STOP_EXEC, STOP_GROUP, STOP_SIGNAL, STOP_OTHER };

/* What a status of waitpid(2) means. */
enum tracee_stop tracee_stop(int status);

/* Attaches to a stopped process; it and all that it makes die with us. */
bool tracee_begin(pid_t pid);
bool tracee_let_go(pid_t tid);
void tracee_go_on(pid_t tid, int signal);
/* For a task that SIGSTOP or its like has stopped: it stays so, until SIGCONT. */
void tracee_listen(pid_t tid);

/* The process that a thread belongs to. */
pid_t tracee_group(pid_t tid);

bool tracee_read(pid_t tid, struct tracee_call *call);
/* At a call's begin: it is not made at all. Its end then needs a result. */
void tracee_leave_out(pid_t tid);
void tracee_set_result(pid_t tid, long result);
void tracee_set_argument(pid_t tid, int index, uint64_t value);

#endif
