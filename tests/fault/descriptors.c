/* descriptors.c: see descriptors.h. */
#include "descriptors.h"

#include "asked.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 1024
static bool open_at_begin[DESCRIPTORS];

/* Go's runtime keeps these two for itself as long as it lives. */
static bool is_of_go(const char *what)
{
	return strstr(what, "[eventpoll]") || strstr(what, "[eventfd]");
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
		else if (strcmp(word, "inside") == 0 || (!open_at_begin[fd] && !is_of_go(what)))
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
