/*
 * step5 in C: a veth pair from the host into the network namespace, by libnl-3.
 *
 *   gcc -Wall -Wextra -O2 $(pkg-config --cflags libnl-route-3.0) -o c-step5 step5/c/main.c \
 *       $(pkg-config --libs libnl-route-3.0) && ./c-step5 /bin/sh
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// region: limits
#define CGROUP "/sys/fs/cgroup/workshop"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(125, "writing %s", path);
	close(fd);
}

static pid_t parent, child_pid;

/* On every way out of the parent. The child is a copy and has the same exit handlers. */
static void clean_up(void)
{
	if (getpid() != parent)
		return;
	if (child_pid > 0) {
		kill(child_pid, SIGKILL);
		waitpid(child_pid, NULL, 0);
	}
	rmdir(CGROUP);
}

/* Makes the cgroup with its limits and opens its directory. */
static int open_cgroup(void)
{
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids");
	if (mkdir(CGROUP, 0755) < 0)
		err(125, "mkdir " CGROUP);
	parent = getpid();
	atexit(clean_up);
	write_file(CGROUP "/memory.max", "50M");
	write_file(CGROUP "/memory.swap.max", "0");
	write_file(CGROUP "/cpu.max", "20000 100000"); /* microseconds of each 100 ms */
	write_file(CGROUP "/pids.max", "20");
	int fd = open(CGROUP, O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(125, "opening " CGROUP);
	return fd;
}
// endregion: limits

// region: root
/* Makes dir the root of this mount namespace and lets go of the host's tree. */
static void enter_root(const char *dir)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(125, "making / private");
	/* pivot_root(2) wants a mount point. */
	if (mount(dir, dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		err(125, "bind mount of %s", dir);
	if (chdir(dir) < 0)
		err(125, "chdir %s", dir);
	/* The old root comes to lie on the new one, and "." is then the old one. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		err(125, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		err(125, "umount of the old root");
	if (chdir("/") < 0)
		err(125, "chdir /");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		err(125, "mount of /proc");
}
// endregion: root

#define HOST_LINK      "ws-host"
#define CONTAINER_LINK "eth0"
#define HOST_IP	       "10.200.0.1"
#define CONTAINER_IP   "10.200.0.2"

static void check(int error, const char *what)
{
	if (error < 0)
		errx(125, "%s: %s", what, nl_geterror(error));
}

static struct nl_sock *netlink_open(void)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (!nl)
		errx(125, "no memory");
	check(nl_connect(nl, NETLINK_ROUTE), "netlink");
	return nl;
}

// region: veth
/* Makes the pair; the peer is born in the network namespace of the process pid. */
static void veth_create(struct nl_sock *nl, const char *host, const char *peer_name, pid_t pid)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = rtnl_link_veth_get_peer(link);

	rtnl_link_set_name(link, host);
	rtnl_link_set_name(peer, peer_name);
	rtnl_link_set_ns_pid(peer, pid);
	check(rtnl_link_add(nl, link, NLM_F_CREATE | NLM_F_EXCL), "creating the veth pair");
	rtnl_link_put(peer);
	rtnl_link_put(link);
}
// endregion: veth

/* The pair goes with the child's network namespace, too, but only some time after the child's end. */
static void veth_delete(void)
{
	struct nl_sock *nl = nl_socket_alloc();
	struct rtnl_link *link = rtnl_link_alloc();

	rtnl_link_set_name(link, HOST_LINK);
	if (nl_connect(nl, NETLINK_ROUTE) == 0)
		rtnl_link_delete(nl, link);
	rtnl_link_put(link);
	nl_socket_free(nl);
}

static void link_up(struct nl_sock *nl, int index)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct rtnl_link *change = rtnl_link_alloc();

	rtnl_link_set_ifindex(link, index);
	rtnl_link_set_flags(change, IFF_UP);
	check(rtnl_link_change(nl, link, change, 0), "bringing a link up");
	rtnl_link_put(change);
	rtnl_link_put(link);
}

/* Gives a link of the caller's network namespace its address and brings it up. */
static void link_setup(struct nl_sock *nl, const char *name, const char *ip)
{
	int index = (int)if_nametoindex(name);
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local;

	check(nl_addr_parse(ip, AF_INET, &local), "reading an address");
	nl_addr_set_prefixlen(local, 24);
	rtnl_addr_set_ifindex(address, index);
	check(rtnl_addr_set_local(address, local), "reading an address");
	check(rtnl_addr_add(nl, address, NLM_F_EXCL), "adding an address");
	link_up(nl, index);
	nl_addr_put(local);
	rtnl_addr_put(address);
}

static void route_add_default(struct nl_sock *nl, const char *gateway)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *everything, *via;

	check(nl_addr_parse("default", AF_INET, &everything), "reading an address");
	check(nl_addr_parse(gateway, AF_INET, &via), "reading an address");
	rtnl_route_set_dst(route, everything);
	rtnl_route_nh_set_gateway(hop, via);
	rtnl_route_add_nexthop(route, hop);
	check(rtnl_route_add(nl, route, NLM_F_EXCL), "adding the default route");
	nl_addr_put(everything);
	nl_addr_put(via);
	rtnl_route_put(route);
}

// region: child
/* Returns after the parent's byte. End of file means that the parent is gone. */
static void wait_for_parent(int sync_pipe[2])
{
	char byte;

	close(sync_pipe[1]);
	if (read(sync_pipe[0], &byte, 1) != 1)
		_exit(125);
	close(sync_pipe[0]);
}

static void child(int sync_pipe[2], const char *hostname, char **command)
{
	const int loopback = 1; /* the first link of every network namespace */

	wait_for_parent(sync_pipe);
	struct nl_sock *nl = netlink_open();

	link_up(nl, loopback);
	link_setup(nl, CONTAINER_LINK, CONTAINER_IP);
	route_add_default(nl, HOST_IP);
	nl_socket_free(nl);
	if (sethostname(hostname, strlen(hostname)) < 0)
		err(125, "sethostname");
	enter_root("rootfs");
	execvp(command[0], command);
	err(127, "%s", command[0]);
}
// endregion: child

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: c-step5 COMMAND [ARG...]\n");
		return 2;
	}
	// region: parent
	int cgroup = open_cgroup();
	int sync_pipe[2];

	if (pipe2(sync_pipe, O_CLOEXEC) < 0)
		err(125, "pipe");
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		err(125, "clone3");
	if (pid == 0)
		child(sync_pipe, "container", argv + 1);
	child_pid = pid;
	close(sync_pipe[0]);
	/* The child waits: its end of the pair cannot be set up before there is one. */
	struct nl_sock *nl = netlink_open();

	veth_create(nl, HOST_LINK, CONTAINER_LINK, pid);
	atexit(veth_delete);
	link_setup(nl, HOST_LINK, HOST_IP);
	nl_socket_free(nl);
	if (write(sync_pipe[1], "", 1) != 1)
		err(125, "releasing the child");
	close(sync_pipe[1]);
	// endregion: parent
	int status;

	if (waitpid(pid, &status, 0) < 0)
		err(125, "waitpid");
	child_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
