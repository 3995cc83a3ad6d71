/*
 * observe_privileges.c: group "privileges": what the container's command may do.
 * capabilities(7), prctl(2), getrlimit(2).
 */
#include "observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Capability names by number (linux/capability.h), so that a mask can be read. */
static const char *const capabilities[] = {"chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write",
	"audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"};
#define CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

static char *status_field(const struct subject *s, const char *key)
{
	char *status = read_whole(s->proc, "status", NULL);
	char *field = status ? field_of(status, key) : NULL;

	if (status && !field)
		errno = ENOENT;
	free(status);
	return field;
}

/* One set of the five: its mask and, in words, what is in it. */
static void read_capabilities(const struct subject *s, const struct row *row, struct values *out)
{
	char *field = status_field(s, row->argument), *names = NULL;
	unsigned long long mask;
	size_t size;
	FILE *f;

	if (!field) {
		row_failed(row, out, errno, row->argument);
		return;
	}
	mask = strtoull(field, NULL, 16);
	f = text_stream(&names, &size);
	for (size_t i = 0; i < CAPABILITIES; i++)
		if (mask >> i & 1)
			fprintf(f, " %s", capabilities[i]);
	fclose(f);
	values_set(out, row->id, "%s%s", field, mask ? names : " none");
	free(names);
	free(field);
}

static void read_status(const struct subject *s, const struct row *row, struct values *out)
{
	char *field = status_field(s, row->argument);

	if (field)
		values_set(out, row->id, "%s", field);
	else
		row_failed(row, out, errno, row->argument);
	free(field);
}

static void read_file(const struct subject *s, const struct row *row, struct values *out)
{
	row_file(s->proc, row->argument, row, out);
}

/* The label of a security module; EINVAL where none is active (AppArmor's attr/current). */
static void read_label(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(s->proc, row->argument, NULL);

	if (text)
		row_file(s->proc, row->argument, row, out);
	else if (errno == EINVAL || errno == ENOENT)
		values_absent(out, row->id);
	else
		row_failed(row, out, errno, row->argument);
	free(text);
}

/* "Max open files   512   1024   files": each name is cut at the column that the header has. */
static void read_limits(const struct subject *s, const struct row *row, struct values *out)
{
	static const struct {
		const char *line, *name;
	} limits[] = {
		{"Max cpu time", "cpu"},
		{"Max file size", "fsize"},
		{"Max data size", "data"},
		{"Max stack size", "stack"},
		{"Max core file size", "core"},
		{"Max resident set", "rss"},
		{"Max processes", "nproc"},
		{"Max open files", "nofile"},
		{"Max locked memory", "memlock"},
		{"Max address space", "as"},
		{"Max file locks", "locks"},
		{"Max pending signals", "sigpending"},
		{"Max msgqueue size", "msgqueue"},
		{"Max nice priority", "nice"},
		{"Max realtime priority", "rtprio"},
		{"Max realtime timeout", "rttime"},
	};
	char *text = read_whole(s->proc, "limits", NULL);
	bool soft = !strcmp(row->argument, "soft");

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char *id = row_id(row, limits[i].name), a[32], b[32];
		const char *line = text ? strstr(text, limits[i].line) : NULL;

		if (line && sscanf(line + strlen(limits[i].line), "%31s %31s", a, b) == 2)
			values_set(out, id, "%s", soft ? a : b);
		else
			values_failed(out, id, text ? EINVAL : errno, "reading /proc/PID/limits");
		free(id);
	}
	free(text);
}

static void read_io_priority(const struct subject *s, const struct row *row, struct values *out)
{
	long priority = syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, s->pid);

	if (priority < 0)
		row_failed(row, out, errno, "ioprio_get");
	else
		values_set(out, row->id, "class %ld level %ld", priority >> 13, priority & 0x1fff);
}

static const struct row rows[] = {
	{.id = "privileges.capabilities.inheritable",
		.read = read_capabilities,
		.argument = "CapInh"},
	{.id = "privileges.capabilities.permitted",
		.read = read_capabilities,
		.argument = "CapPrm"},
	{.id = "privileges.capabilities.effective",
		.read = read_capabilities,
		.argument = "CapEff"},
	{.id = "privileges.capabilities.bounding", .read = read_capabilities, .argument = "CapBnd"},
	{.id = "privileges.capabilities.ambient", .read = read_capabilities, .argument = "CapAmb"},
	{.id = "privileges.no_new_privs", .read = read_status, .argument = "NoNewPrivs"},
	{.id = "privileges.seccomp", .read = read_status, .argument = "Seccomp"},
	{.id = "privileges.seccomp_filters",
		.read = read_status,
		.argument = "Seccomp_filters",
		.flags = ROW_OPTIONAL},
	{.id = "privileges.speculative_store",
		.read = read_status,
		.argument = "Speculation_Store_Bypass",
		.flags = ROW_OPTIONAL},
	{.id = "privileges.speculative_branch",
		.read = read_status,
		.argument = "SpeculationIndirectBranch",
		.flags = ROW_OPTIONAL},
	{.id = "privileges.oom_score_adj", .read = read_file, .argument = "oom_score_adj"},
	{.id = "privileges.personality", .read = read_file, .argument = "personality"},
	{.id = "privileges.coredump_filter",
		.read = read_file,
		.argument = "coredump_filter",
		.flags = ROW_OPTIONAL},
	{.id = "privileges.label", .read = read_label, .argument = "attr/current"},
	{.id = "privileges.io_priority", .read = read_io_priority},
	{.id = "privileges.rlimit.*.soft", .read = read_limits, .argument = "soft"},
	{.id = "privileges.rlimit.*.hard", .read = read_limits, .argument = "hard"},
};

const struct group observe_privileges = {"privileges", rows, sizeof(rows) / sizeof(rows[0])};
