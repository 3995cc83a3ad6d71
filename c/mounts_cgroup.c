/* mounts_cgroup.c: see mounts_cgroup.h. go/mounts_cgroup.go does the same. */
#include "mounts_cgroup.h"

#include "events.h"
#include "mounts_syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The options that are the hierarchy's (kernel/cgroup/cgroup.c, cgroup2_fs_parameters). */
static const char *const hierarchy_options[] = {"nsdelegate", "favordynmods", "memory_localevents",
	"memory_recursiveprot", "memory_hugetlb_accounting", "pids_localevents"};

static bool is_hierarchy_option(const char *option)
{
	for (size_t i = 0; i < sizeof(hierarchy_options) / sizeof(hierarchy_options[0]); i++)
		if (strcmp(option, hierarchy_options[i]) == 0)
			return true;
	return false;
}

/* The file system's own options in a line of mountinfo (proc_pid_mountinfo(5)), or NULL. */
static char *cgroup2_options(char *line)
{
	char *type = strstr(line, " - cgroup2 ");
	char *options = type ? strrchr(line, ' ') : NULL;

	line[strcspn(line, "\n")] = '\0';
	return options ? options + 1 : NULL;
}

static int set_options(struct container *c, int fs, char *options, struct error *e)
{
	char *rest;

	for (char *option = strtok_r(options, ",", &rest); option;
		option = strtok_r(NULL, ",", &rest)) {
		if (!is_hierarchy_option(option))
			continue;
		events_call(c, "fsconfig(\"%s\")", option);
		if (fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0) < 0)
			return error_sys(e, "setting %s of a new cgroup", option);
	}
	return 0;
}

int mounts_cgroup_options(struct container *c, int fs, struct error *e)
{
	char *line = NULL, *options = NULL;
	size_t size = 0;
	int result = 0;
	FILE *mounts;

	if (spec_makes(c->spec, NS_CGROUP))
		return 0;
	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return error_sys(e, "opening /proc/self/mountinfo");
	/* Every mount of the hierarchy shows the same ones: the first tells all. */
	while (!options && getline(&line, &size, mounts) >= 0)
		options = cgroup2_options(line);
	if (ferror(mounts))
		result = error_sys(e, "reading /proc/self/mountinfo");
	else if (options)
		result = set_options(c, fs, options, e);
	free(line);
	fclose(mounts);
	return result;
}
