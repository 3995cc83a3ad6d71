//go:build ignore

// before PID: a Go program that is in PID's user and mount namespace, because C joined them before
// Go's runtime had started.
package main

/*
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static int threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *d;
	int n = 0;

	while (tasks && (d = readdir(tasks)))
		n += d->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return n;
}

static void join(const char *pid, const char *file, int flag, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, flag) < 0)
		printf("setns(%s): %s\n", name, strerrorname_np(errno));
	else
		printf("setns(%s): 0\n", name);
}

// region: constructor
static void __attribute__((constructor)) before_go(int argc, char **argv)
{
	if (argc != 2)
		return;
	printf("in the constructor: threads %d\n", threads());
	join(argv[1], "user", CLONE_NEWUSER, "CLONE_NEWUSER");
	join(argv[1], "mnt", CLONE_NEWNS, "CLONE_NEWNS");
	fflush(stdout);
}
// endregion: constructor
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	threads, _ := filepath.Glob("/proc/self/task/*")
	fmt.Println("in main: threads", len(threads))
	for _, file := range []string{"user", "mnt"} {
		theirs, _ := os.Readlink("/proc/" + os.Args[1] + "/ns/" + file)
		n := 0
		for _, thread := range threads {
			if ours, _ := os.Readlink(thread + "/ns/" + file); ours == theirs && ours != "" {
				n++
			}
		}
		fmt.Printf("in the target's %s namespace: %d\n", file, n)
	}
}
