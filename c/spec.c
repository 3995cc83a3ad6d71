/*
 * spec.c: from the file to a complete struct spec: the first thing of every run, before anything
 * is made. The objects within are read in spec_*.c; go/spec.go is the twin.
 */
#include "spec.h"

#include "spec_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define ROW(name, proc, flag)                                                                      \
	{                                                                                          \
		name, proc, flag, #flag                                                            \
	}

const struct namespace_kind namespace_kinds[NS_COUNT] = {
	[NS_CGROUP] = ROW("cgroup", "cgroup", CLONE_NEWCGROUP),
	[NS_IPC] = ROW("ipc", "ipc", CLONE_NEWIPC),
	[NS_MOUNT] = ROW("mount", "mnt", CLONE_NEWNS),
	[NS_NETWORK] = ROW("network", "net", CLONE_NEWNET),
	[NS_PID] = ROW("pid", "pid", CLONE_NEWPID),
	[NS_TIME] = ROW("time", "time", CLONE_NEWTIME),
	[NS_USER] = ROW("user", "user", CLONE_NEWUSER),
	[NS_UTS] = ROW("uts", "uts", CLONE_NEWUTS),
};

/* Skips digits; NULL where there are none. */
static const char *skip_digits(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n ? p + n : NULL;
}

/* 1.MINOR.PATCH, perhaps with -SUFFIX: what has changed since 1.0 is additions. */
static int read_version(
	const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	char **version = f->into;
	const char *p;

	if (read_string(at, value, f, e) < 0)
		return -1;
	p = strncmp(*version, "1.", 2) == 0 ? skip_digits(*version + 2) : NULL;
	p = p && *p == '.' ? skip_digits(p + 1) : NULL;
	if (!p || (*p && (*p != '-' || !p[1])))
		return spec_refuse(at, e, "must be 1.x, as 1.0.2");
	return 0;
}

static int read_root(const struct where *at, json_t *value, const struct field *f, struct error *e)
{
	struct spec *s = f->into;
	const struct field fields[] = {
		{"path", read_string, &s->root.path, 1, 4095, false},
		{"readonly", read_bool, &s->root.readonly, 0, 0, false},
	};

	return read_object(at, value, fields, ARRAY_SIZE(fields), e);
}

static int read_spec(const struct where *at, json_t *value, struct spec *s, struct error *e)
{
	char *schema = NULL; /* for editors; not used here */
	const struct field fields[] = {
		{"$schema", read_string, &schema, 0, 0, false},
		{"ociVersion", read_version, &s->oci_version, 1, 64, true},
		{"hostname", read_string, &s->hostname, 1, 64, false},
		{"root", read_root, s, 0, 0, false},
		{"process", spec_read_process, s, 0, 0, false},
		{"mounts", spec_read_mounts, s, 0, 0, false},
		{"linux", spec_read_linux, s, 0, 0, false},
		{"annotations", read_key_values, &s->annotations, 0, 0, false},
		{"veth", spec_read_veth, s, 0, 0, false},
	};
	int failed = read_object(at, value, fields, ARRAY_SIZE(fields), e);

	free(schema);
	return failed;
}

/* A list that was not in the file. */
static bool fill_list(struct strings *list, const char *only)
{
	if (list->v)
		return true;
	list->v = calloc(2, sizeof(*list->v));
	if (!list->v || !only)
		return list->v;
	list->v[0] = strdup(only);
	list->n = list->v[0] ? 1 : 0;
	return list->v[0];
}

/* What the file did not say. */
static int fill_defaults(const struct where *at, struct spec *s, struct error *e)
{
	if (!s->process.cwd)
		s->process.cwd = strdup("/");
	if (!s->process.cwd || !fill_list(&s->process.args, "/bin/sh") ||
		!fill_list(&s->process.env, NULL) || !fill_list(&s->masked_paths, NULL) ||
		!fill_list(&s->readonly_paths, NULL))
		return spec_no_memory(at, e);
	for (size_t i = 0; i < s->mounts_n; i++) {
		if (!fill_list(&s->mounts[i].options, NULL))
			return spec_no_memory(at, e);
	}
	return 0;
}

