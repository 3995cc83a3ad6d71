/*
 * cleanup.c: see cleanup.h. The end of every run, of one that failed half-way too: each step looks
 * at what the container has by then, so that a second call finds nothing to do.
 */
#include "cleanup.h"

#include "cgroup.h"
#include "events.h"
#include "gc.h"
#include "network.h"
#include "state.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Ends and reaps the first process; in a pid namespace the kernel ends all others with it. */
static int end_process(struct container *c, struct error *e)
{
	int result = 0;

	if (c->pid > 0) {
		events_call(c, "pidfd_send_signal(%d, SIGKILL)", c->pidfd);
		result = gc_kill(c->pidfd, e);
	}
	if (c->pid > 0 && result == 0) {
		/* ECHILD: reaped already. */
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
	close_fd(&c->pidfd);
	return result;
}

/* Who lives below it would end with what is left of this container. */
static int may_end(const void *container, struct error *e)
{
	const struct container *c = container;
	int used = gc_alive_uses(c->name, c->cgroup, e);

	if (used <= 0)
		return used < 0 ? -1 : 1;
	error_say(e, "cgroup %s has the cgroup of another container below it", c->cgroup);
	return error_hint(e, "`%s list` shows the containers of this user", c->program);
}

static int remove_cgroup(struct container *c, struct error *e)
{
	const struct cgroup_claim claim = {.fd = c->cgroup_fd, .may_end = may_end, .who = c};
	int result;

	if (c->cgroup_fd < 0)
		return 0;
	events_call(c, "rmdir(\"" CGROUP_ROOT "%s\")", c->cgroup);
	result = cgroup_remove_in(c->cgroup_root, c->cgroup, &claim, e);
	close_fd(&c->cgroup_fd);
	return result;
}

static int remove_link(struct container *c, struct error *e)
{
	if (!c->link_made)
		return 0;
	c->link_made = false;
	/* It would die with the namespace, but at a time of the kernel's choosing. Its name may by
	 * now be another's, its index not. */
	events_call(c, "RTM_DELLINK %s", c->spec->veth.host.name);
	return network_remove(c->spec->veth.host.name, c->link_index, e);
}

static int remove_pid_file(struct container *c, struct error *e)
{
	pid_t pid = c->pid_in_file;

	if (pid == 0)
		return 0;
	c->pid_in_file = 0;
	events_call(c, "unlink(\"%s\")", c->pid_file);
	return gc_remove_pid_file(c->pid_file, pid, e);
}

/* In this order: the process first, for it holds the rest. */
static int (*const steps[])(struct container *c, struct error *e) = {
	end_process,
	remove_cgroup,
	remove_link,
	remove_pid_file,
};

/* Beside what a step has said already. */
static int hint_gc(struct container *c, struct error *e)
{
	char first[sizeof(e->hint)];

	snprintf(first, sizeof(first), "%s", e->hint);
	return error_hint(e, "%s%s`%s gc` tries again", first, first[0] ? "; " : "", c->program);
}

int cleanup_container(struct container *c, struct error *e)
{
	struct error this;
	int result = 0;

	close_fd(&c->signal_fd);
	close_fd(&c->sync_fd);
	close_fd(&c->error_fd);
	close_fd(&c->console_fd);
	close_fd(&c->console_peer_fd);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i](c, &this) < 0 && result == 0) {
			*e = this;
			result = -1;
		}
	}
	if (result == 0)
		result = state_remove(c, e);
	close_fd(&c->cgroup_root);
	/* Unlocked but not removed: it names what is still there, for gc. */
	close_fd(&c->state_fd);
	close_fd(&c->state_dir);
	return result < 0 ? hint_gc(c, e) : 0;
}
