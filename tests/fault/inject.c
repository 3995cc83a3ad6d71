/*
 * inject.c: runs a program and does something at one of its system calls.
 *
 *   inject [--report FILE] [--seconds N] [--user UID] [--own FROM:TO] [--at SITE --do ACT] --
 *          PROGRAM [ARG...]
 *
 * SITE is four words parted by tabs, as a report without --at lists them: role, call, key, number.
 * The roles are "runtime" for the program itself and "child" for the process that it makes; all
 * threads of one count together, which strace(1) with inject= does not do. ACT is one of
 *
 *   error=ENOMEM    the call is not made and fails so; close(2) is made, and says so
 *   short           it reads or writes one byte, however many it asked for
 *   signal=ROLE:N   before it is made, signal N goes to that process
 *
 * Of the calls that Go's runtime makes for itself too, those made between the addresses of --own
 * are the program's own, and their key ends in "own".
 *
 * The container's command is let go when it begins. The report, a line each, parted by tabs:
 *
 *   site ROLE STAGE CALL KEY NUMBER   without --at: each call; the stage is the last one begun
 *   met STAGE                         the site of --at was come to
 *   open WHAT                         a descriptor the runtime had when it ended, and not before
 *   inside WHAT                       one over 2 that the command got
 *   end exit N | signal N | hang
 */
#include "asked.h"
#include "descriptors.h"
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracee.h"

#define TASKS	  256
#define PROCESSES 16
#define KEY_BYTES 300

/* The calls of one role, each with its key, and how often they came. */
struct seen {
	char *text;
	int count;
};

struct process {
	pid_t tgid;
	const char *role;
	char stage[32];
	struct seen *seen;
	size_t seen_n;
};

struct task {
	pid_t tid;
	struct process *process;
	bool is_inside; /* between a call's begin and its end */
	int error;	/* what its end has to say instead; 0: nothing */
	int faults;
};

static struct task tasks[TASKS];
static struct process processes[PROCESSES];
static size_t processes_n;
static struct stat program; /* the runtime's own file */
static bool is_running;	    /* the program has begun */
static bool was_met;
static int status_of_runtime = -1;

/* --- Who there is ---------------------------------------------------------------------------- */

static struct process *process_of(pid_t tgid)
{
	static const char *const roles[] = {"runtime", "child", "child2", "child3"};
	struct process *p = processes;

	for (; p < processes + processes_n; p++)
		if (p->tgid == tgid)
			return p;
	if (processes_n == PROCESSES)
		die("too many processes");
	p->tgid = tgid;
	p->role = roles[processes_n < 3 ? processes_n : 3];
	processes_n++;
	return p;
}

static struct process *process_called(const char *role)
{
	for (size_t i = 0; i < processes_n; i++)
		if (!strcmp(processes[i].role, role))
			return &processes[i];
	return NULL;
}

static struct task *task_of(pid_t tid)
{
	struct task *free_one = NULL;

	for (struct task *t = tasks; t < tasks + TASKS; t++) {
		if (t->tid == tid)
			return t;
		if (!t->tid && !free_one)
			free_one = t;
	}
	if (!free_one)
		die("too many threads");
	*free_one = (struct task){.tid = tid, .process = process_of(tracee_group(tid))};
	return free_one;
}

static bool any_left(void)
{
	for (struct task *t = tasks; t < tasks + TASKS; t++)
		if (t->tid)
			return true;
	return false;
}

/* --- At a call ------------------------------------------------------------------------------- */

static int count(struct process *p, const char *text)
{
	for (size_t i = 0; i < p->seen_n; i++)
		if (!strcmp(p->seen[i].text, text))
			return ++p->seen[i].count;
	p->seen = realloc(p->seen, (p->seen_n + 1) * sizeof(*p->seen));
	if (!p->seen)
		die("realloc");
	p->seen[p->seen_n++] = (struct seen){strdup(text), 1};
	return 1;
}

/* The line that --events is given tells where the process is in its story. */
static void follow_stage(struct process *p, pid_t tid, const struct tracee_call *call)
{
	char line[256], *stage, *event;

	line[site_memory(tid, call->args[1], line, sizeof(line) - 1)] = '\0';
	if (strncmp(line, "{\"time\":", 8) != 0)
		return;
	stage = strstr(line, "\"stage\":\"");
	event = strstr(line, "\"event\":\"");
	if (!stage || !event)
		return;
	if (strncmp(event + 9, "begin", 5) != 0)
		p->stage[0] = '\0';
	else
		snprintf(p->stage, sizeof(p->stage), "%.*s", (int)strcspn(stage + 9, "\""),
			stage + 9);
}

static void act(struct task *t, const struct tracee_call *call)
{
	struct process *target;
	int size;

	if (asked.error) {
		t->error = asked.error;
		/* The descriptor is gone whatever it says: close(2), NOTES. */
		if (call->number != SYS_close)
			tracee_leave_out(t->tid);
	} else if (asked.is_short) {
		size = site_size_argument(call->number);
		if (size >= 0 && call->args[size] > 1)
			tracee_set_argument(t->tid, size, 1);
	} else {
		target = process_called(asked.target);
		if (target)
			kill(target->tgid, asked.signal);
	}
}

static bool is_own(const struct tracee_call *call)
{
	return (call->number == SYS_rt_sigaction || call->number == SYS_rt_sigprocmask ||
		       call->number == SYS_mmap) &&
	       call->address >= asked.own_from && call->address < asked.own_to;
}

