/*
 * mount_options.h: the one table of mount options; go/mount_options.go has the same rows.
 *
 * The spec's reader refuses what is not in it, and the stage "mounts" does what it says, so that
 * an option is never silently dropped. Flags are in the terms of mount_setattr(2) and mount(2);
 * the rest are parameters of one file system, set with fsconfig(2).
 */
#ifndef TWINBOX_MOUNT_OPTIONS_H
#define TWINBOX_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mount_option_class {
	OPTION_ATTR,	    /* set and clear are MOUNT_ATTR_* */
	OPTION_PROPAGATION, /* set is MS_PRIVATE, MS_SHARED, ... with MS_REC for the "r" forms */
	OPTION_BIND,	    /* set is MS_BIND, with MS_REC for rbind; only for type bind */
	OPTION_PARAMETER,   /* "size=65536k" or, with a name that does not end in '=', a flag */
};

/* What may stand after the '=' of a parameter. */
enum mount_option_value {
	VALUE_NONE,
	VALUE_OCTAL,   /* 0 to 07777 */
	VALUE_ID,      /* 0 to 4294967294 */
	VALUE_COUNT,   /* decimal number with an optional k, m or g */
	VALUE_SIZE,    /* the same, or a percentage of the memory */
	VALUE_HIDEPID, /* proc(5) */
	VALUE_SUBSET,  /* "pid", proc(5) */
};

struct mount_option {
	const char *name; /* "ro"; with a value "mode=" */
	enum mount_option_class class;
	uint64_t set, clear; /* clear first, then set */
	const char *type;    /* the only mount type that has it; NULL: every type */
	enum mount_option_value value;
};

/*
 * The row for an option of a mount of this type: "mode=755" finds "mode=". NULL where this type
 * has no such option. The value is not looked at.
 */
const struct mount_option *mount_option_find(const char *type, const char *option);

/* True when what stands after the '=' of option is what o wants. */
bool mount_option_valid(const struct mount_option *o, const char *option);

#endif
