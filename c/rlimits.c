/* rlimits.c: see rlimits.h. */
#include "rlimits.h"

#include <string.h>

const char *const rlimit_names[RLIMIT_COUNT] = {
	"RLIMIT_CPU",
	"RLIMIT_FSIZE",
	"RLIMIT_DATA",
	"RLIMIT_STACK",
	"RLIMIT_CORE",
	"RLIMIT_RSS",
	"RLIMIT_NPROC",
	"RLIMIT_NOFILE",
	"RLIMIT_MEMLOCK",
	"RLIMIT_AS",
	"RLIMIT_LOCKS",
	"RLIMIT_SIGPENDING",
	"RLIMIT_MSGQUEUE",
	"RLIMIT_NICE",
	"RLIMIT_RTPRIO",
	"RLIMIT_RTTIME",
};

int rlimit_find(const char *name)
{
	for (int i = 0; i < RLIMIT_COUNT; i++) {
		if (strcmp(rlimit_names[i], name) == 0)
			return i;
	}
	return -1;
}
