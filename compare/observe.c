/* observe.c: see observe.h. The walk over all rows, and the way into a namespace and out again. */
#include "observe.h"

#include "facts.h"
#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSIDE_MS 10000

const struct group *const observe_groups[] = {&observe_namespace, &observe_cgroup, &observe_veth,
	&observe_mounts, &observe_identity, &observe_privileges, &observe_process, NULL};

/* The file in /proc/PID/ns of each place. */
static const char *const place_files[PLACES] = {[IN_NETWORK] = "ns/net",
	[IN_IPC] = "ns/ipc",
	[IN_UTS] = "ns/uts",
	[IN_CGROUP] = "ns/cgroup"};

unsigned int row_flags_of(const char *id)
{
	for (const struct group *const *g = observe_groups; *g; g++)
		for (size_t i = 0; i < (*g)->n; i++)
			if (fact_matches((*g)->rows[i].id, id, NULL))
				return (*g)->rows[i].flags;
	return 0;
}

char *row_id(const struct row *row, const char *name)
{
	const char *star = strchr(row->id, '*');

	return star ? text_format("%.*s%s%s", (int)(star - row->id), row->id, name, star + 1)
		    : text_format("%s", row->id);
}

void row_failed(const struct row *row, struct values *out, int errnum, const char *what)
{
	bool missing = errnum == ENOENT || errnum == ENODEV || errnum == EOPNOTSUPP;

	if (missing && row->flags & ROW_OPTIONAL)
		values_absent(out, row->id);
	else
		values_failed(out, row->id, errnum, "reading %s", what);
}

void row_file(int dirfd, const char *path, const struct row *row, struct values *out)
{
	size_t n, o = 0;
	char *text = read_whole(dirfd, path, &n), *line;

	if (!text) {
		row_failed(row, out, errno, path);
		return;
	}
	line = malloc(2 * n + 1);
	for (size_t i = 0; line && i < n; i++) {
		bool last = i + 1 == n;

		if (text[i] != '\n')
			line[o++] = text[i] == '\t' ? ' ' : text[i];
		else if (!last)
			o += (size_t)sprintf(line + o, "; ");
	}
	if (line)
		line[o] = '\0';
	values_set(out, row->id, "%s", line ? line : "");
	free(line);
	free(text);
}

char *field_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	const char *line = text;
	char *value, *o;

	while (line && !(!strncmp(line, key, n) && line[n] == ':')) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return NULL;
	line += n + 1;
	value = strndup(line, strcspn(line, "\n"));
	o = value;
	for (char *i = value; i && *i; i++)
		if ((*i != '\t' && *i != ' ') || (o > value && o[-1] != ' '))
			*o++ = *i == '\t' ? ' ' : *i;
	while (o > value && o[-1] == ' ')
		o--;
	if (value)
		*o = '\0';
	return value;
}

static void read_rows(const struct subject *s, enum place place, struct values *out)
{
	for (const struct group *const *g = observe_groups; *g; g++) {
		for (size_t i = 0; i < (*g)->n; i++) {
			const struct row *row = &(*g)->rows[i];
			bool applies = s->column->twin || !(row->flags & ROW_VETH);

			if (row->place != place)
				continue;
			if (row->flags & ROW_VETH && !s->plan->host_link)
				continue;
			if (applies)
				row->read(s, row, out);
			else if (!strchr(row->id, '*'))
				values_skip(out, row->id, "%s has no veth", s->column->name);
		}
	}
}

/* The facts that a child inside the namespace has read travel as JSON through a pipe. */
static void send_values(const struct values *v, int fd)
{
	json_t *all = json_object();

	for (size_t i = 0; i < v->n; i++)
		json_object_set_new(all, v->v[i].id, value_to_json(&v->v[i]));
	json_dumpfd(all, fd, 0);
	json_decref(all);
}

__attribute__((noreturn)) static void read_inside(const struct subject *s, enum place place, int fd)
{
	struct values found = {0};
	int ns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ns = openat(s->proc, place_files[place], O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, 0))
		_exit(errno);
	read_rows(s, place, &found);
	send_values(&found, fd);
	_exit(0);
}

