/*
 * container.c: the story of one container, as parent and child tell it together.
 *
 *   parent                                  child
 *   cgroup, namespaces ------ clone3 -----> waits for the release byte
 *   identity, network (host's end)
 *   release ------------------------------> identity, network (own end), hostname,
 *                                           mounts, privileges, exec
 *   reads the error pipe until EOF <------- execve closes it
 *   wait, cleanup
 *
 * A second process in a running container (`exec`) has the same story without the stages that make
 * what it only joins: container_enter().
 *
 * go/container.go tells the same story line for line.
 */
#include "container.h"

#include "cgroup.h"
#include "cleanup.h"
#include "console.h"
#include "events.h"
#include "exec.h"
#include "hostname.h"
#include "identity.h"
#include "language.h"
#include "mounts.h"
#include "namespaces.h"
#include "network.h"
#include "privileges.h"
#include "state.h"
#include "state_spec.h"
#include "userns.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct stage parent_stages[] = {
	{"cgroup", cgroup_create},
	{"namespaces", namespaces_create},
	{"identity", identity_map},
	{"network", network_create},
	{"privileges", privileges_adjust_oom},
};

static const struct stage child_stages[] = {
	{"identity", identity_assume},
	{"network", network_configure},
	{"hostname", hostname_set},
	{"mounts", mounts_setup},
	{"privileges", privileges_drop},
	{"exec", exec_command},
};

/* exec: the cgroup is opened, the namespaces are joined. */
static const struct stage entering_parent_stages[] = {
	{"cgroup", cgroup_open},
	{"namespaces", namespaces_create},
	{"privileges", privileges_adjust_oom},
};

static const struct stage entering_child_stages[] = {
	{"namespaces", namespaces_join_cgroup},
	{"identity", identity_assume},
	{"mounts", mounts_setup},
	{"privileges", privileges_drop},
	{"exec", exec_command},
};

static const struct stage wait_stage[] = {{"wait", wait_command}};
static const struct stage cleanup_stage[] = {{"cleanup", cleanup_container}};

void container_init(struct container *c)
{
	memset(c, 0, sizeof(*c));
	c->cgroup_root = c->cgroup_fd = c->pidfd = c->sync_fd = c->error_fd = -1;
	c->console_fd = c->console_peer_fd = c->events_fd = c->log_fd = c->state_fd = -1;
	c->target_fd = c->state_dir = c->signal_fd = -1;
	c->japanese = language_japanese();
}

int container_stages(struct container *c, const struct stage *stages, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		events_begin(c, stages[i].name);
		if (stages[i].run(c, e) < 0) {
			if (!e->stage[0])
				snprintf(e->stage, sizeof(e->stage), "%s", stages[i].name);
			events_error(c, stages[i].name, e);
			return -1;
		}
		events_ok(c, stages[i].name);
	}
	return 0;
}

static int child_ended(struct error *e)
{
	error_say(e, "the child ended before its command ran");
	return error_hint(e, "it was killed from outside or by a memory limit that is too small");
}

/* Lets the child go on: from here it runs its own stages. */
static int release(struct container *c, struct error *e)
{
	if (send(c->sync_fd, "g", 1, MSG_NOSIGNAL) == 1)
		return 0;
	return errno == EPIPE ? child_ended(e) : error_sys(e, "releasing the child");
}

int container_read_all(int fd, void *buffer, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, (char *)buffer + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : (int)got;
		got += (size_t)n;
	}
	return (int)got;
}

/* What was told: marks, and after 'e' the error. The pipe holds all of it. */
static int read_told(struct container *c, char *told, size_t size)
{
	ssize_t n;

	do
		n = read(c->error_fd, told, size);
	while (n < 0 && errno == EINTR);
	return (int)n;
}

int container_confirm(struct container *c, struct error *e)
{
	char told[sizeof("xe") + sizeof(*e)];
	bool about_to_run;
	int n;

	if (wait_for_end(c, c->error_fd, e) < 0)
		return -1;
	n = read_told(c, told, sizeof(told));
	if (n < 0)
		return error_sys(e, "reading from the child");
	about_to_run = n > 0 && told[0] == 'x';
	if (n - about_to_run == 1 + (int)sizeof(*e) && told[about_to_run] == 'e') {
		memcpy(e, told + about_to_run + 1, sizeof(*e));
		return -1;
	}
	/* Else it was killed, perhaps while it told its failure. */
	if (!about_to_run || n > 1)
		return child_ended(e);
	c->stage_begin = 0; /* its begin was told by the child */
	events_ok(c, "exec");
	return 0;
}

