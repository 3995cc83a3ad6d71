/*
 * step6 in C: the shape of cbox. A list of stages for each side, and one place that takes back what
 * they made. Without a command it runs /bin/sh.
 *
 *   gcc -Wall -Wextra -O2 $(pkg-config --cflags libnl-route-3.0) -o c-step6 step6/c/main.c \
 *       $(pkg-config --libs libnl-route-3.0) && ./c-step6
 */
#define _GNU_SOURCE
#include <errno.h>
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
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define CGROUP	       "/sys/fs/cgroup/workshop"
#define ROOTFS	       "rootfs"
#define HOST_LINK      "ws-host"
#define CONTAINER_LINK "eth0"
#define HOST_IP	       "10.200.0.1"
#define CONTAINER_IP   "10.200.0.2"

enum { EXIT_RUNTIME = 125 }; /* this program failed; otherwise the command's own status */

/* What the stages work on. The child is a copy of the parent and has it all. */
struct container {
	char **command;
	int cgroup; /* directory of the cgroup */
	bool cgroup_made, veth_made;
	int sync_pipe[2]; /* a byte in it lets the child go on */
	pid_t pid;
};

/* A stage returns NULL, or what failed, with the reason in errno. */
struct stage {
	const char *name;
	const char *(*run)(struct container *c);
};

/* --- cgroup -------------------------------------------------------------- */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -1 : 0;
}

static const char *cgroup_create(struct container *c)
{
	static const struct {
		const char *file, *value;
	} limits[] = {
		{CGROUP "/memory.max", "50M"},
		{CGROUP "/memory.swap.max", "0"},
		{CGROUP "/cpu.max", "20000 100000"}, /* microseconds of each 100 ms */
		{CGROUP "/pids.max", "20"},
	};

	if (write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids") < 0)
		return "enabling controllers";
	if (mkdir(CGROUP, 0755) < 0)
		return "mkdir " CGROUP;
	c->cgroup_made = true;
	for (size_t i = 0; i < LENGTH(limits); i++)
		if (write_file(limits[i].file, limits[i].value) < 0)
			return limits[i].file;
	c->cgroup = open(CGROUP, O_DIRECTORY | O_CLOEXEC);
	return c->cgroup < 0 ? "opening " CGROUP : NULL;
}

/* --- network ------------------------------------------------------------- */

/* libnl has error numbers of its own. */
static int checked(int error)
{
	if (error < 0)
		errno = error == -NLE_EXIST ? EEXIST : EIO;
	return error;
}

static struct nl_sock *netlink_open(void)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (nl && checked(nl_connect(nl, NETLINK_ROUTE)) < 0) {
		nl_socket_free(nl);
		nl = NULL;
	}
	return nl;
}

static int veth_create(struct nl_sock *nl, pid_t pid)
{
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
	int error;

	rtnl_link_set_name(link, HOST_LINK);
	rtnl_link_set_name(peer, CONTAINER_LINK);
	rtnl_link_set_ns_pid(peer, pid);
	error = rtnl_link_add(nl, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(peer);
	rtnl_link_put(link);
	return checked(error);
}

static void veth_delete(void)
{
	struct nl_sock *nl = netlink_open();
	struct rtnl_link *link = rtnl_link_alloc();

	rtnl_link_set_name(link, HOST_LINK);
	if (nl)
		rtnl_link_delete(nl, link);
	rtnl_link_put(link);
	nl_socket_free(nl);
}

static int link_up(struct nl_sock *nl, int index)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct rtnl_link *change = rtnl_link_alloc();
	int error;

	rtnl_link_set_ifindex(link, index);
	rtnl_link_set_flags(change, IFF_UP);
	error = rtnl_link_change(nl, link, change, 0);
	rtnl_link_put(change);
	rtnl_link_put(link);
	return checked(error);
}

static int link_setup(struct nl_sock *nl, const char *name, const char *ip)
{
	int index = (int)if_nametoindex(name);
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_addr *local = NULL;
	int error = nl_addr_parse(ip, AF_INET, &local);

	if (error == 0) {
		nl_addr_set_prefixlen(local, 24);
		rtnl_addr_set_ifindex(address, index);
		rtnl_addr_set_local(address, local);
		error = rtnl_addr_add(nl, address, NLM_F_EXCL);
	}
	nl_addr_put(local);
	rtnl_addr_put(address);
	return checked(error) < 0 ? -1 : link_up(nl, index);
}

static int route_add_default(struct nl_sock *nl)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *everything = NULL, *gateway = NULL;
	int error;

	nl_addr_parse("default", AF_INET, &everything);
	nl_addr_parse(HOST_IP, AF_INET, &gateway);
	rtnl_route_set_dst(route, everything);
	rtnl_route_nh_set_gateway(hop, gateway);
	rtnl_route_add_nexthop(route, hop);
	error = rtnl_route_add(nl, route, NLM_F_EXCL);
	nl_addr_put(everything);
	nl_addr_put(gateway);
	rtnl_route_put(route);
	return checked(error);
}

