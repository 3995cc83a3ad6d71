/*
 * privileges.c: see privileges.h. The last stage before the command takes over.
 *
 * The order is the point: each step needs a privilege that a later step gives up. In Linux ids
 * belong to a thread; glibc's setgroups() and its like change those of every thread that there is
 * (nptl(7)). Here the system calls are made as they are, for the thread that goes on to execve(2):
 * cbox has no other, and gobox-bridge leaves the others behind.
 * Sources: capabilities(7), credentials(7), prctl(2).
 */
#include "privileges.h"

#include "capabilities.h"
#include "events.h"
#include "rlimits.h"
#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { CAPABILITY_BITS = 64 };

int privileges_adjust_oom(struct container *c, struct error *e)
{
	int value = (int)c->spec->process.oom_score_adj.value;
	char path[64], text[16];

	if (!c->spec->process.oom_score_adj.given)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", c->pid);
	snprintf(text, sizeof(text), "%d", value);
	events_call(c, "write(%s, \"%s\")", path, text);
	if (small_file_write(AT_FDCWD, path, text) == 0)
		return 0;
	error_sys(e, "writing %d to oom_score_adj", value);
	if (e->errnum == EACCES)
		error_hint(e, "a value below the runtime's own needs CAP_SYS_RESOURCE on "
			      "the host");
	return -1;
}

void privileges_raise_limits(struct container *c)
{
	struct rlimit limit;

	if (!c->spec->namespaces[NS_USER].wanted)
		return;
	for (size_t i = 0; i < c->spec->process.rlimits_n; i++) {
		const struct spec_rlimit *r = &c->spec->process.rlimits[i];

		if (getrlimit((unsigned int)r->resource, &limit) < 0 || limit.rlim_max >= r->hard)
			continue;
		limit.rlim_max = r->hard;
		events_call(c, "setrlimit(%s, %" PRIu64 ", %" PRIu64 ")", rlimit_names[r->resource],
			(uint64_t)limit.rlim_cur, r->hard);
		setrlimit((unsigned int)r->resource, &limit);
	}
}

static int set_rlimits(struct container *c, struct error *e)
{
	for (size_t i = 0; i < c->spec->process.rlimits_n; i++) {
		const struct spec_rlimit *r = &c->spec->process.rlimits[i];
		const struct rlimit limit = {.rlim_cur = r->soft, .rlim_max = r->hard};

		events_call(c, "setrlimit(%s, %" PRIu64 ", %" PRIu64 ")", rlimit_names[r->resource],
			r->soft, r->hard);
		if (setrlimit((unsigned int)r->resource, &limit) == 0)
			continue;
		error_sys(e, "setting %s to soft %" PRIu64 ", hard %" PRIu64,
			rlimit_names[r->resource], r->soft, r->hard);
		if (e->errnum == EPERM)
			error_hint(e,
				"raising a hard limit needs CAP_SYS_RESOURCE on the host, and "
				"RLIMIT_NOFILE may not exceed /proc/sys/fs/nr_open");
		return -1;
	}
	return 0;
}

/* "CAP_KILL", or "capability 63" for a number without a name. */
static const char *capability_text(int number, char buffer[32])
{
	if (number < CAPABILITY_COUNT)
		return capability_names[number];
	snprintf(buffer, 32, "capability %d", number);
	return buffer;
}

static int refuse_capability(int number, struct error *e)
{
	char buffer[32];

	error_say(e, "the runtime itself has no %s to give", capability_text(number, buffer));
	return error_hint(e, "take it out of process.capabilities, or start the runtime with it");
}

/* What the process starts with: what it may keep and what is left to take away. */
struct owned {
	uint64_t bounding, permitted;
};

/* A user namespace brings a bounding set of its own, also to who joins it (user_namespaces(7)). */
static bool in_user_namespace(const struct container *c)
{
	return c->spec->namespaces[NS_USER].wanted || c->target_flags & CLONE_NEWUSER;
}

