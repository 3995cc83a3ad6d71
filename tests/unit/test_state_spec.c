/* test_state_spec.c: what `exec` finds of a running container, and when. go/state_spec_test.go has
 * the same cases. */
#include "state_scene.h"

#include "state_file.h"
#include "state_spec.h"

#include <dirent.h>
#include <poll.h>

/* Spaces and all: kept as it is. */
static const char spec_text[] = "{\t\"ociVersion\": \"1.0.2\",\n"
				"\"process\": {\"cwd\": \"/tmp\"} }\n\n";
static struct spec loaded;

static struct container spec_container(const char *name)
{
	struct container c = scene_container(name);
	struct error e;

	write_text("spec.json", spec_text);
	assert_int_equal(spec_load("spec.json", &loaded, &e), 0);
	unlink("spec.json");
	c.spec = &loaded;
	return c;
}

static void make(struct container *c)
{
	struct error e;

	assert_int_equal(state_create(c, &e), 0);
	c->pid = getpid();
	assert_int_equal(state_update(c, &e), 0);
}

static void end(struct container *c)
{
	struct error e;

	assert_int_equal(state_remove(c, &e), 0);
	spec_free(&loaded);
}

static void refused(const char *name, const char *message, const char *hint)
{
	struct state s;
	struct spec found = {0};
	struct error e;

	assert_int_equal(state_find("cbox", name, &s, &found, &e), -1);
	assert_string_equal(e.message, message);
	assert_string_equal(e.hint, hint);
}

/* It comes when the command runs and holds what the file of --spec held. */
static void whole_life(void **unused)
{
	struct container c = spec_container("a");
	struct spec found = {0};
	struct state_text text;
	struct state s;
	struct error e;

	(void)unused;
	make(&c);
	assert_int_equal(state_read(c.state_fd, scene_directory, "a", &s, &text, &e), 0);
	assert_null(text.data);
	state_free(&s);
	state_publish(&c);
	assert_int_equal(state_read(c.state_fd, scene_directory, "a", &s, &text, &e), 0);
	assert_int_equal(text.size, strlen(spec_text));
	assert_memory_equal(text.data, spec_text, text.size);
	free(text.data);
	state_free(&s);
	assert_int_equal(state_find("cbox", "a", &s, &found, &e), 0);
	assert_int_equal(s.pid, getpid());
	state_free(&s);
	assert_string_equal(found.process.cwd, "/tmp");
	spec_free(&found);
	end(&c);
	assert_false(is_there(scene_path("a.json")));
}

static void not_there(void **unused)
{
	const char *hint = "`cbox list` shows the containers of this user";
	struct container c = spec_container("a");

	(void)unused;
	refused("a", "there is no container a", hint); /* no directory */
	make(&c);
	state_publish(&c);
	refused("b", "there is no container b", hint);
	end(&c);
	refused("a", "there is no container a", hint);
}

static void publish_and_leave(void *name)
{
	struct container c = spec_container(name);

	make(&c);
	state_publish(&c);
}

/* A killed runtime's: nobody's. */
static void left(void **unused)
{
	struct error e;

	(void)unused;
	in_killed_process(publish_and_leave, "a");
	refused("a", "container a does not run any more",
		"its runtime was killed; `cbox gc` removes what it left");
	assert_int_equal(state_unlink("a", &e), 0);
}

/* One that could not be written is empty: told, not waited for. */
static void not_kept(void **unused)
{
	struct container c = spec_container("a");
	char hint[512];

	(void)unused;
	make(&c);
	loaded.text_len = 0;
	state_publish(&c);
	snprintf(hint, sizeof(hint),
		"its runtime could not write %s: a limit on files (ulimit -f), or no room there",
		scene_path("a.json"));
	refused("a", "container a was started without its spec kept", hint);
	end(&c);
}

/* Somebody in process pid has a descriptor of inotify(7). */
static bool watches(pid_t pid)
{
	char path[64], link[512], target[64];
	bool found = false;
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds))) {
		ssize_t n;

		snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		found = strcmp(target, "anon_inode:inotify") == 0;
	}
	if (fds)
		closedir(fds);
	return found;
}

static pid_t start_finder(const char *name)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct spec found = {0};
		struct state s;
		struct error e;
		int result = state_find("cbox", name, &s, &found, &e);

		spec_free(&found);
		_exit(result == 0					       ? 7
			: strncmp(e.message, "there is no container", 21) == 0 ? 8
									       : 9);
	}
	assert_true(pid > 0);
	while (!watches(pid))
		poll(NULL, 0, 2);
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* One that is just starting is waited for, until it runs or ends. */
static void starting(void **unused)
{
	struct container c = spec_container("a");
	struct error e;
	pid_t finder;

	(void)unused;
	assert_int_equal(state_create(&c, &e), 0);
	finder = start_finder("a");
	c.pid = getpid();
	assert_int_equal(state_update(&c, &e), 0);
	state_publish(&c);
	assert_int_equal(status_of(finder), 7);
	end(&c);

	c = spec_container("a");
	assert_int_equal(state_create(&c, &e), 0);
	finder = start_finder("a");
	end(&c);
	assert_int_equal(status_of(finder), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_life, scene_clear),
		cmocka_unit_test_setup(not_there, scene_clear),
		cmocka_unit_test_setup(left, scene_clear),
		cmocka_unit_test_setup(not_kept, scene_clear),
		cmocka_unit_test_setup(starting, scene_clear),
	};
	int failed;

	scene_begin();
	failed = cmocka_run_group_tests_name("state_spec", tests, NULL, NULL);
	scene_end();
	return failed;
}
