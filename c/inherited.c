/* inherited.c: see inherited.h. */
#include "inherited.h"

#include "small_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIGNALS = 64, CAPABILITY_BITS = 64 };

/* The number in a line of proc_pid_status(5). name begins with the end of the line before: the
 * first line alone has words of somebody else's, and no end of line is in them. */
static bool find_mask(const char *text, const char *name, uint64_t *mask)
{
	const char *found = strstr(text, name);

	if (found)
		*mask = strtoull(found + strlen(name), NULL, 16);
	return found;
}

static bool read_status(struct inherited *o)
{
	char text[4096];

	return small_file_read(AT_FDCWD, "/proc/self/status", text, sizeof(text)) == 0 &&
	       find_mask(text, "\nSigIgn:", &o->ignored) &&
	       find_mask(text, "\nCapBnd:", &o->bounding);
}

/* glibc keeps two signals for itself and refuses them; the kernel does not. */
static uint64_t ask_ignored(void)
{
	uint64_t ignored = 0;

	for (int signal = 1; signal <= SIGNALS; signal++) {
		uint64_t action[4] = {0}; /* struct sigaction of the kernel, the handler first */

		syscall(SYS_rt_sigaction, signal, NULL, action, sizeof(uint64_t));
		if (action[0] == 1) /* SIG_IGN */
			ignored |= 1ULL << (signal - 1);
	}
	return ignored;
}

/* Number by number, until the kernel knows no more. */
uint64_t inherited_bounding(void)
{
	uint64_t bounding = 0;
	int has = 0;

	for (int number = 0; number < CAPABILITY_BITS && has >= 0; number++) {
		has = prctl(PR_CAPBSET_READ, number, 0, 0, 0);
		if (has == 1)
			bounding |= 1ULL << number;
	}
	return bounding;
}

void inherited_read(struct inherited *o)
{
	if (read_status(o))
		return;
	o->ignored = ask_ignored();
	o->bounding = inherited_bounding();
}