static void call_begins(struct task *t, const struct tracee_call *call)
{
	struct process *p = t->process;
	char key[KEY_BYTES], text[KEY_BYTES + 32], site[KEY_BYTES + 64], buffer[24];
	const char *name = site_call(call->number, buffer);
	int number;

	site_key(t->tid, call->number, call->args, key, sizeof(key) - sizeof(" own"));
	if (is_own(call))
		strcat(key, key[0] ? " own" : "own");
	snprintf(text, sizeof(text), "%s\t%s", name, key);
	number = count(p, text);
	if (!asked.site)
		fprintf(asked.report, "site\t%s\t%s\t%s\t%d\n", p->role, p->stage, text, number);
	snprintf(site, sizeof(site), "%s\t%s\t%d", p->role, text, number);
	if (asked.site && !was_met && !strcmp(asked.site, site)) {
		was_met = true;
		fprintf(asked.report, "met\t%s\n", p->stage);
		act(t, call);
	}
	if (!strcmp(name, "write"))
		follow_stage(p, t->tid, call);
	if (!strcmp(name, "exit_group") && !strcmp(p->role, "runtime"))
		descriptors_tell(t->tid, "open");
}

static void call_stop(struct task *t)
{
	struct tracee_call call;

	if (!tracee_read(t->tid, &call))
		return;
	t->is_inside = call.is_begin;
	if (call.is_begin && is_running)
		call_begins(t, &call);
	if (!call.is_begin && t->error) {
		tracee_set_result(t->tid, -t->error);
		t->error = 0;
	}
}

/* `exec` goes on as a sealed copy of itself, which is a file in memory. */
static bool is_copy(const char *exe)
{
	char name[16] = "";

	return readlink(exe, name, sizeof(name)) > 0 && !strncmp(name, "/memfd:", 7);
}

/* Another program than the runtime is the container's command: it is let go, true. */
static bool program_begins(struct task *t)
{
	char path[64];
	struct stat now;

	snprintf(path, sizeof(path), "/proc/%d/exe", t->tid);
	if (stat(path, &now) < 0)
		return false;
	if (is_running && is_copy(path) && !strcmp(t->process->role, "runtime"))
		program = now;
	if (!is_running) {
		program = now;
		is_running = true;
		descriptors_note(t->tid);
		return false;
	}
	if (now.st_dev == program.st_dev && now.st_ino == program.st_ino)
		return false;
	descriptors_tell(t->tid, "inside");
	return tracee_let_go(t->tid);
}

/*
 * The first process of a pid namespace that faults is ended by the kernel, but not while it is
 * traced: there it would fault for ever (kernel/signal.c, force_sig_info_to_task).
 */
static bool faults_for_ever(struct task *t, int signal)
{
	return (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGTRAP) &&
	       t->faults++ > 3;
}

/* --- The loop -------------------------------------------------------------------------------- */

static void stopped(pid_t tid, int status)
{
	struct task *t = task_of(tid);
	int signal = WSTOPSIG(status), deliver = 0;

	switch (tracee_stop(status)) {
	case STOP_CALL:
		call_stop(t);
		break;
	case STOP_EXEC:
		if (program_begins(t)) {
			t->tid = 0;
			return;
		}
		break;
	case STOP_GROUP:
		tracee_listen(tid);
		return;
	case STOP_SIGNAL:
		if (faults_for_ever(t, signal) && tracee_let_go(tid)) {
			t->tid = 0;
			return;
		}
		deliver = signal;
		break;
	case STOP_OTHER:
		break;
	}
	tracee_go_on(tid, deliver);
}

static void ended(pid_t tid, int status)
{
	for (struct task *t = tasks; t < tasks + TASKS; t++)
		if (t->tid == tid)
			t->tid = 0;
	if (processes_n > 0 && tid == processes[0].tgid)
		status_of_runtime = status;
}

static volatile sig_atomic_t is_late;

static void on_alarm(int signal)
{
	(void)signal;
	is_late = 1;
}

static bool trace(void)
{
	while (any_left()) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (is_late)
			return false;
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break; /* ECHILD */
		if (WIFSTOPPED(status))
			stopped(tid, status);
		else
			ended(tid, status);
	}
	return true;
}

static void start(char **argv)
{
	struct sigaction alarmed = {.sa_handler = on_alarm};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		if (asked.user >= 0 &&
			(setresgid((gid_t)asked.user, (gid_t)asked.user, (gid_t)asked.user) < 0 ||
				setresuid((uid_t)asked.user, (uid_t)asked.user, (uid_t)asked.user) <
					0))
			_exit(121);
		execv(argv[0], argv);
		_exit(122);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid)
		die("fork");
	if (!tracee_begin(pid))
		die("ptrace");
	task_of(pid);
	kill(pid, SIGCONT);
	sigaction(SIGALRM, &alarmed, NULL);
	alarm((unsigned int)asked.seconds);
}

int main(int argc, char **argv)
{
	bool in_time;

	if (!asked_read(argc, argv))
		return 120;
	start(argv + optind);
	in_time = trace();
	if (!in_time)
		fprintf(asked.report, "end\thang\n");
	else if (WIFSIGNALED(status_of_runtime))
		fprintf(asked.report, "end\tsignal %d\n", WTERMSIG(status_of_runtime));
	else
		fprintf(asked.report, "end\texit %d\n", WEXITSTATUS(status_of_runtime));
	if (fclose(asked.report) != 0)
		die("writing the report");
	/* What is left of a hanging program ends with us: PTRACE_O_EXITKILL. */
	return 0;
}
