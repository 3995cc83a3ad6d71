/*
 * observe_identity.c: group "identity": who the container's command is, outside and inside.
 * credentials(7), user_namespaces(7).
 */
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "Uid:	1000 1000 1000 1000": real, effective, saved, file system; argument: "Uid 2". */
static void read_id(const struct subject *s, const struct row *row, struct values *out)
{
	char key[8];
	int nth = 0;
	unsigned int ids[4];
	char *status = read_whole(s->proc, "status", NULL), *field;

	sscanf(row->argument, "%7s %d", key, &nth);
	field = status ? field_of(status, key) : NULL;
	if (!field || sscanf(field, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) != 4)
		row_failed(row, out, status ? EINVAL : errno, "/proc/PID/status");
	else
		values_set(out, row->id, "%u", ids[nth]);
	free(field);
	free(status);
}

/* The host's id as the container's user namespace calls it, by uid_map or gid_map. */
long id_inside(const char *map, unsigned int id)
{
	unsigned int first, host, count;
	int used;

	while (sscanf(map, "%u %u %u%n", &first, &host, &count, &used) == 3) {
		if (id >= host && id - host < count)
			return (long)first + (id - host);
		map += used;
	}
	return -1;
}

/* The effective id as the container's own processes see it; argument: "Uid uid_map". */
static void read_id_inside(const struct subject *s, const struct row *row, struct values *out)
{
	char key[8], file[16];
	char *status = read_whole(s->proc, "status", NULL), *map, *field;
	unsigned int real, effective;

	sscanf(row->argument, "%7s %15s", key, file);
	map = read_whole(s->proc, file, NULL);
	field = status ? field_of(status, key) : NULL;
	if (!map || !field || sscanf(field, "%u %u", &real, &effective) != 2)
		row_failed(row, out, errno, file);
	else if (id_inside(map, effective) < 0)
		values_set(out, row->id, "not mapped");
	else
		values_set(out, row->id, "%ld", id_inside(map, effective));
	free(field);
	free(map);
	free(status);
}

static void read_status(const struct subject *s, const struct row *row, struct values *out)
{
	char *status = read_whole(s->proc, "status", NULL);
	char *field = status ? field_of(status, row->argument) : NULL;

	if (field)
		values_set(out, row->id, "%s", field);
	else
		row_failed(row, out, status ? ENOENT : errno, row->argument);
	free(field);
	free(status);
}

/* A map's lines with single blanks, as they stand. */
static void read_map(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(s->proc, row->argument, NULL), *list = NULL, *rest = text, *line;
	unsigned int first, host, count;
	size_t size;
	FILE *f;

	if (!text) {
		row_failed(row, out, errno, row->argument);
		return;
	}
	f = text_stream(&list, &size);
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "%u %u %u", &first, &host, &count) == 3)
			fprintf(f, "%s%u %u %u", ftell(f) ? "; " : "", first, host, count);
	fclose(f);
	values_set(out, row->id, "%s", list);
	free(list);
	free(text);
}

static void read_file(const struct subject *s, const struct row *row, struct values *out)
{
	row_file(s->proc, row->argument, row, out);
}

/* Owner of the files in /proc/PID: the effective ids, or root where the process is not dumpable. */
static void read_owner(const struct subject *s, const struct row *row, struct values *out)
{
	struct stat st;

	if (fstatat(s->proc, "environ", &st, 0))
		row_failed(row, out, errno, "/proc/PID/environ");
	else
		values_set(out, row->id, "%u:%u", st.st_uid, st.st_gid);
}

static const struct row rows[] = {
	{.id = "identity.uid.real", .read = read_id, .argument = "Uid 0"},
	{.id = "identity.uid.effective", .read = read_id, .argument = "Uid 1"},
	{.id = "identity.uid.saved", .read = read_id, .argument = "Uid 2"},
	{.id = "identity.uid.filesystem", .read = read_id, .argument = "Uid 3"},
	{.id = "identity.uid.inside", .read = read_id_inside, .argument = "Uid uid_map"},
	{.id = "identity.gid.real", .read = read_id, .argument = "Gid 0"},
	{.id = "identity.gid.effective", .read = read_id, .argument = "Gid 1"},
	{.id = "identity.gid.saved", .read = read_id, .argument = "Gid 2"},
	{.id = "identity.gid.filesystem", .read = read_id, .argument = "Gid 3"},
	{.id = "identity.gid.inside", .read = read_id_inside, .argument = "Gid gid_map"},
	{.id = "identity.groups", .read = read_status, .argument = "Groups"},
	{.id = "identity.umask", .read = read_status, .argument = "Umask"},
	{.id = "identity.uid_map", .read = read_map, .argument = "uid_map"},
	{.id = "identity.gid_map", .read = read_map, .argument = "gid_map"},
	{.id = "identity.projid_map", .read = read_map, .argument = "projid_map"},
	{.id = "identity.setgroups", .read = read_file, .argument = "setgroups"},
	{.id = "identity.loginuid",
		.read = read_file,
		.argument = "loginuid",
		.flags = ROW_OPTIONAL},
	{.id = "identity.proc_owner", .read = read_owner},
};

const struct group observe_identity = {"identity", rows, sizeof(rows) / sizeof(rows[0])};
