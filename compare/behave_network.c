/*
 * behave_network.c: does the container's network answer? Part of group "veth".
 *
 * From the host: an HTTP request to busybox httpd and a message to a netcat that echoes. From the
 * container: netcat to a socket of compare on the host's end of the veth. Plain sockets, so that
 * what is shown needs no other program on the host.
 */
#include "measure.h"

#include "observe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANSWER_MS    10000
#define HTTP_PORT    8080
#define ECHO_PORT    7777
#define MESSAGE_SIZE 4096 /* more than one frame of 1500 bytes */

struct ends {
	struct sockaddr_in host, container;
};

/* The two addresses of the spec, without their prefixes. False: no veth, or no addresses. */
static bool find_ends(const struct plan *p, struct ends *ends)
{
	const char *host = NULL, *container = NULL;
	char text[32];

	json_unpack(p->spec, "{s?:{s?:{s?:s},s?:{s?:s}}}", "veth", "host", "address", &host,
		"container", "address", &container);
	memset(ends, 0, sizeof(*ends));
	ends->host.sin_family = ends->container.sin_family = AF_INET;
	if (!host || !container)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, "/"), host);
	if (inet_pton(AF_INET, text, &ends->host.sin_addr) != 1)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(container, "/"), container);
	return inet_pton(AF_INET, text, &ends->container.sin_addr) == 1;
}

/* One try to connect; the descriptor, or -1 with errno. */
static int connect_once(const struct sockaddr_in *to, int64_t deadline)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed = 0;
	socklen_t size = sizeof(failed);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS)
		failed = errno;
	else if (wait_fd(fd, POLLOUT, deadline) != 1)
		failed = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
	if (!failed)
		return fd;
	close(fd);
	errno = failed;
	return -1;
}

/* Connects as soon as somebody listens there: right after its start the server may not yet. */
static int connect_to(const struct sockaddr_in *address, int port, int64_t deadline)
{
	struct sockaddr_in to = *address;
	int fd;

	to.sin_port = htons((uint16_t)port);
	while ((fd = connect_once(&to, deadline)) < 0) {
		int saved = errno;

		if ((saved != ECONNREFUSED && saved != EHOSTUNREACH && saved != ENETUNREACH) ||
			deadline_in(0) >= deadline || wait_window(5) < 0) {
			errno = saved;
			return -1;
		}
	}
	return fd;
}

