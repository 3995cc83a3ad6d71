/*
 * trace_calls.c: which calls change the kernel's state: namespaces, mounts, cgroups, links, names,
 * ids, limits, processes, files. Memory, descriptors, signal handlers and locks are the caller's
 * own affair and do not count.
 */
#include "trace.h"

#include <string.h>

/* A call changes state if its key has one of the words of with (NULL: always), none of without. */
static const struct {
	const char *call;
	const char *with[4], *without[3];
} table[] = {
	/* Processes. A thread is none; of a new one's CLONE_NEW* flags the key tells. */
	{"clone", {NULL}, {"CLONE_THREAD"}},
	{"clone3", {NULL}, {"CLONE_THREAD"}},
	{"fork", {NULL}, {NULL}},
	{"vfork", {NULL}, {NULL}},
	{"execve", {NULL}, {NULL}},
	{"execveat", {NULL}, {NULL}},
	{"setsid", {NULL}, {NULL}},
	{"setpgid", {NULL}, {NULL}},
	{"kill", {NULL}, {NULL}},
	{"pidfd_send_signal", {NULL}, {NULL}},
	/* Namespaces and their names. */
	{"unshare", {NULL}, {NULL}},
	{"setns", {NULL}, {NULL}},
	{"sethostname", {NULL}, {NULL}},
	{"setdomainname", {NULL}, {NULL}},
	/* Mounts. */
	{"mount", {NULL}, {NULL}},
	{"umount2", {NULL}, {NULL}},
	{"fsopen", {NULL}, {NULL}},
	{"fsconfig", {NULL}, {NULL}},
	{"fsmount", {NULL}, {NULL}},
	{"open_tree", {"OPEN_TREE_CLONE"}, {NULL}},
	{"move_mount", {NULL}, {NULL}},
	{"mount_setattr", {NULL}, {NULL}},
	{"pivot_root", {NULL}, {NULL}},
	{"chroot", {NULL}, {NULL}},
	/* Files; cgroups are made and set through them. */
	{"mkdir", {NULL}, {NULL}},
	{"mkdirat", {NULL}, {NULL}},
	{"rmdir", {NULL}, {NULL}},
	{"unlink", {NULL}, {NULL}},
	{"unlinkat", {NULL}, {NULL}},
	{"rename", {NULL}, {NULL}},
	{"renameat", {NULL}, {NULL}},
	{"renameat2", {NULL}, {NULL}},
	{"link", {NULL}, {NULL}},
	{"linkat", {NULL}, {NULL}},
	{"symlink", {NULL}, {NULL}},
	{"symlinkat", {NULL}, {NULL}},
	{"mknod", {NULL}, {NULL}},
	{"mknodat", {NULL}, {NULL}},
	{"chmod", {NULL}, {NULL}},
	{"fchmod", {NULL}, {NULL}},
	{"fchmodat", {NULL}, {NULL}},
	{"fchown", {NULL}, {NULL}},
	{"fchownat", {NULL}, {NULL}},
	{"fsetxattr", {NULL}, {NULL}},
	{"open", {"O_CREAT"}, {NULL}},
	{"openat", {"O_CREAT"}, {NULL}},
	/* To a pipe or a socket of the runtime itself a write says nothing to the kernel. */
	{"write", {"</sys/", "</proc/", "</run/"}, {NULL}},
	{"writev", {"</sys/", "</proc/", "</run/"}, {NULL}},
	{"pwrite64", {"</sys/", "</proc/", "</run/"}, {NULL}},
	/* Which devices a cgroup may open. */
	{"bpf", {"BPF_PROG_ATTACH"}, {NULL}},
	/* Links, addresses, routes. */
	{"sendmsg", {"RTM_"}, {"RTM_GET"}},
	{"sendto", {"RTM_"}, {"RTM_GET"}},
	/* Ids, capabilities, limits. */
	{"setuid", {NULL}, {NULL}},
	{"setgid", {NULL}, {NULL}},
	{"setreuid", {NULL}, {NULL}},
	{"setregid", {NULL}, {NULL}},
	{"setresuid", {NULL}, {NULL}},
	{"setresgid", {NULL}, {NULL}},
	{"setfsuid", {NULL}, {NULL}},
	{"setfsgid", {NULL}, {NULL}},
	{"setgroups", {NULL}, {NULL}},
	{"capset", {NULL}, {NULL}},
	{"prctl", {"PR_SET_", "PR_CAPBSET_DROP", "PR_CAP_AMBIENT"},
		{"PR_SET_VMA", "PR_CAP_AMBIENT_IS_SET", "PR_SET_NAME"}},
	{"setrlimit", {NULL}, {NULL}},
	{"prlimit64", {"rlim_cur"}, {NULL}},
	{"setpriority", {NULL}, {NULL}},
	{"keyctl", {NULL}, {NULL}},
	{"seccomp", {NULL}, {NULL}},
};

static bool has(const char *key, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n && words[i]; i++)
		if (strstr(key, words[i]))
			return true;
	return false;
}

bool trace_changes(const struct trace_call *c)
{
	if (c->result && *c->result == '-')
		return false; /* it failed */
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].call, c->name))
			return (!table[i].with[0] || has(c->key, table[i].with, 4)) &&
			       !has(c->key, table[i].without, 3);
	return false;
}
