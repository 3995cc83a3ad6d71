/*
 * console.c: see console.h.
 *
 * The terminal is opened inside the container, through the root of its own devpts, so that
 * ttyname(3) works there and no path of the untrusted rootfs is followed (CVE-2025-52565 was a
 * /dev/console or /dev/pts/N that the rootfs had replaced).
 */
#include "console.h"

#include "events.h"
#include "mounts_syscalls.h"
#include "rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

/* The caller's terminal as it was, while it is raw. One process has one, so this may be static. */
static struct termios saved;
static bool is_raw;

enum { MASTER, SLAVE, ENDS };

/* Control message for both descriptors: unix(7), SCM_RIGHTS. */
union control {
	char space[CMSG_SPACE(ENDS * sizeof(int))];
	struct cmsghdr align;
};

static int send_ends(int socket, const int ends[ENDS])
{
	union control control = {0};
	struct iovec byte = {.iov_base = (char[]){"m"}, .iov_len = 1};
	struct msghdr message = {.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(ENDS * sizeof(int));
	memcpy(CMSG_DATA(header), ends, ENDS * sizeof(int));
	return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* -1 with errno 0 when the other side closed the socket without sending. */
static int receive_ends(int socket, int ends[ENDS])
{
	union control control = {0};
	char byte;
	struct iovec vector = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space)};
	struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
		header->cmsg_len != CMSG_LEN(ENDS * sizeof(int))) {
		if (n >= 0)
			errno = 0;
		return -1;
	}
	memcpy(ends, CMSG_DATA(header), ENDS * sizeof(int));
	return 0;
}

int console_find_devpts(int root)
{
	int fd = rootfs_open(root, "/dev/pts", O_DIRECTORY, RESOLVE_BELOW | RESOLVE_NO_SYMLINKS);
	struct statfs fs;

	if (fd < 0 || (fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC))
		return fd;
	close(fd);
	return -1;
}

int console_prepare(struct container *c, int root, struct error *e)
{
	int devpts = console_find_devpts(root);

	if (devpts >= 0) {
		close(devpts);
		return 0;
	}
	c->console_fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return c->console_fd < 0 ? error_sys(e, "opening ptmx") : 0;
}

/* What console_prepare() has opened, else through the devpts, else the host's. */
static int open_master(struct container *c, int devpts_fd)
{
	int master = c->console_fd;

	if (master >= 0)
		return master;
	events_call(c, "open(\"%s\")", devpts_fd >= 0 ? "ptmx" : "/dev/ptmx");
	return devpts_fd >= 0
		       ? openat(devpts_fd, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW)
		       : open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int console_open(struct container *c, int devpts_fd, struct error *e)
{
	int unlock = 0, result = -1, master = open_master(c, devpts_fd), ends[ENDS];

	if (master < 0)
		return error_sys(e, "opening ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0) {
		error_sys(e, "unlocking the terminal");
		goto out;
	}
	c->console_fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->console_fd < 0) {
		error_sys(e, "opening the terminal");
		goto out;
	}
	if (fchown(c->console_fd, c->spec->process.uid, (gid_t)-1) < 0) {
		error_sys(e, "giving the terminal to user %u", c->spec->process.uid);
		goto out;
	}
	ends[MASTER] = master;
	ends[SLAVE] = c->console_fd;
	if (send_ends(c->sync_fd, ends) < 0) {
		error_sys(e, "sending the terminal to the parent");
		goto out;
	}
	result = 0;
out:
	close(master);
	return result;
}

int console_attach(struct container *c, struct error *e)
{
	events_call(c, "ioctl(TIOCSCTTY)");
	if (ioctl(c->console_fd, TIOCSCTTY, 0) < 0)
		return error_sys(e, "taking the terminal");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(c->console_fd, fd) < 0)
			return error_sys(e, "attaching the terminal");
	return 0;
}

int console_receive(struct container *c, struct error *e)
{
	int ends[ENDS];

	if (receive_ends(c->sync_fd, ends) < 0)
		return error_sys(e, "receiving the terminal");
	if (c->console_fd >= 0)
		close(c->console_fd);
	c->console_fd = ends[MASTER];
	c->console_peer_fd = ends[SLAVE];
	/* The command may leave its input unread; the runtime has other things to do meanwhile. */
	if (fcntl(c->console_fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_sys(e, "making the terminal non-blocking");
	console_resize(c);
	return console_raw(c, e);
}

void console_hang_up(struct container *c)
{
	events_call(c, "close(%d)", c->console_fd);
	close(c->console_fd);
	close(c->console_peer_fd);
	c->console_fd = c->console_peer_fd = -1;
}

void console_resize(struct container *c)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(c->console_fd, TIOCSWINSZ, &size);
}

int console_raw(struct container *c, struct error *e)
{
	struct termios raw;

	(void)c;
	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return error_sys(e, "reading the terminal's settings");
	raw = saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return error_sys(e, "setting the terminal to raw");
	is_raw = true;
	return 0;
}

void console_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	is_raw = false;
}
