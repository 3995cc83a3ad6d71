/*
 * behave_lifecycle.c: group "lifecycle": how a container ends, what its caller is told, and that
 * nothing of it stays. Each case is a container of its own.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RUNTIME_KILLED_MS 2000 /* a container must not outlive its runtime by more than this */

static char *case_id(const char *name, const char *what)
{
	return text_format("lifecycle.%s.%s", name, what);
}

/* Everything that is left after a case, by name, or "nothing". */
static void set_left(const struct held *h, const char *name, struct values *out)
{
	char text[200], *id = case_id(name, "left");

	held_left(h, text, sizeof(text));
	values_set(out, id, "%s", text);
	free(id);
}

/* What is done to the container between its start and its end; the status is read after it. */
typedef int during(struct held *h, struct values *out, struct error *e);

static int kill_container(struct held *h, struct values *out, struct error *e)
{
	(void)out;
	if (held_ready(h, "are you there?", e))
		return -1;
	if (syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0))
		return error_sys(e, "killing the container's first process");
	return 0;
}

/* The shell names each signal that reaches it; the runtime gets them one after another. */
static int send_signals(struct held *h, struct values *out, struct error *e)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"HUP", SIGHUP}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},
		{"USR2", SIGUSR2}, {"TERM", SIGTERM}};
	char line[64], id[64];

	if (held_ready(h, NULL, e))
		return -1;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		snprintf(id, sizeof(id), "lifecycle.forwarded.%s", signals[i].name);
		/* A shell on its way into read(2) would not notice before its next input. */
		if (held_still(h, e))
			return -1;
		kill(h->child.pid, signals[i].number);
		if (child_line(&h->child, line, sizeof(line), deadline_in(5000), e))
			return -1;
		values_set(out, id, "%s", strcmp(line, signals[i].name) ? line : "arrives");
	}
	return 0;
}

/* Every byte value goes through cat and comes back, and nothing else does. */
static int pass_bytes(struct held *h, struct values *out, struct error *e)
{
	unsigned char bytes[8192];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i ^ i >> 8);
	if (child_write(&h->child, bytes, sizeof(bytes), e) || held_end(h, e))
		return -1;
	values_set(out, "lifecycle.bytes.output", "%s",
		h->child.out_len == sizeof(bytes) &&
				!memcmp(h->child.out_text, bytes, sizeof(bytes))
			? "every byte as it was"
			: "changed");
	return 0;
}

static int split_streams(struct held *h, struct values *out, struct error *e)
{
	if (held_end(h, e))
		return -1;
	values_set(out, "lifecycle.streams.output", "%s", h->child.out_text);
	values_set(out, "lifecycle.streams.error", "%s", h->child.err_text);
	return 0;
}

/* The stages as --events tells them, each side in its own order. */
static void set_stages(const char *events, const char *who, struct values *out)
{
	char *copy = strdup(events), *rest = copy, *line, text[1024] = "", id[64];

	while ((line = strsep(&rest, "\n"))) {
		json_t *event = json_loads(line, 0, NULL);
		const char *side = "", *stage = "", *what = "";

		if (!json_unpack(event, "{s:s,s:s,s:s}", "who", &side, "stage", &stage, "event",
			    &what) &&
			!strcmp(side, who) && strcmp(what, "begin") != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s",
				text[0] ? ", " : "", stage, what);
		json_decref(event);
	}
	snprintf(id, sizeof(id), "lifecycle.stages.%s", who);
	values_set(out, id, "%s", text);
	free(copy);
}

static int read_stages(struct held *h, struct values *out, struct error *e)
{
	char path[PATH_MAX], *events;

	if (held_end(h, e))
		return -1;
	if (!h->column->twin) {
		values_skip(out, "lifecycle.stages.parent", "%s has no --events", h->column->name);
		values_skip(out, "lifecycle.stages.child", "%s has no --events", h->column->name);
		return 0;
	}
	events = read_whole(AT_FDCWD, held_file(h, "events", path), NULL);
	if (!events)
		return error_sys(e, "reading the events");
	set_stages(events, "parent", out);
	set_stages(events, "child", out);
	free(events);
	return 0;
}

/*
 * SIGKILL to the runtime: the command is one that would not notice by its streams. The
 * container must go with it, and be collected without it.
 */
static int kill_runtime(struct held *h, struct values *out, struct error *e)
{
	struct error undo;
	int gone;

	if (held_pid(h, e) || held_still(h, e))
		return -1;
	kill(h->child.pid, SIGKILL);
	gone = held_gone(h, RUNTIME_KILLED_MS);
	values_set(out, "lifecycle.runtime_killed.container", "%s",
		gone >= 0 ? "ends with it" : "lives on");
	if (gone < 0)
		syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
	if (held_end(h, e))
		return -1;
	process_orphans(deadline_in(2000));
	if (held_undo(h, &undo))
		values_failed(
			out, "lifecycle.runtime_killed.collected", undo.errnum, "%s", undo.message);
	else
		values_set(out, "lifecycle.runtime_killed.collected", "without an error");
	return 0;
}

#define COMMAND(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define SHELL(script) COMMAND("/bin/sh", "-c", script)

static const struct {
	const char *name;
	const char *const *command;
	during *act; /* NULL: nothing */
} cases[] = {
	{"exit_0", SHELL("exit 0"), read_stages},
	{"exit_7", SHELL("exit 7"), NULL},
	{"exit_255", SHELL("exit 255"), NULL},
	{"false", COMMAND("/bin/false"), NULL},
	{"signal_to_itself", SHELL("kill -TERM $$; exit 3"), NULL},
	{"killed", COMMAND("/bin/cat"), kill_container},
	{"signals",
		SHELL("for s in HUP INT QUIT USR1 USR2; do trap \"echo $s\" $s; done; "
		      "trap 'echo TERM; exit 42' TERM; echo ready; "
		      "while :; do read x; done"),
		send_signals},
	{"missing", COMMAND("/no/such/command"), NULL},
	{"missing_in_path", COMMAND("no-such-command"), NULL},
	{"not_executable", COMMAND("/etc/passwd"), NULL},
	{"directory", COMMAND("/etc"), NULL},
	{"bytes", COMMAND("/bin/cat"), pass_bytes},
	{"streams", SHELL("printf out; printf err >&2"), split_streams},
	{"runtime_killed", COMMAND("/bin/sleep", "600"), kill_runtime},
};

static int try_case(
	const struct plan *p, const struct column *c, size_t i, struct values *out, struct error *e)
{
	char *status = case_id(cases[i].name, "status");
	struct held h;

	error_clear(e);
	if (held_start(&h, p, c, cases[i].command, e) ||
		(cases[i].act && cases[i].act(&h, out, e)) || (!h.child.ended && held_end(&h, e))) {
		values_failed(out, status, 0, "%s", e->message);
	} else {
		values_set(out, status, "%d", h.child.status);
		set_left(&h, cases[i].name, out);
	}
	free(status);
	held_discard(&h);
	return process_stop_signal() ? error_say(e, "stopped") : 0;
}

int behave_lifecycle(
	const struct plan *p, const struct column *c, struct values *out, struct error *e)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (try_case(p, c, i, out, e))
			return -1;
	return 0;
}
