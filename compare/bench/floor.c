/*
 * floor.c: the least that a container of this kind costs: the kernel calls of cbox, and nothing
 * that checks, remembers or explains. It stands in `make bench` beside the real ones; what they
 * take more is theirs, what it takes is the kernel's.
 *
 *   floor ROOTFS CGROUP [veth|limits|hold|mounts N]
 *
 * hold: /bin/cat instead of /bin/true. mounts: N tmpfs more.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int is(char **argv, const char *what)
{
	return argv[3] && strcmp(argv[3], what) == 0;
}

/* --- rtnetlink, by hand: one buffer, attributes appended, one answer read ------------------- */

static char buffer[1024];

static struct nlmsghdr *message(int type, int flags, const void *head, size_t size)
{
	struct nlmsghdr *m = (struct nlmsghdr *)buffer;

	memset(buffer, 0, sizeof(buffer));
	*m = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(size),
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
	memcpy(NLMSG_DATA(m), head, size);
	return m;
}

static struct rtattr *put(int type, const void *data, size_t size)
{
	struct nlmsghdr *m = (struct nlmsghdr *)buffer;
	struct rtattr *a = (struct rtattr *)(buffer + NLMSG_ALIGN(m->nlmsg_len));

	a->rta_type = (unsigned short)type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	m->nlmsg_len = NLMSG_ALIGN(m->nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void end(struct rtattr *a)
{
	struct nlmsghdr *m = (struct nlmsghdr *)buffer;

	a->rta_len = (unsigned short)(buffer + m->nlmsg_len - (char *)a);
}

static void ask(int nl)
{
	static char answer[8192];

	send(nl, buffer, ((struct nlmsghdr *)buffer)->nlmsg_len, 0);
	recv(nl, answer, sizeof(answer), 0);
}

static void up(int nl, int index)
{
	struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	message(RTM_NEWLINK, 0, &link, sizeof(link));
	ask(nl);
}

static void address(int nl, int index, const unsigned char ip[4])
{
	struct ifaddrmsg head = {
		.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (unsigned)index};

	message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	put(IFA_LOCAL, ip, 4);
	put(IFA_ADDRESS, ip, 4);
	ask(nl);
}

static void gateway(int nl, const unsigned char ip[4])
{
	struct rtmsg route = {.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_type = RTN_UNICAST};

	message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof(route));
	put(RTA_GATEWAY, ip, 4);
	ask(nl);
}

static const unsigned char host_ip[4] = {10, 200, 1, 1}, own_ip[4] = {10, 200, 1, 2};

/* The host's end of the pair. */
static const char name[] = "floor0";

/* The pair, its peer born in the child's namespace under the index 2. */
static void veth_create(int nl, int child)
{
	struct ifinfomsg link = {0}, peer = {.ifi_index = 2};
	struct rtattr *info, *data, *other;

	message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	put(IFLA_IFNAME, name, sizeof(name));
	info = put(IFLA_LINKINFO, NULL, 0);
	put(IFLA_INFO_KIND, "veth", 4);
	data = put(IFLA_INFO_DATA, NULL, 0);
	other = put(VETH_INFO_PEER, &peer, sizeof(peer));
	put(IFLA_IFNAME, "eth0", 5);
	put(IFLA_NET_NS_PID, &child, sizeof(child));
	end(other);
	end(data);
	end(info);
	ask(nl);
	address(nl, (int)if_nametoindex(name), host_ip);
	up(nl, (int)if_nametoindex(name));
}

static void veth_delete(int nl)
{
	struct ifinfomsg link = {0};

	message(RTM_DELLINK, 0, &link, sizeof(link));
	put(IFLA_IFNAME, name, sizeof(name));
	ask(nl);
}

/* --- The child ---------------------------------------------------------------------------- */

static void network(int veth)
{
	int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	up(nl, 1);
	if (veth) {
		address(nl, 2, own_ip);
		up(nl, 2);
		gateway(nl, host_ip);
	}
	close(nl);
}

static int make_mount(const char *kind)
{
	int fs = fsopen(kind, FSOPEN_CLOEXEC), made;

	fsconfig(fs, FSCONFIG_SET_STRING, "source", kind, 0);
	fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	made = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return made;
}

static void attach(int made, const char *path)
{
	int target = open(path, O_PATH | O_CLOEXEC);

	move_mount(made, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	close(target);
	close(made);
}

/* more tmpfs: one at /tmp, the others in it. */
static void mounts(const char *rootfs, int more)
{
	int root, proc, tmpfs[64];
	char path[16] = "/tmp";

	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	root = open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	proc = make_mount("proc");
	for (int i = 0; i < more; i++)
		tmpfs[i] = make_mount("tmpfs");
	move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	fchdir(root);
	syscall(SYS_pivot_root, ".", ".");
	umount2(".", MNT_DETACH);
	attach(proc, "/proc");
	for (int i = 0; i < more; i++) {
		if (i > 0) {
			snprintf(path, sizeof(path), "/tmp/%d", i);
			mkdir(path, 0755);
		}
		attach(tmpfs[i], path);
	}
	close(root);
	chdir("/");
}

static void privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	syscall(SYS_setgroups, 0, NULL);
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	syscall(SYS_setresgid, 0, 0, 0);
	syscall(SYS_setresuid, 0, 0, 0);
	syscall(SYS_capset, &header, none);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void __attribute__((noreturn)) child(char **argv, int sync, int failure)
{
	char *command[] = {is(argv, "hold") ? "/bin/cat" : "/bin/true", NULL};
	char *const env[] = {"PATH=/bin", NULL};
	char byte;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read(sync, &byte, 1);
	network(is(argv, "veth"));
	sethostname("floor", 5);
	mounts(argv[1], is(argv, "mounts") ? atoi(argv[4]) : 0);
	privileges();
	write(failure, "x", 1);
	execve(command[0], command, env);
	_exit(127);
}

/* --- The cgroup: which devices may be opened, as c/cgroup_devices.c has it ----------------- */

#define INSN(c, to, from, o, value)                                                                \
	{                                                                                          \
		.code = (c), .dst_reg = (to), .src_reg = (from), .off = (o), .imm = (value)        \
	}
#define LOAD(to, offset)	 INSN(BPF_LDX | BPF_MEM | BPF_W, to, 1, offset, 0)
#define YES_IF(reg, value, over) INSN(BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, over, value)
#define NUMBER(major, minor)	 ((major) << 20 | (minor))
#define ANSWER(value)                                                                              \
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, value), INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static const struct bpf_insn devices[] = {LOAD(3, 0), LOAD(4, 4), LOAD(5, 8),
	INSN(BPF_ALU | BPF_MOV | BPF_X, 2, 3, 0, 0), INSN(BPF_ALU | BPF_RSH | BPF_K, 2, 0, 0, 16),
	YES_IF(2, BPF_DEVCG_ACC_MKNOD, 15), INSN(BPF_ALU | BPF_AND | BPF_K, 3, 0, 0, 0xffff),
	INSN(BPF_ALU | BPF_MOV | BPF_X, 2, 4, 0, 0), INSN(BPF_ALU | BPF_LSH | BPF_K, 2, 0, 0, 20),
	INSN(BPF_ALU | BPF_OR | BPF_X, 5, 2, 0, 0),
	INSN(BPF_JMP | BPF_JNE | BPF_K, 3, 0, 8, BPF_DEVCG_DEV_CHAR), YES_IF(5, NUMBER(1, 3), 9),
	YES_IF(5, NUMBER(1, 5), 8), YES_IF(5, NUMBER(1, 7), 7), YES_IF(5, NUMBER(1, 8), 6),
	YES_IF(5, NUMBER(1, 9), 5), YES_IF(5, NUMBER(5, 0), 4), YES_IF(5, NUMBER(5, 2), 3),
	YES_IF(4, 136, 2), ANSWER(0), ANSWER(1)};

static void restrict_devices(int cgroup)
{
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = LENGTH(devices),
		.insns = (uintptr_t)devices,
		.license = (uintptr_t) "MIT"};
	union bpf_attr attach = {.target_fd = (uint32_t)cgroup,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));

	attach.attach_bpf_fd = (uint32_t)fd;
	syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach));
	close(fd);
}

