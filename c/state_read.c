/*
 * state_read.c: the reading side of state.h: the directory, the locks, and who is still alive.
 * Every name is looked up below the descriptor of the directory, never through a symbolic link.
 */
#include "state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A lock may be held for a moment by `list`, which looks, or by a child that is just dying. */
enum { LOCK_TRIES = 20, LOCK_WAIT_US = 1000 };

/* A directory or file that somebody else could have written is not to be believed. */
static int check_ours(int fd, mode_t type, const char *what, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys(e, "looking at %s %s", what, path);
	if ((st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	error_say(e, "%s %s is not safe to use: mode %06o, owner %u", what, path, st.st_mode,
		st.st_uid);
	return error_hint(e, "it must belong to user %u and be writable by nobody else: ls -ld %s",
		geteuid(), path);
}

int state_directory_path(char path[PATH_MAX], struct error *e)
{
	const char *base = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");

	if (!base || base[0] != '/' || strlen(base) > PATH_MAX - 200) {
		error_say(e, "XDG_RUNTIME_DIR is not set to an absolute path");
		return error_hint(e, "log in as this user, or set it to a directory that only this "
				     "user can write");
	}
	snprintf(path, PATH_MAX, "%s/twinbox", base);
	return 0;
}

int state_refused(struct error *e, const char *doing, const char *file)
{
	char directory[PATH_MAX] = "";
	struct error ignored;
	int failure = errno;

	state_directory_path(directory, &ignored);
	errno = failure;
	return error_sys(e, "%s state file %s/%s", doing, directory, file);
}

int state_directory(bool make, char path[PATH_MAX], struct error *e)
{
	int fd;

	if (state_directory_path(path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return error_sys(e, "making state directory %s", path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return error_sys(e, "opening state directory %s", path);
	if (check_ours(fd, S_IFDIR, "state directory", path, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int state_still_named(int dir, const char *file, int fd)
{
	struct stat named, opened;

	if (fstatat(dir, file, &named, AT_SYMLINK_NOFOLLOW) < 0 || fstat(fd, &opened) < 0)
		return -1;
	if (named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
		return 0;
	errno = ENOENT;
	return -1;
}

/* O_NONBLOCK: a FIFO in the place of the file must not make us wait. */
static int open_file(int dir, const char *directory, const char *file, struct error *e)
{
	char path[PATH_MAX + STATE_FILE_MAX];
	int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	if (fd < 0)
		return error_sys(e, "opening state file %s", path);
	if (check_ours(fd, S_IFREG, "state file", path, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int state_read(int fd, const char *directory, const char *name, struct state *s,
	struct state_text *spec, struct error *e)
{
	char path[PATH_MAX + STATE_FILE_MAX];
	struct state_text text = {.data = malloc(STATE_MAX_BYTES)}, found = {0};
	ssize_t n = text.data ? pread(fd, text.data, STATE_MAX_BYTES, 0) : -1;
	int result;

	snprintf(path, sizeof(path), "%s/%s.json", directory, name);
	text.size = n < 0 ? 0 : (size_t)n;
	if (n < 0)
		result = error_sys(e, "reading state file %s", path);
	else
		result = state_parse(path, name, &text, s, &found, e);
	if (spec)
		*spec = (struct state_text){0};
	if (spec && result == 0 && found.data) {
		memmove(text.data, found.data, found.size);
		*spec = (struct state_text){text.data, found.size};
		return 0;
	}
	free(text.data);
	return result;
}

/*
 * Takes a lock of flock(2), LOCK_EX or LOCK_SH; -1 and EWOULDBLOCK where somebody has one. Whoever
 * claims needs no second one: it makes no child.
 */
static int take_lock(int fd, int operation)
{
	struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (flock(fd, operation | LOCK_NB) < 0 || fcntl(fd, F_GETLK, &other) < 0)
		return -1;
	errno = EWOULDBLOCK;
	return other.l_type == F_UNLCK ? 0 : -1;
}

int state_claim_in(
	int dir, const char *directory, const char *name, struct state *s, struct error *e)
{
	char file[STATE_FILE_MAX];
	int fd = -1, locked, failure = EWOULDBLOCK;

	snprintf(file, sizeof(file), "%s.json", name);
	for (int i = 0; i < LOCK_TRIES && fd < 0; i++) {
		fd = open_file(dir, directory, file, e);
		if (fd < 0)
			return -1;
		locked = take_lock(fd, LOCK_EX);
		if (locked == 0 && state_still_named(dir, file, fd) == 0)
			break;
		failure = locked < 0 ? errno : EWOULDBLOCK;
		/* Held by somebody, or locked too late and another file has the name: look again.
		 */
		close(fd);
		fd = -1;
		if (failure != EWOULDBLOCK)
			break;
		usleep(LOCK_WAIT_US);
	}
	if (fd < 0) {
		errno = failure;
		error_sys(e, "locking state file %s/%s", directory, file);
	} else if (state_read(fd, directory, name, s, NULL, e) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int state_claim(const char *name, struct state *s, struct error *e)
{
	char directory[PATH_MAX];
	int dir = state_directory(false, directory, e), fd;

	if (dir < 0)
		return -1;
	fd = state_claim_in(dir, directory, name, s, e);
	close(dir);
	return fd;
}

int state_unlink(const char *name, struct error *e)
{
	char directory[PATH_MAX], file[STATE_FILE_MAX];
	int dir = state_directory(false, directory, e);
	int result = 0;

	if (dir < 0)
		return -1;
	snprintf(file, sizeof(file), "%s.json", name);
	if (unlinkat(dir, file, 0) < 0 && errno != ENOENT)
		result = error_sys(e, "removing state file %s/%s", directory, file);
	close(dir);
	return result;
}

int state_look(int dir, const char *directory, const char *file, struct state *s,
	struct state_text *spec, struct error *e)
{
	char name[STATE_FILE_MAX];
	int result;

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - strlen(".json")), file);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open_file(dir, directory, file, e);
		bool alive;

		if (fd < 0)
			return e->errnum == ENOENT ? 1 : -1;
		/* Shared: two who only look do not take each other for an owner. */
		alive = take_lock(fd, LOCK_SH) < 0;
		if (alive && errno != EWOULDBLOCK) {
			error_sys(e, "locking state file %s/%s", directory, file);
			close(fd);
			return -1;
		}
		if (alive || state_still_named(dir, file, fd) == 0) {
			result = state_read(fd, directory, name, s, spec, e);
			s->alive = alive;
			close(fd);
			return result;
		}
		/* It was removed, and another container may have the name. */
		close(fd);
	}
	errno = EWOULDBLOCK;
	return error_sys(e, "locking state file %s/%s", directory, file);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct state *)a)->name, ((const struct state *)b)->name);
}

static bool is_state_file(const char *file)
{
	size_t n = strlen(file);

	return file[0] != '.' && n > strlen(".json") && n < STATE_FILE_MAX &&
	       strcmp(file + n - strlen(".json"), ".json") == 0;
}

/* Opens the directory for reading its entries; *missing where there is none yet. */
static DIR *open_entries(char directory[PATH_MAX], bool *missing, struct error *e)
{
	int dir = state_directory(false, directory, e);
	DIR *entries;

	*missing = dir < 0 && e->errnum == ENOENT;
	if (dir < 0)
		return NULL;
	entries = fdopendir(dir);
	if (!entries) {
		error_sys(e, "reading state directory %s", directory);
		close(dir);
	}
	return entries;
}

/* At the end, and only there, readdir(3) leaves errno as it was. */
static struct dirent *next_entry(DIR *entries)
{
	errno = 0;
	return readdir(entries);
}

int state_list(struct state **out, size_t *n, struct error *e)
{
	char directory[PATH_MAX];
	bool missing;
	DIR *entries = open_entries(directory, &missing, e);
	struct dirent *entry;
	int result = 0;

	*out = NULL;
	*n = 0;
	if (!entries)
		return missing ? 0 : -1;
	while ((entry = next_entry(entries))) {
		struct state *grown;
		struct error this;
		int looked;

		if (!is_state_file(entry->d_name))
			continue;
		grown = reallocarray(*out, *n + 1, sizeof(**out));
		if (!grown) {
			result = error_sys(e, "reading state directory %s", directory);
			break;
		}
		*out = grown;
		looked = state_look(
			dirfd(entries), directory, entry->d_name, &grown[*n], NULL, &this);
		if (looked == 0)
			++*n;
		else if (looked < 0 && result == 0) {
			*e = this;
			result = -1;
		}
	}
	if (!entry && errno && result == 0)
		result = error_sys(e, "reading state directory %s", directory);
	closedir(entries);
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_name);
	return result;
}

void state_list_free(struct state *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		state_free(&list[i]);
	free(list);
}

/* True where the file was half-written by a runtime that is gone, and now is gone too. */
static bool sweep_one(int dir, const char *directory, const char *file, bool dry_run)
{
	struct error ignored;
	bool swept;
	int fd;

	if (file[0] != '.' || strcmp(file, ".") == 0 || strcmp(file, "..") == 0)
		return false;
	fd = open_file(dir, directory, file, &ignored);
	if (fd < 0)
		return false;
	/* Its writer, while alive, holds the lock. */
	swept = flock(fd, LOCK_EX | LOCK_NB) == 0 && state_still_named(dir, file, fd) == 0 &&
		(dry_run || unlinkat(dir, file, 0) == 0);
	close(fd);
	return swept;
}

/* Not readdir(3), which needs a descriptor of its own. */
int state_sweep_in(int dir, const char *directory, bool dry_run)
{
	_Alignas(struct dirent64) char entries[4096];
	int swept = 0;
	ssize_t n;

	while ((n = getdents64(dir, entries, sizeof(entries))) > 0) {
		const struct dirent64 *entry;

		for (char *p = entries; p < entries + n; p += entry->d_reclen) {
			entry = (const struct dirent64 *)p;
			swept += sweep_one(dir, directory, entry->d_name, dry_run);
		}
	}
	return swept;
}

int state_sweep(bool dry_run, struct error *e)
{
	char directory[PATH_MAX];
	int dir = state_directory(false, directory, e), swept;

	if (dir < 0)
		return e->errnum == ENOENT ? 0 : -1;
	swept = state_sweep_in(dir, directory, dry_run);
	close(dir);
	return swept;
}
