/* self.c: see self.h. */
#include "self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* Older kernels do not know MFD_EXEC; newer ones may be set to refuse what lacks it. */
static int make_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static int copy(int from, int to)
{
	struct stat st;

	if (fstat(from, &st) < 0)
		return -1;
	for (off_t done = 0; done < st.st_size;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)(st.st_size - done));

		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

/*
 * A file in memory is a file to RLIMIT_FSIZE, which is set aside meanwhile: with CAP_SYS_RESOURCE
 * all of it, else what is soft. Who still has too little hears EFBIG, since the signal is blocked
 * (setrlimit(2)).
 */
static int copy_and_seal(int from, int to)
{
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit limit, hard;
	sigset_t of_size, before;
	int result;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		return -1;
	sigemptyset(&of_size);
	sigaddset(&of_size, SIGXFSZ);
	sigprocmask(SIG_BLOCK, &of_size, &before);
	hard = (struct rlimit){limit.rlim_max, limit.rlim_max};
	if (setrlimit(RLIMIT_FSIZE, &none) < 0)
		setrlimit(RLIMIT_FSIZE, &hard);
	result = copy(from, to);
	/* The command would go without the limit. */
	if (result == 0)
		result = setrlimit(RLIMIT_FSIZE, &limit);
	if (result < 0)
		return -1; /* the signal stays blocked, for the program ends now */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fcntl(to, F_ADD_SEALS, SEALS);
}

int self_seal(const char *program, char **argv, struct error *e)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), sealed = -1;

	if (self >= 0 && fcntl(self, F_GET_SEALS) == SEALS) {
		close(self);
		/* Executed by descriptor it is called by the descriptor's number. */
		prctl(PR_SET_NAME, program);
		return 0;
	}
	if (self >= 0)
		sealed = make_file(program);
	if (sealed >= 0 && copy_and_seal(self, sealed) == 0)
		fexecve(sealed, argv, environ);
	error_sys(e, "executing a sealed copy of the runtime");
	if (sealed >= 0)
		close(sealed);
	if (self >= 0)
		close(self);
	return -1;
}

bool self_data(const char *name, char out[PATH_MAX])
{
	static const struct {
		int up; /* from bin/cbox, from build/bin/cbox */
		const char *below;
	} places[] = {{2, "share/twinbox"}, {3, "shared"}};
	char self[PATH_MAX] = "", *slash = self;
	int up = 0;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (; slash && up < places[i].up; up++) {
			slash = strrchr(self, '/');
			if (slash)
				*slash = '\0';
		}
		if (slash &&
			snprintf(out, PATH_MAX, "%s/%s/%s", self, places[i].below, name) <
				PATH_MAX &&
			access(out, F_OK) == 0)
			return true;
	}
	return false;
}