static int refuse_size(const char *label, struct error *e)
{
	return error_say(e, "%s: the file is larger than %d bytes", label, SPEC_MAX_BYTES);
}

int spec_parse(const char *label, const char *data, size_t len, struct spec *out, struct error *e)
{
	struct where file = {NULL, label, 0};
	json_t *tree = NULL;
	int failed;

	memset(out, 0, sizeof(*out));
	if (len > SPEC_MAX_BYTES)
		return refuse_size(label, e);
	if (json_read(label, data, len, &tree, e) < 0)
		return -1;
	failed = read_spec(&file, tree, out, e) < 0 || fill_defaults(&file, out, e) < 0 ||
		 spec_check(&file, out, e) < 0;
	json_decref(tree);
	if (failed)
		spec_free(out);
	return failed ? -1 : 0;
}

/*
 * Reads until the end or until there is more than a spec may have; the number of bytes, -1 with
 * errno. Its size is a guess: a pipe has none, and a file may grow. *data is the caller's to free.
 */
static ssize_t spec_read_all(int fd, const struct stat *st, char **data)
{
	size_t size = st->st_size > 0 ? (size_t)st->st_size + 1 : SPEC_MAX_BYTES + 1;
	size_t len = 0, room = 0;

	while (len <= SPEC_MAX_BYTES) {
		ssize_t n;

		if (len == room) {
			char *grown = realloc(*data, room = room ? SPEC_MAX_BYTES + 1 : size);

			if (!grown)
				return -1;
			*data = grown;
		}
		n = read(fd, *data + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		len += (size_t)n;
		/* Of a file with a size, as those of /proc are not, a read is short at its end
		 * only. */
		if (n == 0 || (st->st_size > 0 && S_ISREG(st->st_mode) && len < room))
			break;
	}
	return (ssize_t)len;
}

int spec_load(const char *path, struct spec *out, struct error *e)
{
	int failed = -1, fd;
	char *data = NULL;
	struct stat st;
	ssize_t len;

	memset(out, 0, sizeof(*out));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_sys(e, "opening %s", path);
		goto out;
	}
	if (st.st_size > SPEC_MAX_BYTES) {
		refuse_size(path, e);
		goto out;
	}
	len = spec_read_all(fd, &st, &data);
	if (len < 0) {
		error_sys(e, "reading %s", path);
		goto out;
	}
	failed = spec_parse(path, data, (size_t)len, out, e);
	if (failed)
		goto out;
	out->text = data;
	out->text_len = (size_t)len;
	data = NULL;
out:
	free(data);
	if (fd >= 0)
		close(fd);
	return failed;
}

static void free_key_values(struct spec_key_values *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].key);
		free(list->v[i].value);
	}
	free(list->v);
}

void spec_free(struct spec *s)
{
	free(s->text);
	free(s->oci_version);
	free(s->hostname);
	free(s->root.path);
	free(s->process.cwd);
	strings_free(&s->process.args);
	strings_free(&s->process.env);
	free(s->process.additional_gids);
	free(s->process.rlimits);
	for (size_t i = 0; i < s->mounts_n; i++) {
		free(s->mounts[i].destination);
		free(s->mounts[i].type);
		free(s->mounts[i].source);
		strings_free(&s->mounts[i].options);
	}
	free(s->mounts);
	for (int id = 0; id < NS_COUNT; id++)
		free(s->namespaces[id].path);
	free(s->uid_mappings);
	free(s->gid_mappings);
	free(s->cgroups_path);
	free_key_values(&s->resources.unified);
	strings_free(&s->masked_paths);
	strings_free(&s->readonly_paths);
	free_key_values(&s->annotations);
	free(s->veth.host.name);
	free(s->veth.container.name);
	memset(s, 0, sizeof(*s));
}
