/*
 * spec.h: what one container shall be, read from a file in the shape of an OCI config.json.
 *
 * Field names follow the OCI runtime specification (config.md, config-linux.md); `veth` is ours.
 * go/spec.go holds the same structures under the same names. A struct spec that spec_parse() has
 * returned is complete: every default is filled in and every value is within its range, so that
 * the stages need not check again.
 */
#ifndef TWINBOX_SPEC_H
#define TWINBOX_SPEC_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define SPEC_MAX_BYTES (1 << 20) /* larger files are refused */

/* A list of strings: n of them, and v[n] is NULL, as execve(2) wants it. v is never NULL. */
struct strings {
	char **v;
	size_t n;
};

/* The eight namespaces of namespaces(7), in alphabetical order of their OCI names. */
enum namespace_id {
	NS_CGROUP,
	NS_IPC,
	NS_MOUNT,
	NS_NETWORK,
	NS_PID,
	NS_TIME,
	NS_USER,
	NS_UTS,
	NS_COUNT
};

/* What every side needs to know of a namespace: one row each, indexed by enum namespace_id. */
struct namespace_kind {
	const char *name;      /* OCI: "network" */
	const char *proc;      /* file in /proc/PID/ns: "net" */
	unsigned int flag;     /* CLONE_NEWNET, clone(2) */
	const char *flag_name; /* "CLONE_NEWNET" */
};
extern const struct namespace_kind namespace_kinds[NS_COUNT];

struct spec_namespace {
	bool wanted; /* listed in linux.namespaces */
	char *path;  /* join this one instead of making a new one; NULL: make */
};

struct spec_idmap {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size; /* at least 1 */
};

struct spec_mount {
	char *destination; /* absolute, without "." and ".." */
	char *type;	   /* proc sysfs tmpfs devpts mqueue cgroup bind */
	char *source;	   /* absolute host path for bind; the type's name otherwise */
	struct strings options;
};

struct spec_rlimit {
	int resource; /* RLIMIT_NOFILE, ... setrlimit(2) */
	uint64_t soft, hard;
};

/* Lines of a uid_map or gid_map since Linux 4.15 (user_namespaces(7)). */
#define MAPPINGS_MAX 340

/* One bit a capability, bit N for capability number N (capabilities(7)). */
struct spec_capabilities {
	bool given; /* process.capabilities is in the file; otherwise all five sets are empty */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

/* An interface address in CIDR notation, IPv4. */
struct spec_address {
	bool given;
	uint8_t ip[4]; /* network byte order */
	unsigned int prefix;
};

struct spec_veth_end {
	char *name; /* interface name, at most 15 bytes */
	struct spec_address address;
	struct spec_address gateway; /* container end only; prefix is 32 */
};

struct spec_key_value {
	char *key, *value;
};

struct spec_key_values {
	struct spec_key_value *v; /* sorted by key */
	size_t n;
};

/* A number that may be absent. */
struct spec_number {
	bool given;
	int64_t value;
};

struct spec {
	char *oci_version;
	char *hostname; /* NULL: leave as it is */
	struct {
		char *path; /* NULL: the command line or the default decides */
		bool readonly;
	} root;
	struct {
		bool terminal;
		char *cwd; /* absolute, default "/" */
		struct strings args;
		struct strings env; /* "NAME=value" */
		uint32_t uid, gid;
		uint32_t *additional_gids;
		size_t additional_gids_n;
		struct spec_capabilities capabilities;
		struct spec_rlimit *rlimits;
		size_t rlimits_n;
		bool no_new_privileges;
		struct spec_number oom_score_adj; /* -1000 to 1000 */
	} process;
	struct spec_mount *mounts;
	size_t mounts_n;
	struct spec_namespace namespaces[NS_COUNT];
	struct spec_idmap *uid_mappings, *gid_mappings;
	size_t uid_mappings_n, gid_mappings_n;
	char *cgroups_path; /* absolute below the cgroup2 mount; NULL and has_resources:
			       /twinbox/NAME */
	bool has_resources; /* linux.resources is in the file */
	struct {
		struct spec_number memory_limit; /* bytes; -1 unlimited */
		struct spec_number memory_swap;	 /* bytes, memory and swap together; -1 unlimited */
		struct spec_number cpu_quota;	 /* microseconds each period; -1 unlimited */
		struct spec_number cpu_period;	 /* microseconds */
		struct spec_number cpu_shares;	 /* cgroup v1 shares, 2 to 262144 */
		struct spec_number pids_limit;	 /* -1 unlimited */
		struct spec_key_values unified;	 /* "memory.high" = "1048576" */
	} resources;
	struct strings masked_paths, readonly_paths; /* absolute */
	struct spec_key_values annotations;	     /* kept, not used */
	bool has_veth;
	struct {
		struct spec_veth_end host, container;
		int mtu; /* bytes, default 1500 */
	} veth;
	char *text; /* the file as it was read, text_len bytes; NULL after spec_parse() */
	size_t text_len;
};

/*
 * Reads the file at path into *out. Nothing is created anywhere.
 * On success returns 0 and the caller owns *out (spec_free). On failure returns -1, fills e and
 * leaves *out empty (safe to free).
 */
int spec_load(const char *path, struct spec *out, struct error *e);

/* The same from len bytes at data; label is how messages name the file. data need not end in NUL.
 */
int spec_parse(const char *label, const char *data, size_t len, struct spec *out, struct error *e);

/* Prints the normalised spec: keys sorted, defaults filled in, two spaces a level, LF at the end.
 */
int spec_print(const struct spec *s, FILE *out, struct error *e);

/* Frees what s owns and empties it. */
void spec_free(struct spec *s);

/* True when this namespace is made new for the container (listed, and without a path). */
static inline bool spec_makes(const struct spec *s, enum namespace_id id)
{
	return s->namespaces[id].wanted && !s->namespaces[id].path;
}

#endif
