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

enum { ANY = -1, DEVICES_MAX = 64, INSTRUCTIONS_MAX = 32 + DEVICES_MAX };

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

struct rules {
	struct device_rule v[DEVICES_MAX];
	int n;
};

struct program {
	struct bpf_insn code[INSTRUCTIONS_MAX];
	int n;
};

/* DEVICE: the major number from bit 20 on and the minor below, as linux/kdev_t.h has them. */
enum { ACCESS = BPF_REG_2, KIND = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5, DEVICE = MINOR };

enum { MINOR_BITS = 20, UNLESS = BPF_JMP | BPF_JNE | BPF_K, YES_IF = BPF_JMP32 | BPF_JEQ | BPF_K };

static void put(struct program *p, int code, int to, int from, int offset, int value)
{
	p->code[p->n++] = (struct bpf_insn){.code = (uint8_t)code,
		.dst_reg = (uint8_t)to & 15,
		.src_reg = (uint8_t)from & 15,
		.off = (int16_t)offset,
		.imm = value};
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
	put(p, YES_IF, ACCESS, 0, 0, BPF_DEVCG_ACC_MKNOD);
	put(p, BPF_ALU | BPF_AND | BPF_K, KIND, 0, 0, 0xffff);
	put(p, BPF_ALU | BPF_MOV | BPF_X, ACCESS, MAJOR, 0, 0);
	put(p, BPF_ALU | BPF_LSH | BPF_K, ACCESS, 0, 0, MINOR_BITS);
	put(p, BPF_ALU | BPF_OR | BPF_X, DEVICE, ACCESS, 0, 0);
}

/* The rules of one kind: one look at the kind, then one at the number for each. */
static void put_rules(struct program *p, const struct rules *rules, int kind)
{
	int begin = p->n;

	put(p, UNLESS, KIND, 0, 0, kind);
	for (int i = 0; i < rules->n; i++) {
		const struct device_rule *r = &rules->v[i];
		uint32_t number = (uint32_t)r->major << MINOR_BITS | (uint32_t)r->minor;

		if (r->kind != kind)
			continue;
		if (r->minor == ANY)
			put(p, YES_IF, MAJOR, 0, 0, r->major);
		else
			put(p, YES_IF, DEVICE, 0, 0, (int)number);
	}
	p->code[begin].off = (int16_t)(p->n - begin - 1);
}

/*
 * One answer of each kind at the end, where every YES_IF goes. The kernel walks through all ways
 * that a program can take, so the time to load it is the number of its jumps.
 */
static void put_end(struct program *p)
{
	put_answer(p, 0);
	for (int i = 0; i < p->n; i++)
		if (p->code[i].code == YES_IF)
			p->code[i].off = (int16_t)(p->n - i - 1);
	put_answer(p, 1);
}

/* A device that the spec binds is meant to be used; at most so many, each more is refused. */
static void add_binds(struct rules *rules, const struct spec *s)
{
	for (size_t i = 0; i < s->mounts_n; i++) {
		struct stat st;

		if (strcmp(s->mounts[i].type, "bind") != 0 || stat(s->mounts[i].source, &st) < 0 ||
			(!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) || rules->n == DEVICES_MAX)
			continue;
		rules->v[rules->n++] = (struct device_rule){
			S_ISCHR(st.st_mode) ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
			(int)major(st.st_rdev), (int)minor(st.st_rdev)};
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
	struct rules rules = {.n = 0};
	int fd, result;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		rules.v[rules.n++] = usual[i];
	add_binds(&rules, c->spec);
	put_begin(&p);
	put_rules(&p, &rules, BPF_DEVCG_DEV_CHAR);
	put_rules(&p, &rules, BPF_DEVCG_DEV_BLOCK);
	put_end(&p);
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
