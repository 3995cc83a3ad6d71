/* asked.c: the command line of inject; its head says what there is. */
#include "asked.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct asked asked = {.seconds = 10, .user = -1};

void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(120);
}

static int errno_called(const char *name)
{
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
			return i;
	errno = EINVAL;
	die(name);
}

static void read_act(char *text)
{
	if (!strncmp(text, "error=", 6)) {
		asked.error = errno_called(text + 6);
	} else if (!strcmp(text, "short")) {
		asked.is_short = true;
	} else if (!strncmp(text, "signal=", 7) && strchr(text, ':')) {
		asked.target = text + 7;
		*strchr(text, ':') = '\0';
		asked.signal = atoi(text + strlen(text) + 1);
	} else {
		errno = EINVAL;
		die(text);
	}
}

bool asked_read(int argc, char **argv)
{
	static const struct option options[] = {{"report", 1, NULL, 'r'}, {"seconds", 1, NULL, 's'},
		{"user", 1, NULL, 'u'}, {"at", 1, NULL, 'a'}, {"do", 1, NULL, 'd'},
		{"own", 1, NULL, 'o'}, {0}};
	int c;

	asked.report = stderr;
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'r' && !(asked.report = fopen(optarg, "we")))
			die(optarg);
		if (c == 's')
			asked.seconds = atoi(optarg);
		if (c == 'u')
			asked.user = atol(optarg);
		if (c == 'a')
			asked.site = optarg;
		if (c == 'd')
			read_act(optarg);
		if (c == 'o' && sscanf(optarg, "%lx:%lx", &asked.own_from, &asked.own_to) != 2)
			return false;
		if (c == '?')
			return false;
	}
	return argv[optind] != NULL;
}
