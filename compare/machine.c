/* machine.c: see machine.h. */
#include "machine.h"

#include "process.h"
#include "values.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <netlink/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif
#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

/* The rest of the first line of a file that begins with key; quotes around it go. NULL: none. */
static char *line_value(const char *path, const char *key)
{
	char *text = read_whole(AT_FDCWD, path, NULL), *rest = text, *line, *found = NULL;

	while (!found && (line = strsep(&rest, "\n")))
		if (!strncmp(line, key, strlen(key))) {
			line += strlen(key) + strspn(line + strlen(key), "\" \t:");
			found = text_printable(line, strcspn(line, "\""));
		}
	free(text);
	return found;
}

static void set_line(json_t *o, const char *name, const char *path, const char *key)
{
	char *value = line_value(path, key);

	json_object_set_new(o, name, value ? json_string(value) : json_null());
	free(value);
}

/*
 * The linker writes 32 bytes into the program: these 14, the size of a pointer, flags, and nothing.
 * With the flag 2 two strings follow, each behind its length (a uvarint): Go's version is the
 * first.
 */
void machine_go_version(const char *program, char *version, size_t size)
{
	static const char magic[14] = "\xff Go buildinf:";
	size_t n = 0, length = 0, shift = 0;
	char *bytes = read_whole(AT_FDCWD, program, &n);
	const unsigned char *at =
		bytes ? (const unsigned char *)memmem(bytes, n, magic, sizeof(magic)) : NULL;
	size_t left = at ? n - (size_t)(at - (const unsigned char *)bytes) : 0;

	version[0] = '\0';
	if (left > 34 && at[15] & 2) {
		const unsigned char *text = at + 32, *end = at + left;

		do
			length |= (size_t)(*text & 0x7f) << shift, shift += 7;
		while (*text++ & 0x80 && text < end && shift < 28);
		if (length < size && length <= (size_t)(end - text))
			snprintf(version, size, "%.*s", (int)length, (const char *)text);
	}
	free(bytes);
}

/* The first line that PROGRAM --version prints. */
static json_t *program_version(const char *path)
{
	char *argv[] = {(char *)path, "--version", NULL};
	struct child c;
	struct error ignored;
	json_t *said = json_null();

	child_init(&c);
	if (!child_start(&c, argv, "/", &ignored) &&
		!child_finish(&c, deadline_in(10000), &ignored) && !c.status) {
		char *line = text_printable(c.out_text, strcspn(c.out_text, "\n"));

		said = json_string(line);
		free(line);
	}
	child_discard(&c);
	return said;
}

json_t *machine_json(const struct plan *p, const struct column *const columns[], size_t columns_n)
{
	json_t *o = json_object(), *programs = json_object();
	char path[PATH_MAX], go[64] = "", now[32];
	struct utsname u = {0};
	time_t t = time(NULL);
	struct tm utc;

	uname(&u);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &utc));
	for (size_t i = 0; i < columns_n; i++)
		if (column_program(columns[i], p, path))
			json_object_set_new(programs, columns[i]->name, program_version(path));
	if (column_program(column_find("gobox"), p, path))
		machine_go_version(path, go, sizeof(go));
	json_object_set_new(o, "time", json_string(now));
	set_line(o, "system", "/etc/os-release", "PRETTY_NAME=");
	json_object_set_new(o, "arch", json_string(u.machine));
	set_line(o, "cpu", "/proc/cpuinfo", "model name");
	json_object_set_new(o, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(o, "memory",
		json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024)));
	json_object_set_new(o, "compiler", json_string(COMPILER));
	json_object_set_new(o, "go", go[0] ? json_string(go) : json_null());
	json_object_set_new(o, "libraries",
		json_pack("{s:s, s:s, s:s, s:s}", "glibc", gnu_get_libc_version(), "libnl",
			LIBNL_VERSION, "jansson", JANSSON_VERSION, "libcap",
			TEXT(LIBCAP_MAJOR) "." TEXT(LIBCAP_MINOR)));
	json_object_set_new(o, "programs", programs);
	return o;
}