static int send_all(int fd, const char *data, size_t n, int64_t deadline)
{
	while (n > 0) {
		ssize_t done;

		if (wait_fd(fd, POLLOUT, deadline) != 1)
			return -1;
		done = send(fd, data, n, MSG_NOSIGNAL);
		if (done < 0)
			return -1;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Receives until n bytes are there or the other side ends; how many, or -1. */
static ssize_t receive(int fd, char *data, size_t n, int64_t deadline)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got;

		if (wait_fd(fd, POLLIN, deadline) != 1) {
			errno = ETIMEDOUT;
			return -1;
		}
		got = recv(fd, data + have, n - have, 0);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static void make_message(char message[MESSAGE_SIZE])
{
	for (size_t i = 0; i < MESSAGE_SIZE; i++)
		message[i] = (char)('a' + i % 26);
}

/* The page must be the very file of the rootfs, and the server must have said so. */
static void judge_page(const struct plan *p, const char *answer, struct values *out)
{
	const char *body = strstr(answer, "\r\n\r\n"), *code = strchr(answer, ' ');
	int rootfs = open(p->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *page = read_whole(rootfs, "var/www/index.html", NULL);

	if (!body || !code)
		values_failed(out, "veth.answers.http", EPROTO, "the answer");
	else
		values_set(out, "veth.answers.http", "%.3s, %s", code + 1,
			page && !strcmp(body + 4, page) ? "the page of the rootfs"
							: "another page");
	free(page);
	if (rootfs >= 0)
		close(rootfs);
}

static void ask_page(const struct held *h, const struct ends *ends, struct values *out)
{
	static const char request[] = "GET /index.html HTTP/1.0\r\n\r\n";
	int64_t deadline = deadline_in(ANSWER_MS);
	int fd = connect_to(&ends->container, HTTP_PORT, deadline);
	char answer[65536];
	ssize_t n = -1;

	if (fd >= 0 && !send_all(fd, request, sizeof(request) - 1, deadline))
		n = receive(fd, answer, sizeof(answer) - 1, deadline);
	if (n < 0) {
		values_failed(out, "veth.answers.http", errno, "asking the container for its page");
	} else {
		answer[n] = '\0';
		judge_page(h->plan, answer, out);
	}
	if (fd >= 0)
		close(fd);
}

static void ask_echo(const struct held *h, const struct ends *ends, struct values *out)
{
	int64_t deadline = deadline_in(ANSWER_MS);
	int fd = connect_to(&ends->container, ECHO_PORT, deadline);
	char message[MESSAGE_SIZE], answer[MESSAGE_SIZE];
	ssize_t n = -1;

	(void)h;
	make_message(message);
	if (fd >= 0 && !send_all(fd, message, sizeof(message), deadline))
		n = receive(fd, answer, sizeof(answer), deadline);
	if (n < 0)
		values_failed(out, "veth.answers.echo", errno, "sending the container a message");
	else
		values_set(out, "veth.answers.echo", "%s",
			n == MESSAGE_SIZE && !memcmp(message, answer, sizeof(message))
				? "every byte"
				: "something else");
	if (fd >= 0)
		close(fd);
}

/* Where the rootfs has this program, as the container names it; an image may lack httpd. */
static const char *find_program(const struct plan *p, const char *const places[2])
{
	char path[PATH_MAX + 64];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", p->rootfs, places[i]);
		if (!faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
			return places[i];
	}
	return NULL;
}

static const char *const httpd[] = {"/bin/httpd", "/usr/sbin/httpd"};
static const char *const netcat[] = {"/bin/nc", "/usr/bin/nc"};

/* A server in a container, asked from the host by ask(). */
static int with_server(const struct plan *p, const struct column *c, const char *const command[],
	const struct ends *ends,
	void (*ask)(const struct held *, const struct ends *, struct values *), struct values *out,
	struct error *e)
{
	struct held h;
	int result = -1;

	if (!held_start(&h, p, c, command, e) && !held_pid(&h, e)) {
		ask(&h, ends, out);
		result = 0;
	}
	held_discard(&h);
	return process_stop_signal() ? error_say(e, "stopped") : result;
}

/* Listens on the host's end before it exists (IP_FREEBIND, ip(7)); port is the kernel's choice. */
static int listen_on(const struct sockaddr_in *address, int *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1, saved;
	struct sockaddr_in own = *address;
	socklen_t size = sizeof(own);

	if (fd >= 0 && !setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof(yes)) &&
		!bind(fd, (struct sockaddr *)&own, sizeof(own)) && !listen(fd, 1) &&
		!getsockname(fd, (struct sockaddr *)&own, &size)) {
		*port = ntohs(own.sin_port);
		return fd;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

/* The container's netcat is on the other side: its line comes here, and goes back as its output. */
static int answer_container(
	struct held *h, int listener, const struct ends *ends, struct values *out, struct error *e)
{
	static const char line[] = "a line from the container";
	int64_t deadline = deadline_in(ANSWER_MS);
	struct sockaddr_in from = {0};
	socklen_t size = sizeof(from);
	char text[sizeof(line)], back[64];
	int fd;

	if (wait_fd(listener, POLLIN, deadline) != 1)
		return error_say(e, "nobody came from the container");
	fd = accept4(listener, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);
	if (fd < 0)
		return error_sys(e, "accepting the container's connection");
	values_set(out, "veth.answers.to_host_source", "%s",
		from.sin_addr.s_addr == ends->container.sin_addr.s_addr ? "the container's address"
									: "another address");
	if (child_write(&h->child, "a line from the container\n", sizeof(line), e) ||
		receive(fd, text, sizeof(line), deadline) != (ssize_t)sizeof(line) ||
		send_all(fd, text, sizeof(line), deadline) ||
		child_line(&h->child, back, sizeof(back), deadline, e)) {
		close(fd);
		return -1;
	}
	close(fd);
	values_set(out, "veth.answers.to_host", "%s",
		!strcmp(back, line) ? "every byte, and back" : "something else");
	return 0;
}

static int from_container(const struct plan *p, const struct column *c, const struct ends *ends,
	struct values *out, struct error *e)
{
	char host[INET_ADDRSTRLEN], number[8];
	const char *const command[] = {find_program(p, netcat), host, number, NULL};
	struct held h = {.pidfd = -1};
	int port, listener = listen_on(&ends->host, &port);

	if (listener < 0)
		return error_sys(e, "listening on the host's end of the veth");
	inet_ntop(AF_INET, &ends->host.sin_addr, host, sizeof(host));
	snprintf(number, sizeof(number), "%d", port);
	error_clear(e);
	if (held_start(&h, p, c, command, e) || held_pid(&h, e) ||
		answer_container(&h, listener, ends, out, e)) {
		values_failed(out, "veth.answers.to_host", 0, "%s", e->message);
		values_failed(out, "veth.answers.to_host_source", 0, "%s", e->message);
	}
	close(listener);
	held_discard(&h);
	return process_stop_signal() ? error_say(e, "stopped") : 0;
}

static void skip_all(struct values *out, const char *why)
{
	static const char *const ids[] = {"veth.answers.http", "veth.answers.echo",
		"veth.answers.to_host", "veth.answers.to_host_source"};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		values_skip(out, ids[i], "%s", why);
}

int behave_network(
	const struct plan *p, const struct column *c, struct values *out, struct error *e)
{
	char address[INET_ADDRSTRLEN + 8];
	const char *const page[] = {
		find_program(p, httpd), "-f", "-p", address, "-h", "/var/www", NULL};
	const char *const echo[] = {
		find_program(p, netcat), "-ll", "-p", "7777", "-e", "/bin/cat", NULL};
	struct ends ends;

	if (!find_ends(p, &ends) || !c->twin) {
		if (p->host_link)
			skip_all(out, c->twin ? "the veth has no addresses" : "no veth");
		return 0;
	}
	if (!echo[0]) {
		skip_all(out, "the rootfs has no nc");
		return 0;
	}
	inet_ntop(AF_INET, &ends.container.sin_addr, address, INET_ADDRSTRLEN);
	snprintf(address + strlen(address), 8, ":%d", HTTP_PORT);
	if (!page[0])
		values_skip(out, "veth.answers.http", "the rootfs has no httpd");
	else if (with_server(p, c, page, &ends, ask_page, out, e))
		return -1;
	if (with_server(p, c, echo, &ends, ask_echo, out, e))
		return -1;
	return from_container(p, c, &ends, out, e);
}
