/* userns.c: see userns.h. go/userns.go has the same rows. */
#include "userns.h"

#include "small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * The first refuses by ENOSPC (namespaces(7)), the second (Debian's) by EPERM. Ubuntu's AppArmor
 * lets the namespace be made and then takes every capability in it: some later call fails, by EPERM
 * or EACCES.
 */
static const struct userns_switch switches[] = {
	{"user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0", "10000", true},
	{"kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "0", "1",
		false},
	{"kernel.apparmor_restrict_unprivileged_userns",
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "0", false},
};

static bool reads(const char *path, const char *value)
{
	char text[32];

	if (small_file_read(AT_FDCWD, path, text, sizeof(text)) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, value) == 0;
}

const struct userns_switch *userns_refused(void)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if ((geteuid() != 0 || switches[i].root) &&
			reads(switches[i].file, switches[i].refuses))
			return &switches[i];
	return NULL;
}

void userns_explain(struct error *e)
{
	const struct userns_switch *s;

	if (e->status != EXIT_RUNTIME)
		return; /* the command's own file is not for us */
	/* Who has no id in there makes no file on its mounts: may_create() in fs/namei.c. */
	if (e->errnum == EOVERFLOW)
		error_hint(e, "map id 0 as well: linux.uidMappings, linux.gidMappings");
	if (e->errnum != EPERM && e->errnum != EACCES && e->errnum != ENOSPC)
		return;
	s = userns_refused();
	if (s)
		error_hint(e, "%s = %s refuses user namespaces; sudo sysctl -w %s=%s allows them",
			s->name, s->refuses, s->name, s->allows);
}
