/*
 * state.c: see state.h. Before the first stage a container is written down here, after the last it
 * is struck out; what a killed runtime left in between is found by its name and its lost lock.
 */
#include "state.h"

#include "gc.h"
#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PUT_TRIES = 100 };

int state_check_name(const char *name, struct error *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-";
	size_t n = strlen(name);

	if (n >= 1 && n <= CONTAINER_NAME_MAX && strspn(name, allowed) == n && name[0] != '.' &&
		name[0] != '-')
		return 0;
	error_say(e, "container name \"%.100s\" is not allowed", name);
	return error_hint(e, "1 to %d of A-Z a-z 0-9 _ . - and not beginning with . or -",
		CONTAINER_NAME_MAX);
}

int state_start_time(pid_t pid, uint64_t *ticks, struct error *e)
{
	char path[32], text[2048], *field;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "opening %s", path);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		error_sys(e, "reading %s", path);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	/* Field 2 is the command in brackets and may hold any byte, brackets too: proc_pid_stat(5).
	 */
	field = strrchr(text, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return error_say(e, "%s has no start time", path);
	*ticks = strtoull(field, NULL, 10);
	return 0;
}

/*
 * The path of the pid file from the root of the file system, as gc may be started in another
 * directory; the caller's (free), NULL where there is none.
 */
static int pid_file_path(const struct container *c, char **out, struct error *e)
{
	char *here = NULL;
	int n;

	*out = NULL;
	if (!c->pid_file)
		return 0;
	if (c->pid_file[0] != '/' && !(here = getcwd(NULL, 0)))
		return error_sys(e, "finding the working directory");
	n = asprintf(out, "%s%s%s", here ? here : "", here ? "/" : "", c->pid_file);
	free(here);
	if (n < 0)
		return error_sys(e, "finding pid file %s", c->pid_file);
	if (n < PATH_MAX)
		return 0;
	free(*out);
	*out = NULL;
	return error_say(e, "path is too long: %.100s", c->pid_file);
}

/*
 * A hardware address for the host end of the veth, its own among all links: names come back, and
 * after a crash a link of that name may be somebody else's. Random, of one card (bit 0 of the first
 * byte clear) and nobody's product (bit 1 set): IEEE 802. It also keeps udev from giving the link
 * another one (systemd.link(5), MACAddressPolicy).
 */
static int choose_link_address(struct container *c, struct error *e)
{
	if (getrandom(c->link_address, sizeof(c->link_address), 0) < 0)
		return error_sys(e, "choosing a hardware address");
	c->link_address[0] = (uint8_t)((c->link_address[0] & ~1) | 2);
	return 0;
}

/* What c is about to make, as the file will say it; the paths are c's own. */
static struct state describe(const struct container *c, const char *pid_file)
{
	struct state s = {.created = c->created,
		.cgroup = c->cgroup,
		.rootfs = c->rootfs,
		.pid_file = pid_file ? pid_file : ""};

	snprintf(s.name, sizeof(s.name), "%s", c->name);
	snprintf(s.runtime, sizeof(s.runtime), "%s", c->program);
	if (c->spec->has_veth) {
		snprintf(s.link, sizeof(s.link), "%s", c->spec->veth.host.name);
		network_address_text(c->link_address, s.link_address);
	}
	return s;
}

/* An error of a stage that would come later, told before anything is made. */
static int exists_already(struct error *e, const char *stage, const char *what, const char *name)
{
	errno = EEXIST;
	error_sys(e, "creating %s %s", what, name);
	snprintf(e->stage, sizeof(e->stage), "%s", stage);
	return -1;
}

static int hint_gc(const struct container *c, const char *name, struct error *e)
{
	return error_hint(e,
		"another container uses %s; `%s list` shows it, "
		"`%s gc` removes what a crash left",
		name, c->program, c->program);
}

/* Once named in the state file it would be taken for ours: what exists already is refused here. */
static int refuse_existing(const struct container *c, const struct state *s, struct error *e)
{
	char path[sizeof(CGROUP_ROOT) + PATH_MAX];
	int found;

	snprintf(path, sizeof(path), CGROUP_ROOT "%s", s->cgroup);
	found = s->cgroup[0] ? gc_path_exists(path, e) : 0;
	if (found > 0) {
		exists_already(e, "cgroup", "cgroup", s->cgroup);
		return hint_gc(c, s->cgroup, e);
	}
	if (found == 0 && s->link[0])
		found = network_has(s->link, NETWORK_ANY, e);
	if (found > 0) {
		exists_already(e, "network", "veth", s->link);
		return hint_gc(c, s->link, e);
	}
	if (found == 0 && s->pid_file[0])
		found = gc_path_exists(s->pid_file, e);
	return found > 0 ? exists_already(e, "", "pid file", c->pid_file) : found;
}

static int name_taken(const struct container *c, struct error *e)
{
	errno = EEXIST;
	error_sys(e, "container %s", c->name);
	return error_hint(e, "`%s list` shows it; choose another --name", c->program);
}

/* Makes the name free: collects what a killed runtime left under it, or half-written. */
static int collect_stale(const struct container *c, int dir, const char *directory, struct error *e)
{
	struct state stale;
	int fd, result;

	state_sweep_in(dir, directory, false);
	fd = state_claim_in(dir, directory, c->name, &stale, e);
	if (fd < 0 && e->errnum == ENOENT) {
		error_clear(e);
		return 0;
	}
	if (fd < 0)
		return e->errnum == EWOULDBLOCK ? name_taken(c, e) : -1;
	result = gc_container(&stale, e);
	state_free(&stale);
	close(fd);
	return result;
}

