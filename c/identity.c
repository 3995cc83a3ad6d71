/* identity.c: see identity.h. Source: user_namespaces(7). */
#include "identity.h"

#include "events.h"
#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel takes a map in one write(2) and never a second one. */
static int write_proc(struct container *c, const char *file, const char *text, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", c->pid, file);
	events_call(c, "write(%s, \"%.*s\")", path, (int)strcspn(text, "\n"), text);
	if (small_file_write(AT_FDCWD, path, text) == 0)
		return 0;
	error_sys(e, "writing %s of the child", file);
	if (e->errnum == EPERM)
		error_hint(e, "an ordinary user can map one id only: the own one, size 1");
	return -1;
}

size_t identity_text(const struct spec_idmap *maps, size_t n, char text[IDENTITY_TEXT_MAX])
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && i < MAPPINGS_MAX; i++)
		used += (size_t)sprintf(text + used, "%u %u %u\n", maps[i].container_id,
			maps[i].host_id, maps[i].size);
	return used;
}

static int write_map(struct container *c, const char *file, const struct spec_idmap *maps, size_t n,
	struct error *e)
{
	char text[IDENTITY_TEXT_MAX];

	identity_text(maps, n, text);
	events_fact(c, file, "%s", text);
	return write_proc(c, file, text, e);
}

int identity_map(struct container *c, struct error *e)
{
	const struct spec *s = c->spec;

	if (!spec_makes(s, NS_USER))
		return 0;
	if (write_map(c, "uid_map", s->uid_mappings, s->uid_mappings_n, e) < 0)
		return -1;
	/* Without privilege gid_map needs it: CVE-2014-8989, dropping a group that denies access.
	 */
	if (geteuid() != 0 && write_proc(c, "setgroups", "deny", e) < 0)
		return -1;
	return write_map(c, "gid_map", s->gid_mappings, s->gid_mappings_n, e);
}

static bool maps_root(const struct spec_idmap *maps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (maps[i].container_id == 0)
			return true;
	return false;
}

/*
 * Only now, with the stage "namespaces" leaving it out: whoever makes an ipc namespace owns the
 * root of its mqueue, and before the maps that would be somebody who is not in the user namespace.
 */
static int make_ipc_namespace(struct container *c, struct error *e)
{
	if (!spec_makes(c->spec, NS_IPC))
		return 0;
	events_call(c, "unshare(CLONE_NEWIPC)");
	return unshare(CLONE_NEWIPC) < 0 ? error_sys(e, "making the ipc namespace") : 0;
}

int identity_assume(struct container *c, struct error *e)
{
	const struct spec *s = c->spec;
	bool joined = s->namespaces[NS_USER].path != NULL;

	if (!s->namespaces[NS_USER].wanted)
		return 0;
	/* The maps of a joined namespace are not ours to know: there EINVAL says "not mapped". */
	if (joined || maps_root(s->gid_mappings, s->gid_mappings_n)) {
		events_call(c, "setresgid(0, 0, 0)");
		if (syscall(SYS_setresgid, 0, 0, 0) < 0 && !(joined && errno == EINVAL))
			return error_sys(e, "becoming group 0 of the user namespace");
	}
	if (joined || maps_root(s->uid_mappings, s->uid_mappings_n)) {
		events_call(c, "setresuid(0, 0, 0)");
		if (syscall(SYS_setresuid, 0, 0, 0) < 0 && !(joined && errno == EINVAL))
			return error_sys(e, "becoming user 0 of the user namespace");
	}
	/* A change of ids cleared it: prctl(2), PR_SET_PDEATHSIG. */
	if (container_die_with_parent(c, e) < 0)
		return -1;
	return make_ipc_namespace(c, e);
}
