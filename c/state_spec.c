/* state_spec.c: see state_spec.h. Written by `run`, read by `exec`; go/state_spec.go is the twin.
 */
#include "state_spec.h"

#include "state_file.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* From the first process to its command it is milliseconds; a machine may be slow. */
enum { START_WAIT_MS = 10000 };

static int append_spec(struct container *c, const char *spec, size_t size)
{
	enum { RECORD_MAX = sizeof(STATE_SPEC) + 20 };
	struct state_text text = {.data = malloc(RECORD_MAX + size)};
	int result = -1;

	if (text.data) {
		text.size = (size_t)snprintf(text.data, RECORD_MAX, STATE_SPEC, size);
		if (size > 0) /* else spec may be NULL */
			memcpy(text.data + text.size, spec, size);
		text.size += size;
		result = state_append(c, &text);
	}
	free(text.data);
	return result;
}

void state_publish(struct container *c)
{
	if (append_spec(c, c->spec->text, c->spec->text_len) < 0)
		append_spec(c, "", 0);
}

static int hint_list(const char *program, struct error *e)
{
	return error_hint(e, "`%s list` shows the containers of this user", program);
}

/* One look: 1 where the container runs and can be entered, 0 where it is just starting. */
static int look(int dir, const char *directory, const char *program, const char *name,
	struct state *s, struct spec *spec, struct error *e)
{
	char file[STATE_FILE_MAX], path[PATH_MAX + STATE_FILE_MAX];
	struct state_text text;
	int looked, result = 0;

	snprintf(file, sizeof(file), "%s.json", name);
	looked = state_look(dir, directory, file, s, &text, e);
	if (looked < 0)
		return -1;
	if (looked > 0) {
		error_say(e, "there is no container %s", name);
		return hint_list(program, e);
	}
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	if (!s->alive) {
		error_say(e, "container %s does not run any more", name);
		result = error_hint(
			e, "its runtime was killed; `%s gc` removes what it left", program);
	} else if (text.data && text.size == 0) {
		error_say(e, "container %s was started without its spec kept", name);
		result = error_hint(e,
			"its runtime could not write %s: a limit on files "
			"(ulimit -f), or no room there",
			path);
	} else if (text.data) {
		result = spec_parse(path, text.data, text.size, spec, e) < 0 ? -1 : 1;
	}
	free(text.data);
	if (result < 1)
		state_free(s);
	return result;
}

/* Looks again each time that something in the directory has changed. */
static int await(int dir, const char *directory, const char *program, const char *name,
	struct state *s, struct spec *spec, struct error *e)
{
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), result;
	struct pollfd changed = {.fd = watch, .events = POLLIN};
	char events[4096];

	if (watch < 0 || inotify_add_watch(watch, directory, IN_MODIFY | IN_DELETE) < 0) {
		error_sys(e, "watching state directory %s", directory);
		result = -1;
		goto out;
	}
	while ((result = look(dir, directory, program, name, s, spec, e)) == 0) {
		if (poll(&changed, 1, START_WAIT_MS) == 0) {
			error_say(e, "container %s has not started yet", name);
			result = error_hint(e, "try again when its command runs");
			break;
		}
		if (read(watch, events, sizeof(events)) < 0 && errno != EAGAIN && errno != EINTR) {
			result = error_sys(e, "watching state directory %s", directory);
			break;
		}
	}
out:
	if (watch >= 0)
		close(watch);
	return result;
}

int state_find(
	const char *program, const char *name, struct state *s, struct spec *spec, struct error *e)
{
	char directory[PATH_MAX];
	int dir, result;

	if (state_check_name(name, e) < 0)
		return -1;
	dir = state_directory(false, directory, e);
	if (dir < 0 && e->errnum == ENOENT) {
		error_say(e, "there is no container %s", name);
		return hint_list(program, e);
	}
	if (dir < 0)
		return -1;
	result = look(dir, directory, program, name, s, spec, e);
	if (result == 0)
		result = await(dir, directory, program, name, s, spec, e);
	close(dir);
	return result < 0 ? -1 : 0;
}