/*
 * A runtime has two locks on its new file. That of flock(2) is the open file's, so that a copy of
 * the process has it too. That of fcntl(2) is the process's alone, but goes with whatever
 * descriptor of the file the process closes first: after birth it opens none.
 */
static int state_lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1 : fcntl(fd, F_SETLK, &whole);
}

int state_before_birth(struct container *c, struct error *e)
{
	if (flock(c->state_fd, LOCK_UN) < 0)
		return error_sys(e, "keeping the state file of %s from the child", c->name);
	return 0;
}

static int write_all(int fd, const struct state_text *text)
{
	for (size_t done = 0; done < text->size;) {
		ssize_t n = write(fd, text->data + done, text->size - done);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

int state_append(struct container *c, const struct state_text *text)
{
	int failure;

	if (write_all(c->state_fd, text) == 0) {
		c->state_size += (off_t)text->size;
		return 0;
	}
	failure = errno;
	/* A part that was written counts as nothing, until something else is added. */
	if (ftruncate(c->state_fd, c->state_size) == 0)
		errno = failure;
	return -1;
}

/* The clock is read without a system call (vdso(7)), which getpid(2) would be. */
static void name_temporary(const char *name, char temporary[STATE_FILE_MAX])
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(temporary, STATE_FILE_MAX, ".%s.%lld", name,
		(long long)now.tv_sec * 1000000000 + now.tv_nsec);
}

/* One try of put_file(); -1 with errno, and nothing is left. */
static int put_once(int dir, const char *name, const char *file, const struct state_text *text)
{
	char temporary[STATE_FILE_MAX];
	int fd, failure;

	name_temporary(name, temporary);
	fd = openat(dir, temporary, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		return -1;
	if (state_lock(fd) < 0 || write_all(fd, text) < 0 ||
		renameat2(dir, temporary, dir, file, RENAME_NOREPLACE) < 0) {
		failure = errno;
		unlinkat(dir, temporary, 0);
		close(fd);
		errno = failure;
		return -1;
	}
	return fd;
}

/*
 * Makes the file, written whole under a name of its own and then renamed, never in the place of
 * another, and locked from before it has either. Returns the descriptor, owned by the caller.
 */
static int put_file(
	int dir, const char *name, const char *file, const struct state_text *text, struct error *e)
{
	int fd, tries = 0;

	/*
	 * A file that nobody has locked yet is a leftover to gc, which locks it (EWOULDBLOCK) and
	 * takes it away: then there is nothing to rename (ENOENT).
	 */
	do
		fd = put_once(dir, name, file, text);
	while (fd < 0 && (errno == ENOENT || errno == EWOULDBLOCK) && ++tries < PUT_TRIES);
	return fd < 0 ? state_refused(e, "writing", file) : fd;
}

/* The file of s with its first record, *size bytes. */
static int put_state(int dir, const char *file, const struct state *s, off_t *size, struct error *e)
{
	struct state_text text = {0};
	FILE *out = open_memstream(&text.data, &text.size);
	int fd = -1, failed;

	if (!out)
		return error_sys(e, "printing the state of %s", s->name);
	failed = state_print(s, out, e) < 0;
	if (fclose(out) != 0 && !failed)
		failed = error_sys(e, "printing the state of %s", s->name);
	if (!failed)
		fd = put_file(dir, s->name, file, &text, e);
	*size = (off_t)text.size;
	free(text.data);
	return fd;
}

/* Of two runtimes one gets the name. */
static int make_file(
	struct container *c, int dir, const char *directory, const struct state *s, struct error *e)
{
	char file[STATE_FILE_MAX];

	snprintf(file, sizeof(file), "%s.json", s->name);
	if (collect_stale(c, dir, directory, e) < 0 || refuse_existing(c, s, e) != 0)
		return -1;
	c->state_fd = put_state(dir, file, s, &c->state_size, e);
	if (c->state_fd < 0)
		return e->errnum == EEXIST ? name_taken(c, e) : -1;
	c->state_dir = dir;
	return 0;
}

int state_create(struct container *c, struct error *e)
{
	char directory[PATH_MAX], *pid_file;
	struct state s;
	int dir, result = -1;

	c->created = time(NULL);
	if (state_check_name(c->name, e) < 0 ||
		(c->spec->has_veth && choose_link_address(c, e) < 0) ||
		pid_file_path(c, &pid_file, e) < 0)
		return -1;
	s = describe(c, pid_file);
	dir = state_directory(true, directory, e);
	if (dir >= 0) {
		result = make_file(c, dir, directory, &s, e);
		if (result < 0)
			close(dir);
	}
	free(pid_file);
	return result;
}

int state_update(struct container *c, struct error *e)
{
	char file[STATE_FILE_MAX], record[sizeof(STATE_PROCESS) + 2 * 20];
	struct state_text text = {.data = record};
	uint64_t start_time = 0;

	if (state_start_time(c->pid, &start_time, e) < 0)
		return -1;
	text.size = (size_t)snprintf(record, sizeof(record), STATE_PROCESS, c->pid, start_time);
	if (state_append(c, &text) == 0)
		return 0;
	snprintf(file, sizeof(file), "%s.json", c->name);
	return state_refused(e, "writing", file);
}

int state_remove(struct container *c, struct error *e)
{
	char file[STATE_FILE_MAX];
	int result = 0;

	if (c->state_fd < 0)
		return 0;
	snprintf(file, sizeof(file), "%s.json", c->name);
	/* While the file is ours. */
	if ((state_still_named(c->state_dir, file, c->state_fd) < 0 ||
		    unlinkat(c->state_dir, file, 0) < 0) &&
		errno != ENOENT)
		result = state_refused(e, "removing", file);
	close(c->state_dir);
	close(c->state_fd);
	c->state_dir = c->state_fd = -1;
	return result;
}