/* --pid-file: the pid as the host sees it. A file that is there already is not ours to replace. */
static int write_pid_file(struct container *c, struct error *e)
{
	int fd;

	if (!c->pid_file)
		return 0;
	/* It is the caller's, and so is its mode. */
	fd = open(c->pid_file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0644 & ~c->umask);
	if (fd < 0)
		return error_sys(e, "creating pid file %s", c->pid_file);
	c->pid_in_file = c->pid;
	if (dprintf(fd, "%d\n", c->pid) < 0) {
		error_sys(e, "writing pid file %s", c->pid_file);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* Lets the child go on and hears that its command runs. A frozen child keeps us waiting here. */
static int start_command(struct container *c, struct error *e)
{
	if (release(c, e) < 0)
		return -1;
	if (c->new_terminal && wait_for_child(c, c->sync_fd, e) < 0)
		return -1;
	if (c->new_terminal && console_receive(c, e) < 0) {
		struct error of_child;

		/* The child's own words say more than the end of the socket. */
		if (container_confirm(c, &of_child) < 0)
			*e = of_child;
		return -1;
	}
	return container_confirm(c, e);
}

static int start(struct container *c, struct error *e)
{
	if (state_before_birth(c, e) < 0 ||
		container_stages(c, parent_stages, LENGTH(parent_stages), e) < 0 ||
		state_update(c, e) < 0 || start_command(c, e) < 0)
		return -1;
	/* Only now: before its own root it would be the host's that `exec` enters. */
	state_publish(c);
	return write_pid_file(c, e);
}

/* From the start to the end: what both commands share. */
static int finish(struct container *c, int result, struct error *e)
{
	struct error of_cleanup;

	if (result == 0)
		result = container_stages(c, wait_stage, LENGTH(wait_stage), e);
	console_restore();
	/* The first failure is the one to tell; what cleanup adds counts only after success. */
	error_clear(&of_cleanup);
	if (container_stages(c, cleanup_stage, LENGTH(cleanup_stage), &of_cleanup) < 0 &&
		result == 0) {
		*e = of_cleanup;
		result = -1;
	}
	wait_unblock_signals(c);
	return result;
}

int container_run(struct container *c, struct error *e)
{
	int result;

	inherited_read(&c->inherited);
	/* What is made for the container has the modes that it asks for, the cgroup first. */
	c->umask = umask(0022);
	wait_block_signals(c);
	if (cgroup_path(c, e) < 0 || state_create(c, e) < 0) {
		wait_unblock_signals(c);
		return -1;
	}
	result = start(c, e);
	if (result < 0 && spec_makes(c->spec, NS_USER))
		userns_explain(e);
	return finish(c, result, e);
}

int container_enter(struct container *c, struct error *e)
{
	int result;

	inherited_read(&c->inherited);
	wait_block_signals(c);
	result = container_stages(c, entering_parent_stages, LENGTH(entering_parent_stages), e);
	/* Whoever has it open at the end removes it, and this one is not ours. */
	if (c->cgroup_fd >= 0)
		close(c->cgroup_fd);
	c->cgroup_fd = -1;
	return finish(c, result < 0 ? result : start_command(c, e), e);
}

/* What is the parent's alone. */
static void close_of_parent(struct container *c)
{
	if (c->state_fd >= 0) {
		close(c->state_fd);
		close(c->state_dir);
	}
	if (c->cgroup_fd >= 0)
		close(c->cgroup_fd);
	if (c->cgroup_root >= 0)
		close(c->cgroup_root);
	c->state_dir = c->state_fd = c->cgroup_fd = c->cgroup_root = -1;
}

/*
 * exec: the container is at work already and may lead our lookups into /proc/self/fd. So nothing is
 * open there that the child does not need, whatever the caller or the parent left open
 * (CVE-2024-21626). In order, between the numbers that stay.
 */
static void keep_own(struct container *c)
{
	const int own[] = {c->sync_fd, c->error_fd, c->console_fd, c->target_fd};

	for (int kept = STDERR_FILENO, next; kept < INT_MAX; kept = next) {
		next = INT_MAX;
		for (size_t i = 0; i < LENGTH(own); i++)
			if (own[i] > kept && own[i] < next)
				next = own[i];
		if (next > kept + 1)
			close_range((unsigned int)kept + 1, (unsigned int)next - 1, 0);
	}
	c->pidfd = c->cgroup_fd = -1;
}

/* Waits for the parent's release; end of file means that the parent is gone. */
static void wait_for_release(struct container *c)
{
	char byte;

	if (container_read_all(c->sync_fd, &byte, 1) != 1)
		_exit(EXIT_RUNTIME);
}

/*
 * The signal comes with the parent's end, but not for an end that came before it was asked for:
 * then the other end of the socket pair is closed already, whatever the parent had sent before.
 */
int container_die_with_parent(struct container *c, struct error *e)
{
	struct pollfd parent = {.fd = c->sync_fd};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&parent, 1, 0) < 0)
		return error_sys(e, "binding the child to its parent");
	return parent.revents ? error_say(e, "the parent is gone") : 0;
}

void container_child(struct container *c, int session_error)
{
	struct error e;
	int bound;

	error_clear(&e);
	c->is_child = true;
	if (c->enters)
		keep_own(c);
	close_of_parent(c);
	/* Before it waits, so that a dying parent leaves no child behind. */
	bound = container_die_with_parent(c, &e);
	wait_for_release(c);
	/* From here until execve nobody in a joined pid namespace may look in: CVE-2016-9962. */
	prctl(PR_SET_DUMPABLE, 0);
	/* In `run` it is the parent's. */
	if (c->enters)
		umask(0022);
	if (session_error) {
		errno = session_error;
		error_sys(&e, "creating the container's process");
		snprintf(e.stage, sizeof(e.stage), "namespaces");
	} else if (bound == 0) {
		if (c->enters)
			container_stages(
				c, entering_child_stages, LENGTH(entering_child_stages), &e);
		else
			container_stages(c, child_stages, LENGTH(child_stages), &e);
	}
	if (write(c->error_fd, "e", 1) == 1 && write(c->error_fd, &e, sizeof(e)) < 0)
		_exit(EXIT_RUNTIME);
	_exit(e.status);
}
