/*
 * mutant_read.c: what the mutant shall do otherwise: the file "mutation" beside the program, one
 * line each. (Not the environment: compare gives its columns one of its own.)
 *
 *   only WORD         nothing at all, unless WORD is on the command line
 *   spec FILE         this spec in place of the one after --spec
 *   rootfs DIR        this rootfs in place of the one after --rootfs
 *   option WORD       an option more for the runtime
 *   command WORD      (repeated) this command in place of the one after --
 *   leave_out NAME    that call succeeds without being made
 *   unseen NAME       that call is made, and is taken for done whatever it says
 *   do NAME           an act of the table acts[]
 *   then TEXT         shell, once the command runs; $PID is its first process
 *   finally TEXT      shell, when everything has been cleaned up
 */
#include "mutant.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct words only, spec, option, rootfs, command, leave_out, unseen, act, then, finally;

static const struct {
	const char *key;
	struct words *list;
} keys[] = {{"only", &only}, {"spec", &spec}, {"option", &option}, {"rootfs", &rootfs},
	{"command", &command}, {"leave_out", &leave_out}, {"unseen", &unseen}, {"do", &act},
	{"then", &then}, {"finally", &finally}};

void mutant_fail(const char *what)
{
	fprintf(stderr, "mutant: %s: %s\n", what, strerror(errno));
	_exit(99);
}

bool mutant_has(const struct words *list, const char *word)
{
	for (int i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], word))
			return true;
	return false;
}

static void read_line(char *line)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (value)
		*value++ = '\0';
	for (size_t i = 0; value && i < MUTANT_LENGTH(keys); i++)
		if (!strcmp(keys[i].key, line) && keys[i].list->n < MUTANT_WORDS) {
			keys[i].list->v[keys[i].list->n++] = strdup(value);
			return;
		}
	errno = EINVAL;
	mutant_fail(line);
}

void mutant_read(void)
{
	char path[PATH_MAX], *line = NULL;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	size_t size = 0;
	FILE *f;

	if (n < 0)
		mutant_fail("its own path");
	path[n] = '\0';
	strcpy(strrchr(path, '/'), "/mutation");
	/* The sealed copy of exec is in no directory. */
	setenv("MUTATION", path, 0);
	f = fopen(getenv("MUTATION"), "re");
	while (f && getline(&line, &size, f) > 0)
		read_line(line);
	free(line);
	if (f)
		fclose(f);
}

void mutant_shell(const struct words *texts)
{
	for (int i = 0; i < texts->n; i++) {
		pid_t pid = fork();
		int status = 1;

		if (pid == 0) {
			sigset_t none;

			/* The runtime blocks what it forwards; the shell's kill shall work. */
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			dup2(open("/dev/null", O_RDONLY), 0);
			dup2(2, 1);
			execl("/bin/sh", "sh", "-ec", texts->v[i], NULL);
			_exit(127);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (status)
			mutant_fail(texts->v[i]);
	}
}

void mutant_forget(void)
{
	for (size_t i = 0; i < MUTANT_LENGTH(keys); i++)
		keys[i].list->n = 0;
}
