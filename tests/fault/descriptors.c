/* descriptors.c: see descriptors.h. */
#include "descriptors.h"

#include "asked.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define DESCRIPTORS 1024
static bool open_at_begin[DESCRIPTORS];

/*
 * Is it the pipe by which Go 1.22's runtime wakes its own epoll_wait(2)? (proc(5), fdinfo: it waits
 * there for EPOLLIN, to which the kernel adds EPOLLERR and EPOLLHUP. What package os puts there is
 * edge-triggered; a pipe of gobox's own is not in there at all.)
 */
static bool wakes_go(pid_t tid, int epoll, unsigned long pipe)
{
	char path[64], line[256];
	unsigned long inode;
	unsigned int events;
	bool found = false;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, epoll);
	info = fopen(path, "re");
	while (info && !found && fgets(line, sizeof(line), info))
		found = sscanf(line, "tfd: %*d events: %x data: %*x pos:%*d ino:%lx", &events,
				&inode) == 2 &&
			events == (EPOLLIN | EPOLLERR | EPOLLHUP) && inode == pipe;
	if (info)
		fclose(info);
	return found;
}

/* Go's runtime keeps these for itself as long as it lives. */
static bool is_of_go(pid_t tid, int directory, const char *what)
{
	char other[64];
	struct dirent *entry;
	unsigned long pipe;
	bool found = false;
	DIR *list;

	if (strstr(what, "[eventpoll]") || strstr(what, "[eventfd]"))
		return true;
	if (sscanf(what, "pipe:[%lu]", &pipe) != 1)
		return false;
	list = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (list && !found && (entry = readdir(list))) {
		ssize_t n = readlinkat(directory, entry->d_name, other, sizeof(other) - 1);

		other[n > 0 ? n : 0] = '\0';
		found = strstr(other, "[eventpoll]") && wakes_go(tid, atoi(entry->d_name), pipe);
	}
	if (list)
		closedir(list);
	return found;
}

/* word NULL: noted. */
static void look_at(pid_t tid, const char *word)
{
	char path[64], what[256];
	struct dirent *entry;
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%d/fd", tid);
	list = opendir(path);
	while (list && (entry = readdir(list))) {
		int fd = atoi(entry->d_name);
		ssize_t n = readlinkat(dirfd(list), entry->d_name, what, sizeof(what) - 1);

		if (fd < 3 || fd >= DESCRIPTORS || n < 0)
			continue;
		what[n] = '\0';
		if (!word)
			open_at_begin[fd] = true;
		else if (strcmp(word, "inside") == 0 ||
			 (!open_at_begin[fd] && !is_of_go(tid, dirfd(list), what)))
			fprintf(asked.report, "%s\t%s\n", word, what);
	}
	if (list)
		closedir(list);
}

void descriptors_note(pid_t tid)
{
	look_at(tid, NULL);
}

void descriptors_tell(pid_t tid, const char *word)
{
	look_at(tid, word);
}