/*
 * The parent's part. The pair goes with the child's network namespace, too, but only some time
 * after the child's end.
 */
static const char *network_create(struct container *c)
{
	struct nl_sock *nl = netlink_open();
	const char *failed = NULL;

	if (!nl)
		return "netlink";
	c->veth_made = veth_create(nl, c->pid) == 0;
	if (!c->veth_made)
		failed = "creating the veth pair";
	else if (link_setup(nl, HOST_LINK, HOST_IP) < 0)
		failed = "setting up " HOST_LINK;
	nl_socket_free(nl);
	return failed;
}

/* The child's part: lo and its own end, seen from inside. */
static const char *network_configure(struct container *c)
{
	const int loopback = 1; /* the index of lo in every network namespace */
	struct nl_sock *nl = netlink_open();
	const char *failed = NULL;

	(void)c;
	if (!nl)
		return "netlink";
	if (link_up(nl, loopback) < 0)
		failed = "bringing lo up";
	else if (link_setup(nl, CONTAINER_LINK, CONTAINER_IP) < 0)
		failed = "setting up " CONTAINER_LINK;
	else if (route_add_default(nl) < 0)
		failed = "adding the default route";
	nl_socket_free(nl);
	return failed;
}

/* --- mounts -------------------------------------------------------------- */

static const char *mounts_setup(struct container *c)
{
	(void)c;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "making / private";
	if (mount(ROOTFS, ROOTFS, NULL, MS_BIND | MS_REC, NULL) < 0)
		return "bind mount of " ROOTFS;
	if (chdir(ROOTFS) < 0)
		return "chdir " ROOTFS;
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return "pivot_root";
	if (umount2(".", MNT_DETACH) < 0)
		return "umount of the old root";
	if (chdir("/") < 0)
		return "chdir /";
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return "mount of /proc";
	return NULL;
}

/* --- hostname, exec ------------------------------------------------------ */

static const char *hostname_set(struct container *c)
{
	(void)c;
	return sethostname("container", strlen("container")) < 0 ? "sethostname" : NULL;
}

/* The command gets an environment of its own: what the host's says is not true in here. */
static const char *exec_command(struct container *c)
{
	char *term = getenv("TERM"), *kept = term ? strdup(term) : NULL;

	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", kept ? kept : "", 1);
	execvp(c->command[0], c->command);
	return c->command[0];
}

/* --- the story ----------------------------------------------------------- */

static const char *child_wait(struct container *c)
{
	char byte;

	/* End of file means that the parent is gone. */
	errno = EPIPE;
	return read(c->sync_pipe[0], &byte, 1) == 1 ? NULL : "the parent is gone";
}

// region: stages
static const struct stage child_stages[] = {
	{"release", child_wait},
	{"network", network_configure},
	{"hostname", hostname_set},
	{"mounts", mounts_setup},
	{"exec", exec_command},
};

static int run_stages(struct container *c, const struct stage *stages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *failed = stages[i].run(c);

		if (failed) {
			fprintf(stderr, "c-step6: %s: %s: %m\n", stages[i].name, failed);
			return -1;
		}
	}
	return 0;
}
// endregion: stages

// region: namespaces
static void child(struct container *c)
{
	close(c->sync_pipe[1]);
	run_stages(c, child_stages, LENGTH(child_stages));
	_exit(EXIT_RUNTIME);
}

static const char *namespaces_create(struct container *c)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
			 CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)c->cgroup,
	};

	if (pipe2(c->sync_pipe, O_CLOEXEC) < 0)
		return "pipe";
	c->pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (c->pid < 0)
		return "clone3";
	if (c->pid == 0)
		child(c);
	close(c->sync_pipe[0]);
	return NULL;
}
// endregion: namespaces

static const char *child_release(struct container *c)
{
	ssize_t n = write(c->sync_pipe[1], "", 1);

	close(c->sync_pipe[1]);
	return n == 1 ? NULL : "writing to the child";
}

static const struct stage parent_stages[] = {
	{"cgroup", cgroup_create},
	{"namespaces", namespaces_create},
	{"network", network_create},
	{"release", child_release},
};

static int wait_command(struct container *c)
{
	int status;

	/*
	 * Ctrl-C is for the command; this program has to stay and clean up after it. Not earlier:
	 * the command would inherit that the signals are ignored.
	 */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (waitpid(c->pid, &status, 0) < 0)
		return EXIT_RUNTIME;
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void clean_up(struct container *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->veth_made)
		veth_delete();
	if (c->cgroup_made)
		rmdir(CGROUP);
}

int main(int argc, char **argv)
{
	static char *shell[] = {"/bin/sh", NULL};
	struct container c = {.command = argc > 1 ? argv + 1 : shell};
	int status = EXIT_RUNTIME;

	if (run_stages(&c, parent_stages, LENGTH(parent_stages)) == 0)
		status = wait_command(&c);
	clean_up(&c);
	return status;
}
