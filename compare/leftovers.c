/* leftovers.c: see hold.h: what a container can leave behind, one row a kind. */
#include "hold.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool exists(const char *path, char *what, size_t size)
{
	snprintf(what, size, "%s", path);
	return !access(path, F_OK);
}

static bool left_cgroup(const struct held *h, char *what, size_t size)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", h->plan->cgroup);
	return h->plan->cgroup[0] && exists(path, what, size);
}

/* The first directory above the cgroup that was not there before. */
static bool left_parent(const struct held *h, char *what, size_t size)
{
	char path[PATH_MAX * 2];
	const char *end = h->plan->cgroup;

	for (int depth = 0; *end && (end = strchr(end + 1, '/')); depth++) {
		snprintf(path, sizeof(path), CGROUP_MOUNT "%.*s", (int)(end - h->plan->cgroup),
			h->plan->cgroup);
		if (depth >= h->parents)
			return exists(path, what, size);
	}
	return false;
}

static bool left_link(const struct held *h, char *what, size_t size)
{
	snprintf(what, size, "%s", h->plan->host_link ? h->plan->host_link : "");
	return h->plan->host_link && if_nametoindex(h->plan->host_link);
}

static bool left_mounts(const struct held *h, char *what, size_t size)
{
	char *now = read_whole(AT_FDCWD, "/proc/self/mountinfo", NULL);
	bool changed = !now || strcmp(now, h->plan->host_mounts) != 0;

	snprintf(what, size, "the host's mounts are changed");
	free(now);
	return changed;
}

/* compare is a subreaper: what the runtime left running is its child by now. */
static bool left_processes(const struct held *h, char *what, size_t size)
{
	int n;

	if (!h->child.ended)
		return false;
	n = process_orphans(deadline_in(500));
	snprintf(what, size, "%d processes", n);
	return n > 0;
}

/* First entry of a directory that is none of ours; a directory that is not there is empty. */
static bool left_in_directory(const char *path, char *what, size_t size)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	bool found = false;

	if (!dir)
		return errno != ENOENT;
	while (!found && (d = readdir(dir))) {
		found = d->d_name[0] != '.';
		if (found)
			snprintf(what, size, "%s/%s", path, d->d_name);
	}
	closedir(dir);
	return found;
}

static bool left_state(const struct held *h, char *what, size_t size)
{
	char path[PATH_MAX];

	if (h->column->twin)
		return exists("/run/twinbox/" RUN_NAME ".json", what, size);
	return left_in_directory(held_file(h, "state", path), what, size);
}

static bool left_pid_file(const struct held *h, char *what, size_t size)
{
	char path[PATH_MAX];

	return exists(held_file(h, "pid", path), what, size);
}

const struct leftover leftovers[] = {
	{"cgroup", true, left_cgroup},
	{"cgroup_parent", false, left_parent},
	{"link", true, left_link},
	{"mounts", true, left_mounts},
	{"processes", true, left_processes},
	{"state", true, left_state},
	{"pid_file", false, left_pid_file},
};
const size_t leftovers_n = sizeof(leftovers) / sizeof(leftovers[0]);

void held_left(const struct held *h, char *text, size_t size)
{
	char what[PATH_MAX];

	text[0] = '\0';
	for (size_t i = 0; i < leftovers_n; i++) {
		if (!leftovers[i].common || !leftovers[i].look(h, what, sizeof(what)))
			continue;
		strncat(text, text[0] ? ", " : "", size - strlen(text) - 1);
		strncat(text, leftovers[i].name, size - strlen(text) - 1);
	}
	if (!text[0])
		snprintf(text, size, "nothing");
}