/* capset(2): two words of 32 bits each, version 3 of its header. */
static int owned_now(const struct container *c, struct owned *o, struct error *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	*o = (struct owned){.bounding = c->inherited.bounding};
	if (!o->bounding || in_user_namespace(c))
		o->bounding = inherited_bounding();
	if (syscall(SYS_capget, &header, data) < 0)
		return error_sys(e, "reading the capabilities");
	o->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	return 0;
}

/* Drops what the spec does not list. */
static int drop_bounding(struct container *c, const struct owned *o, struct error *e)
{
	uint64_t keep = c->spec->process.capabilities.bounding;

	events_call(c, "prctl(PR_CAPBSET_DROP, all but 0x%" PRIx64 ")", keep);
	if (keep & ~o->bounding)
		return refuse_capability(__builtin_ctzll(keep & ~o->bounding), e);
	for (int number = 0; number < CAPABILITY_BITS; number++)
		if (o->bounding & ~keep & 1ULL << number &&
			prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			return error_sys(e, "dropping capabilities from the bounding set");
	return 0;
}

/*
 * Which of the three streams, a bit each, the command's user gets. /dev/stdout is /proc/self/fd/1,
 * and to open that is to open what is behind it once more, by its owner and mode (proc(5)): a pipe
 * is its maker's alone. So another user than root gets the caller's pipes. What has a name on the
 * host stays whose it was: as its owner the command could open for writing what it was given to
 * read.
 */
static unsigned int piped_streams(const struct container *c)
{
	unsigned int streams = 0;
	struct statfs fs;

	/* A terminal of the container's own takes their place: console_open() gave it away. */
	if (c->spec->process.uid == 0 || c->new_terminal)
		return 0;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC)
			streams |= 1U << fd;
	return streams;
}

static void give_streams(struct container *c, unsigned int streams)
{
	uid_t uid = c->spec->process.uid;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (!(streams >> fd & 1))
			continue;
		events_call(c, "fchown(%d, %u, -1)", fd, uid);
		/* Refused in a user namespace that the pipe is not of: the command still has it. */
		if (fchown(fd, uid, (gid_t)-1) < 0)
			continue;
	}
}

/*
 * No group of the caller goes into the container. A user namespace that an ordinary user made
 * denies setgroups(2), so that nobody sheds a group that shuts him out (CVE-2014-8989).
 */
static int set_groups(struct container *c, struct error *e)
{
	size_t n = c->spec->process.additional_gids_n;

	events_call(c, "setgroups(%zu)", n);
	if (syscall(SYS_setgroups, n, c->spec->process.additional_gids) == 0)
		return 0;
	error_sys(e, "setting %zu supplementary groups", n);
	if (e->errnum == EPERM && c->spec->namespaces[NS_USER].wanted) {
		if (n == 0)
			return 0;
		error_hint(e, "the user namespace of an ordinary user denies setgroups: leave "
			      "process.user.additionalGids empty or run as root");
	} else if (e->errnum == EINVAL) {
		error_hint(e, "each group must be mapped in linux.gidMappings");
	}
	return -1;
}

static int set_ids(struct container *c, struct error *e)
{
	gid_t gid = c->spec->process.gid;
	uid_t uid = c->spec->process.uid;

	/* Else leaving uid 0 empties the permitted set, and capset(2) has nothing to keep. */
	if (uid != 0) {
		events_call(c, "prctl(PR_SET_KEEPCAPS, 1)");
		if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
			return error_sys(e, "keeping capabilities over the change of user");
	}
	events_call(c, "setresgid(%u, %u, %u)", gid, gid, gid);
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		error_sys(e, "becoming group %u", gid);
	else {
		events_call(c, "setresuid(%u, %u, %u)", uid, uid, uid);
		if (syscall(SYS_setresuid, uid, uid, uid) == 0)
			return 0;
		error_sys(e, "becoming user %u", uid);
	}
	if (e->errnum == EINVAL)
		error_hint(e, "the id must be mapped in linux.uidMappings and linux.gidMappings");
	return -1;
}

