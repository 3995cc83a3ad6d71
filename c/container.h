/*
 * container.h: one container on its way through the stages, and the story of the whole.
 *
 * Parent and child each hold their own copy (the child got it by clone3(2)). Stages take the
 * container and an error, return 0 or -1, and touch only what their comment names.
 */
#ifndef TWINBOX_CONTAINER_H
#define TWINBOX_CONTAINER_H

#include "error.h"
#include "inherited.h"
#include "spec.h"

#include <limits.h>
#include <stdint.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define CONTAINER_NAME_MAX 64
#define CGROUP_ROOT	   "/sys/fs/cgroup"

struct container {
	/* What is asked; borrowed from the caller of container_run(). */
	const struct spec *spec;
	const char *program;  /* "cbox"; for messages and the state file */
	const char *name;     /* checked by state_check_name() */
	const char *rootfs;   /* absolute */
	const char *pid_file; /* NULL: none */
	char *const *command; /* argv of the command, NULL-terminated */
	bool no_pivot;
	bool verbose;  /* -v: each stage and its calls on log_fd */
	bool colour;   /* in colours: log_fd is a terminal */
	bool japanese; /* and in Japanese (language.h) */
	/*
	 * exec: not a new container but a second process in one that runs. Its first process with a
	 * pidfd, which is the caller's to close, and the namespaces in which that differs from us
	 * (CLONE_NEW*).
	 */
	bool enters;
	pid_t target_pid;
	int target_fd; /* -1: run */
	int target_flags;

	/*
	 * What exists; -1 or empty while it does not. container_run() owns and closes all of it but
	 * events_fd and log_fd, which are its caller's.
	 */
	char cgroup[PATH_MAX];	 /* "/twinbox/NAME" below CGROUP_ROOT; empty: no cgroup stage */
	int cgroup_root;	 /* CGROUP_ROOT, by cgroup_check() */
	int cgroup_fd;		 /* directory of the cgroup */
	uint8_t link_address[6]; /* of the host end of the veth, by state_create(); 0: any */
	pid_t pid;		 /* the container's first process, seen from the host */
	int pidfd;
	int sync_fd;	     /* own end of the socket pair between parent and child */
	int error_fd;	     /* parent: read end; child: write end, close-on-exec */
	int console_fd;	     /* parent: master of the container's terminal; child: its slave */
	int console_peer_fd; /* parent: the slave, held open as long as the master */
	int signal_fd;	     /* what asks the runtime to end, then what goes to the command */
	int events_fd;	     /* --events, O_APPEND; -1: none */
	int log_fd;	     /* -v: standard error of the runtime, for the child too */
	int state_dir;	     /* the state directory, while state_fd is open */
	int state_fd;	     /* the locked state file */
	off_t state_size;    /* its bytes: state_append() */
	int64_t created;     /* seconds since 1970, UTC, by state_create() */
	bool is_child;	     /* this copy belongs to the child */
	bool link_made;	     /* the host end of the veth is ours to remove */
	int link_index;	     /* its index; 0: not known */
	pid_t pid_in_file;   /* what the pid file holds, which is ours to remove; 0: none is */
	bool new_terminal;   /* process.terminal and standard input is a terminal */
	struct inherited inherited; /* by container_run(), container_enter() */
	mode_t umask;		    /* run: the caller's, for the pid file */
	sigset_t caller_mask;	    /* signal mask that the runtime was started with */
	int exit_status;     /* of the command, once it has ended: 0-255, 128+N for a signal */
	const char *stage;   /* the stage under way; NULL between stages */
	int64_t stage_begin; /* its begin, nanoseconds of CLOCK_MONOTONIC */
	char facts[1024];    /* events_fact() collects here until events_ok() */
};

/*
 * Runs one container from begin to end: all stages, wait, cleanup.
 * On success returns 0 with c->exit_status set; on failure returns -1, e says which stage failed,
 * and everything that had been made is gone again.
 */
int container_run(struct container *c, struct error *e);

/*
 * exec: runs c->command in the container whose first process is c->target_pid: the stages that
 * join what run's stages make, wait. The same results as container_run(); nothing of the container
 * itself is touched.
 */
int container_enter(struct container *c, struct error *e);

/*
 * The child's side, after clone3(2): waits for the parent, runs its stages and ends in execve(2).
 * Never returns; a failure goes to the parent over c->error_fd. session_error is the errno of
 * setsid(2), 0 for none: in the caller's session the command could reach for its terminal.
 */
void container_child(struct container *c, int session_error) __attribute__((noreturn));

/*
 * Learns from the error pipe whether the command runs. The child writes 'x' just before execve(2),
 * which then closes the pipe; a failure is 'e' and its struct error. End of file without either
 * means that the child was killed on its way.
 */
int container_confirm(struct container *c, struct error *e);

/* Child: the kernel ends it with its parent, from here on; an error where that is gone already. */
int container_die_with_parent(struct container *c, struct error *e);

/* Fills buffer, whatever interrupts; fewer bytes mean end of file. -1 and errno. */
int container_read_all(int fd, void *buffer, size_t size);

/* Makes c empty: descriptors -1, the rest zero. */
void container_init(struct container *c);

/* One stage: what the events and messages call it and the function that does it. */
struct stage {
	const char *name;
	int (*run)(struct container *c, struct error *e);
};

/* Runs n stages in order, each between its events, until one fails. */
int container_stages(struct container *c, const struct stage *stages, size_t n, struct error *e);

#endif