/* --- The parent ---------------------------------------------------------------------------- */

static void write_limit(int cgroup, const char *file, const char *value)
{
	int fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);

	write(fd, value, strlen(value));
	close(fd);
}

int main(int argc, char **argv)
{
	static const char *const limits[][2] = {{"memory.max", "52428800"},
		{"memory.swap.max", "0"}, {"cpu.max", "20000 100000"}, {"pids.max", "64"}};
	int tree = open("/sys/fs/cgroup", O_DIRECTORY | O_CLOEXEC), sync[2], failure[2], pidfd,
	    cgroup, nl;
	struct clone_args args = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
					   CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
					   CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD};
	struct pollfd end_of_child;
	siginfo_t info;
	char mark;
	pid_t pid;

	if (argc < 3)
		return 2;
	mkdirat(tree, argv[2], 0755);
	cgroup = openat(tree, argv[2], O_DIRECTORY | O_CLOEXEC);
	if (is(argv, "limits"))
		for (size_t i = 0; i < LENGTH(limits); i++)
			write_limit(cgroup, limits[i][0], limits[i][1]);
	restrict_devices(cgroup);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) || pipe2(failure, O_CLOEXEC))
		return 2;
	args.cgroup = (uint64_t)cgroup;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child(argv, sync[1], failure[1]);
	close(failure[1]);
	nl = -1;
	if (is(argv, "veth")) {
		nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		veth_create(nl, pid);
	}
	write(sync[0], "g", 1);
	while (read(failure[0], &mark, 1) > 0)
		;
	end_of_child = (struct pollfd){.fd = pidfd, .events = POLLIN};
	poll(&end_of_child, 1, -1);
	waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
	unlinkat(tree, argv[2], AT_REMOVEDIR);
	if (nl >= 0)
		veth_delete(nl);
	return info.si_code == CLD_EXITED ? info.si_status : 125;
}