static int set_capabilities(struct container *c, const struct owned *o, struct error *e)
{
	const struct spec_capabilities *want = &c->spec->process.capabilities;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (want->permitted & ~o->permitted)
		return refuse_capability(__builtin_ctzll(want->permitted & ~o->permitted), e);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(want->effective >> 32 * i);
		data[i].permitted = (uint32_t)(want->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(want->inheritable >> 32 * i);
	}
	events_call(c,
		"capset(effective 0x%" PRIx64 ", permitted 0x%" PRIx64 ", inheritable 0x%" PRIx64
		")",
		want->effective, want->permitted, want->inheritable);
	if (syscall(SYS_capset, &header, data) == 0)
		return 0;
	return error_sys(e, "setting the capabilities");
}

/* The parser has seen to it that they are permitted and inheritable too (capabilities(7)). */
static int set_ambient(struct container *c, struct error *e)
{
	uint64_t raise = c->spec->process.capabilities.ambient;

	events_call(c, "prctl(PR_CAP_AMBIENT_RAISE, 0x%" PRIx64 ")", raise);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return error_sys(e, "clearing the ambient capabilities");
	for (int number = 0; number < CAPABILITY_BITS; number++)
		if (raise >> number & 1 &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
			return error_sys(e, "raising the ambient capabilities");
	return 0;
}

static int set_no_new_privs(struct container *c, struct error *e)
{
	if (!c->spec->process.no_new_privileges)
		return 0;
	events_call(c, "prctl(PR_SET_NO_NEW_PRIVS, 1)");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_sys(e, "setting no_new_privs");
	return 0;
}

/* The kernel clears it when the effective ids change (prctl(2)). */
static int set_death_signal(struct container *c, struct error *e)
{
	events_call(c, "prctl(PR_SET_PDEATHSIG, SIGKILL)");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_sys(e, "setting the parent-death signal");
	return 0;
}

/* Even a descriptor that leaked into the runtime ends here: CVE-2024-21626 was one that did not. */
static int close_on_exec(struct container *c, struct error *e)
{
	events_call(c, "close_range(3, ~0, CLOSE_RANGE_CLOEXEC)");
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return error_sys(e, "closing descriptors on exec");
	return 0;
}

/*
 * Keys are in no namespace: the caller's would be the container's too (session-keyring(7)). The new
 * keyring belongs to whoever we are by now.
 */
static int leave_keyring(struct container *c, struct error *e)
{
	events_call(c, "keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS)
		return 0;
	return error_sys(e, "joining a new session keyring");
}

int privileges_drop(struct container *c, struct error *e)
{
	unsigned int streams;
	struct owned o;

	if (owned_now(c, &o, e) < 0)
		return -1;
	streams = piped_streams(c);
	umask(0022);
	/* Raising a limit needs CAP_SYS_RESOURCE. */
	if (set_rlimits(c, e) < 0)
		return -1;
	/* CAP_SETPCAP; setresuid(2) would take it away. */
	if (drop_bounding(c, &o, e) < 0)
		return -1;
	/* CAP_CHOWN. */
	give_streams(c, streams);
	/* CAP_SETGID, then CAP_SETUID: groups first, since a user without it cannot change them. */
	if (set_groups(c, e) < 0 || set_ids(c, e) < 0)
		return -1;
	/* Ambient comes after the sets that it has to lie in. */
	if (set_capabilities(c, &o, e) < 0 || set_ambient(c, e) < 0)
		return -1;
	if (leave_keyring(c, e) < 0)
		return -1;
	return set_no_new_privs(c, e) < 0 || set_death_signal(c, e) < 0 || close_on_exec(c, e) < 0
		       ? -1
		       : 0;
}
