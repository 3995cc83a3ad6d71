/* capabilities.h: names of capabilities(7) and their numbers; go/capabilities.go has the same. */
#ifndef TWINBOX_CAPABILITIES_H
#define TWINBOX_CAPABILITIES_H

#define CAPABILITY_COUNT 41

/* "CAP_CHOWN" is capability_names[0]: the place in the list is the number (linux/capability.h). */
extern const char *const capability_names[CAPABILITY_COUNT];

/* The number of a name, -1 where there is no such capability. */
int capability_find(const char *name);

#endif
