/*
 * cgroup_devices.c: see cgroup_devices.h. cgroup v2 has no file for this: the rules are a program
 * of the kernel's own machine language (BPF). go/cgroup_devices.go has the same table.
 *
 * Without it a rootfs that holds a node of the host's disk, or a command that may make one
 * (CAP_MKNOD), has the host.
 */
#include "cgroup_devices.h"

#include "events.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { ANY = -1, DEVICES_MAX = 64, INSTRUCTIONS_MAX = 16 + 5 * DEVICES_MAX };

struct device_rule {
	int kind, major, minor;
};

/* Documentation/admin-guide/devices.txt. The same as runc and crun allow. */
static const struct device_rule usual[] = {
	{BPF_DEVCG_DEV_CHAR, 1, 3},	/* null */
	{BPF_DEVCG_DEV_CHAR, 1, 5},	/* zero */
	{BPF_DEVCG_DEV_CHAR, 1, 7},	/* full */
	{BPF_DEVCG_DEV_CHAR, 1, 8},	/* random */
	{BPF_DEVCG_DEV_CHAR, 1, 9},	/* urandom */
	{BPF_DEVCG_DEV_CHAR, 5, 0},	/* tty */
	{BPF_DEVCG_DEV_CHAR, 5, 2},	/* ptmx */
	{BPF_DEVCG_DEV_CHAR, 136, ANY}, /* pts */
};

struct program {
	struct bpf_insn code[INSTRUCTIONS_MAX];
	int n;
};

enum { ACCESS = BPF_REG_2, KIND = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5 };

static void put(struct program *p, int code, int to, int from, int offset, int value)
{
	p->code[p->n++] = (struct bpf_insn){.code = (uint8_t)code,
		.dst_reg = (uint8_t)to & 15,
		.src_reg = (uint8_t)from & 15,
		.off = (int16_t)offset,
		.imm = value};
}

/* Goes over the next instructions unless the register has the value. */
static void put_unless(struct program *p, int reg, int value, int over)
{
	put(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, over, value);
}

static void put_answer(struct program *p, int yes)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, yes);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* struct bpf_cgroup_dev_ctx: the kind in the lower half of its first word, the access above. */
static void put_begin(struct program *p)
{
	static const int words[] = {KIND, MAJOR, MINOR};

	for (int i = 0; i < 3; i++)
		put(p, BPF_LDX | BPF_MEM | BPF_W, words[i], BPF_REG_1, 4 * i, 0);
	put(p, BPF_ALU | BPF_MOV | BPF_X, ACCESS, KIND, 0, 0);
	put(p, BPF_ALU | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
	put(p, BPF_ALU | BPF_AND | BPF_K, KIND, 0, 0, 0xffff);
	put_unless(p, ACCESS, BPF_DEVCG_ACC_MKNOD, 2);
	put_answer(p, 1);
}

static void put_rule(struct program *p, const struct device_rule *rule)
{
	int checks = rule->minor == ANY ? 0 : 1;

	put_unless(p, KIND, rule->kind, 3 + checks);
	put_unless(p, MAJOR, rule->major, 2 + checks);
	if (checks)
		put_unless(p, MINOR, rule->minor, 2);
	put_answer(p, 1);
}

/* A device that the spec binds is meant to be used; at most so many, each more is refused. */
static void put_binds(struct program *p, const struct spec *s)
{
	for (size_t i = 0; i < s->mounts_n; i++) {
		struct stat st;

		if (strcmp(s->mounts[i].type, "bind") != 0 || stat(s->mounts[i].source, &st) < 0 ||
			(!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) ||
			p->n + 8 > INSTRUCTIONS_MAX)
			continue;
		put_rule(p, &(struct device_rule){
				    S_ISCHR(st.st_mode) ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
				    (int)major(st.st_rdev), (int)minor(st.st_rdev)});
	}
}

/* The size that bpf(2) takes: up to the last member that is set, whatever this header has after it.
 */
#define SIZE_TO(member)                                                                            \
	(offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)NULL)->member))

static int bpf(int command, union bpf_attr *attr, size_t size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static int load(const struct program *p)
{
	static const char license[] = "MIT";
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)p->n,
		.insns = (uint64_t)(uintptr_t)p->code,
		.license = (uint64_t)(uintptr_t)license,
	};
	int fd;

	/* EAGAIN: a signal came while the kernel checked the program. */
	do
		fd = bpf(BPF_PROG_LOAD, &attr, SIZE_TO(prog_flags));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

int cgroup_devices_restrict(struct container *c, int dir, struct error *e)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)dir,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	struct program p = {.n = 0};
	int fd, result;

	put_begin(&p);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		put_rule(&p, &usual[i]);
	put_binds(&p, c->spec);
	put_answer(&p, 0);
	events_call(c, "bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)");
	fd = load(&p);
	attr.attach_bpf_fd = (uint32_t)fd;
	result = fd < 0 ? -1 : bpf(BPF_PROG_ATTACH, &attr, SIZE_TO(attach_flags));
	if (result < 0)
		error_sys(e, "restricting the devices of cgroup %s", c->cgroup);
	if (fd >= 0)
		close(fd);
	/* An ordinary user opens no device in there that is not open to that user anyway. */
	if (result < 0 && e->errnum == EPERM && geteuid() != 0) {
		error_clear(e);
		return 0;
	}
	if (result < 0)
		error_hint(e, "the kernel needs CONFIG_CGROUP_BPF, and the runtime CAP_BPF and "
			      "CAP_NET_ADMIN on the host");
	return result;
}