/* What a namespace shows that is the host's too says nothing of the container. */
static bool place_is_host(const struct subject *s, enum place place)
{
	struct stat own, host;

	return !fstatat(s->proc, place_files[place], &own, 0) &&
	       !fstatat(s->host, place_files[place], &host, 0) && own.st_dev == host.st_dev &&
	       own.st_ino == host.st_ino;
}

static void skip_rows(enum place place, struct values *out)
{
	for (const struct group *const *g = observe_groups; *g; g++)
		for (size_t i = 0; i < (*g)->n; i++)
			if ((*g)->rows[i].place == place)
				values_skip(out, (*g)->rows[i].id, "this namespace is the host's");
}

/* Every row of a place that could not be entered has failed, by name. */
static void fail_rows(enum place place, int errnum, struct values *out)
{
	for (const struct group *const *g = observe_groups; *g; g++)
		for (size_t i = 0; i < (*g)->n; i++)
			if ((*g)->rows[i].place == place)
				values_failed(out, (*g)->rows[i].id, errnum, "entering %s",
					place_files[place]);
}

static void take_values(const char *text, struct values *out)
{
	json_t *all = json_loads(text, 0, NULL), *value;
	const char *id;

	json_object_foreach(all, id, value) values_put_json(out, id, value);
	json_decref(all);
}

/* Reads a pipe to its end; NULL: deadline or stop. */
static char *read_pipe(int fd, int64_t deadline)
{
	char *text = calloc(1, 1);
	size_t n = 0;

	while (text) {
		char *more = realloc(text, n + 4097);
		ssize_t got;

		if (!more)
			break;
		text = more;
		if (wait_fd(fd, POLLIN, deadline) != 1)
			break;
		got = read(fd, text + n, 4096);
		if (got < 0)
			continue;
		n += (size_t)got;
		text[n] = '\0';
		if (got == 0)
			return text;
	}
	free(text);
	return NULL;
}

static void read_place(const struct subject *s, enum place place, struct values *out)
{
	int fds[2], status = 0;
	char *text;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		fail_rows(place, errno, out);
		return;
	}
	pid = fork();
	if (pid == 0)
		read_inside(s, place, fds[1]);
	close(fds[1]);
	text = pid > 0 ? read_pipe(fds[0], deadline_in(INSIDE_MS)) : NULL;
	close(fds[0]);
	if (pid > 0 && !text)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (pid > 0 && text && WIFEXITED(status) && !WEXITSTATUS(status))
		take_values(text, out);
	else
		fail_rows(place, WIFEXITED(status) ? WEXITSTATUS(status) : EIO, out);
	free(text);
}

static int open_subject(const struct held *h, struct subject *s, struct error *e)
{
	char path[PATH_MAX * 2];
	struct link_info link;

	*s = (struct subject){.held = h,
		.plan = h->plan,
		.column = h->column,
		.pid = h->pid,
		.proc = -1,
		.host = -1,
		.root = -1,
		.cgroup = -1};
	snprintf(path, sizeof(path), "/proc/%d", h->pid);
	s->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		return error_sys(e, "opening %s", path);
	s->host = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->root = openat(s->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->host < 0 || s->root < 0)
		return error_sys(e, "opening the root of process %d", h->pid);
	/* Kept for those who look from inside, where this link cannot be seen. */
	if (h->plan->host_link && !link_read(h->plan->host_link, &link)) {
		s->host_index = link.index;
		s->host_peer = link.peer;
	}
	if (!h->plan->cgroup[0])
		return 0;
	snprintf(path, sizeof(path), CGROUP_MOUNT "%s", h->plan->cgroup);
	s->cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->cgroup < 0 ? error_sys(e, "opening the container's cgroup %s", path) : 0;
}

static void close_subject(struct subject *s)
{
	int fds[] = {s->proc, s->host, s->root, s->cgroup};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int observe_container(const struct held *h, struct values *out, struct error *e)
{
	struct subject s;
	int result = open_subject(h, &s, e);

	for (enum place place = OUTSIDE; !result && place < PLACES; place++) {
		if (place == OUTSIDE)
			read_rows(&s, place, out);
		else if (place_is_host(&s, place))
			skip_rows(place, out);
		else
			read_place(&s, place, out);
	}
	close_subject(&s);
	return result;
}
