/* netlink.c: see netlink.h. */
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 16384 }; /* an answer about one link takes about 2 KiB */

int netlink_open(struct netlink *nl, struct error *e)
{
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	/* No bind(2): the kernel gives it an address at the first request. */
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (nl->fd >= 0 && setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) == 0)
		return 0;
	error_sys(e, "opening a netlink socket");
	netlink_close(nl);
	return -1;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

/* One datagram of the kernel; those of other processes are passed over. */
static ssize_t receive(struct netlink *nl, char answer[ANSWER_MAX])
{
	struct sockaddr_nl from = {0};
	struct iovec part = {.iov_base = answer, .iov_len = ANSWER_MAX};
	struct msghdr datagram = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(nl->fd, &datagram, 0);
	while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
	if (n >= 0 && datagram.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

/* An NLMSG_ERROR: 0 where the request was done, else -1 with errno and the kernel's words. */
static int verdict(struct netlink *nl, struct nlmsghdr *answer)
{
	const struct nlmsgerr *told = nlmsg_data(answer);
	int skip = sizeof(*told);
	const struct nlattr *words = NULL;

	errno = EBADMSG;
	if (nlmsg_datalen(answer) < skip || told->error > 0)
		return -1;
	/* The refused request comes back whole, unless the answer is capped (netlink(7)). */
	if (!(answer->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)told->msg.nlmsg_len - NLMSG_HDRLEN;
	if (answer->nlmsg_flags & NLM_F_ACK_TLVS && skip >= 0 && skip <= nlmsg_datalen(answer))
		words = nlmsg_find_attr(answer, skip, NLMSGERR_ATTR_MSG);
	if (words)
		nla_strlcpy(nl->text, words, sizeof(nl->text));
	errno = -told->error;
	return told->error ? -1 : 0;
}

/* Reads until the verdict; before it there may be the link that was asked for. */
static int await(struct netlink *nl, struct ifinfomsg *link)
{
	/* Not on the stack: of a large frame every page is touched (-fstack-clash-protection). */
	static _Thread_local _Alignas(struct nlmsghdr) char answer[ANSWER_MAX];

	for (;;) {
		struct nlmsghdr *message = (struct nlmsghdr *)answer;
		ssize_t n = receive(nl, answer);
		int left = (int)n;

		if (n < 0)
			return -1;
		errno = EBADMSG;
		if (!nlmsg_ok(message, left))
			return -1;
		for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
			if (message->nlmsg_seq != nl->sequence)
				return -1;
			if (message->nlmsg_type == NLMSG_ERROR)
				return verdict(nl, message);
			if (link && nlmsg_datalen(message) >= (int)sizeof(*link))
				memcpy(link, nlmsg_data(message), sizeof(*link));
		}
	}
}

static int send_whole(struct netlink *nl, struct nlmsghdr *request)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec part = {.iov_base = request, .iov_len = request->nlmsg_len};
	const struct msghdr datagram = {.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = &part,
		.msg_iovlen = 1};
	ssize_t n;

	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = ++nl->sequence;
	do
		n = sendmsg(nl->fd, &datagram, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int netlink_request(struct netlink *nl, int built, struct nl_msg *request, struct ifinfomsg *link)
{
	int result, failure;

	nl->text[0] = '\0';
	if (built < 0 || !request) {
		errno = built >= 0 || built == -NLE_NOMEM ? ENOMEM : EINVAL;
		return -1;
	}
	result = send_whole(nl, nlmsg_hdr(request));
	if (result == 0)
		result = await(nl, link);
	failure = errno;
	nlmsg_free(request);
	errno = failure;
	return result;
}

int netlink_refused(struct netlink *nl, struct error *e, const char *format, ...)
{
	int saved = errno;
	char message[sizeof(e->message)];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	errno = saved;
	error_sys(e, "%s", message);
	if (nl->text[0])
		error_hint(e, "the kernel says: %s", nl->text);
	return -1;
}
