/* hostname.c: stage "hostname", see hostname.h. go/hostname.go does the same. */
#include "hostname.h"

#include "events.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int hostname_set(struct container *c, struct error *e)
{
	const char *name = c->spec->hostname;

	if (!name)
		return 0;
	events_call(c, "sethostname(\"%s\")", name);
	if (sethostname(name, strlen(name)) < 0) {
		error_sys(e, "setting the host name %s", name);
		if (errno == EPERM)
			error_hint(
				e, "a host name needs a uts namespace of the same user namespace");
		return -1;
	}
	events_fact(c, "hostname", "%s", name);
	return 0;
}
