/* mount_options.c: see mount_options.h. */
#include "mount_options.h"

#include <linux/mount.h> /* MS_BIND too; <sys/mount.h> of glibc 2.36 does not go with it */
#include <string.h>

#define ATIME MOUNT_ATTR__ATIME

/*
 * The access time is one field of several bits, so whoever sets it clears the whole field
 * (mount_setattr(2)); "relatime" is the value 0. norelatime changes nothing, as with mount(8):
 * the kernel then takes its default, which has been relatime since Linux 2.6.30.
 */
static const struct mount_option options[] = {
	{"ro", OPTION_ATTR, MOUNT_ATTR_RDONLY, 0, NULL, VALUE_NONE},
	{"rw", OPTION_ATTR, 0, MOUNT_ATTR_RDONLY, NULL, VALUE_NONE},
	{"nosuid", OPTION_ATTR, MOUNT_ATTR_NOSUID, 0, NULL, VALUE_NONE},
	{"suid", OPTION_ATTR, 0, MOUNT_ATTR_NOSUID, NULL, VALUE_NONE},
	{"nodev", OPTION_ATTR, MOUNT_ATTR_NODEV, 0, NULL, VALUE_NONE},
	{"dev", OPTION_ATTR, 0, MOUNT_ATTR_NODEV, NULL, VALUE_NONE},
	{"noexec", OPTION_ATTR, MOUNT_ATTR_NOEXEC, 0, NULL, VALUE_NONE},
	{"exec", OPTION_ATTR, 0, MOUNT_ATTR_NOEXEC, NULL, VALUE_NONE},
	{"relatime", OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME, NULL, VALUE_NONE},
	{"norelatime", OPTION_ATTR, 0, 0, NULL, VALUE_NONE},
	{"noatime", OPTION_ATTR, MOUNT_ATTR_NOATIME, ATIME, NULL, VALUE_NONE},
	{"atime", OPTION_ATTR, MOUNT_ATTR_RELATIME, ATIME, NULL, VALUE_NONE},
	{"strictatime", OPTION_ATTR, MOUNT_ATTR_STRICTATIME, ATIME, NULL, VALUE_NONE},
	{"nodiratime", OPTION_ATTR, MOUNT_ATTR_NODIRATIME, 0, NULL, VALUE_NONE},
	{"diratime", OPTION_ATTR, 0, MOUNT_ATTR_NODIRATIME, NULL, VALUE_NONE},

	{"bind", OPTION_BIND, MS_BIND, 0, "bind", VALUE_NONE},
	{"rbind", OPTION_BIND, MS_BIND | MS_REC, 0, "bind", VALUE_NONE},

	{"private", OPTION_PROPAGATION, MS_PRIVATE, 0, NULL, VALUE_NONE},
	{"rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0, NULL, VALUE_NONE},
	{"shared", OPTION_PROPAGATION, MS_SHARED, 0, NULL, VALUE_NONE},
	{"rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC, 0, NULL, VALUE_NONE},
	{"slave", OPTION_PROPAGATION, MS_SLAVE, 0, NULL, VALUE_NONE},
	{"rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0, NULL, VALUE_NONE},
	{"unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0, NULL, VALUE_NONE},
	{"runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0, NULL, VALUE_NONE},

	{"mode=", OPTION_PARAMETER, 0, 0, "tmpfs", VALUE_OCTAL},
	{"size=", OPTION_PARAMETER, 0, 0, "tmpfs", VALUE_SIZE},
	{"nr_inodes=", OPTION_PARAMETER, 0, 0, "tmpfs", VALUE_COUNT},
	{"uid=", OPTION_PARAMETER, 0, 0, "tmpfs", VALUE_ID},
	{"gid=", OPTION_PARAMETER, 0, 0, "tmpfs", VALUE_ID},

	{"newinstance", OPTION_PARAMETER, 0, 0, "devpts", VALUE_NONE},
	{"ptmxmode=", OPTION_PARAMETER, 0, 0, "devpts", VALUE_OCTAL},
	{"mode=", OPTION_PARAMETER, 0, 0, "devpts", VALUE_OCTAL},
	{"uid=", OPTION_PARAMETER, 0, 0, "devpts", VALUE_ID},
	{"gid=", OPTION_PARAMETER, 0, 0, "devpts", VALUE_ID},

	{"hidepid=", OPTION_PARAMETER, 0, 0, "proc", VALUE_HIDEPID},
	{"subset=", OPTION_PARAMETER, 0, 0, "proc", VALUE_SUBSET},
};

static const char *const hidepid_values[] = {
	"0", "1", "2", "4", "off", "noaccess", "invisible", "ptraceable"};

const struct mount_option *mount_option_find(const char *type, const char *option)
{
	const char *equals = strchr(option, '=');
	size_t len = equals ? (size_t)(equals - option) + 1 : strlen(option);

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const struct mount_option *o = &options[i];

		if (o->type && strcmp(o->type, type) != 0)
			continue;
		if (strlen(o->name) == len && memcmp(o->name, option, len) == 0)
			return o;
	}
	return NULL;
}

/* Reads digits up to base; returns what follows them, NULL where there is none or over max. */
static const char *option_number(const char *text, unsigned int base, uint64_t max)
{
	const char *p = text;
	uint64_t n = 0;

	for (; *p >= '0' && *p < (char)('0' + base); p++) {
		n = n * base + (uint64_t)(*p - '0');
		if (n > max)
			return NULL;
	}
	return p > text ? p : NULL;
}

bool mount_option_valid(const struct mount_option *o, const char *option)
{
	const char *value = option + strlen(o->name);
	const char *rest;

	switch (o->value) {
	case VALUE_NONE:
		return *value == '\0';
	case VALUE_OCTAL:
		rest = option_number(value, 8, 07777);
		return rest && *rest == '\0';
	case VALUE_ID:
		rest = option_number(value, 10, UINT32_MAX - 1);
		return rest && *rest == '\0';
	case VALUE_COUNT:
	case VALUE_SIZE:
		rest = option_number(value, 10, 1ULL << 40);
		if (rest && *rest && strchr(o->value == VALUE_SIZE ? "kmg%" : "kmg", *rest))
			rest++;
		return rest && *rest == '\0';
	case VALUE_HIDEPID:
		for (size_t i = 0; i < sizeof(hidepid_values) / sizeof(*hidepid_values); i++) {
			if (strcmp(value, hidepid_values[i]) == 0)
				return true;
		}
		return false;
	case VALUE_SUBSET:
		return strcmp(value, "pid") == 0;
	}
	return false;
}
