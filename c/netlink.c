/* netlink.c: see netlink.h. */
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

/* Where libnl itself fails there is no answer of the kernel, only libnl's own number. */
static const struct {
	int code, errnum;
} libnl_errors[] = {
	{NLE_AGAIN, EAGAIN},
	{NLE_BAD_SOCK, EBADF},
	{NLE_INTR, EINTR},
	{NLE_INVAL, EINVAL},
	{NLE_MSG_TRUNC, EMSGSIZE},
	{NLE_NOACCESS, EACCES},
	{NLE_NODEV, ENODEV},
	{NLE_NOMEM, ENOMEM},
	{NLE_OBJ_NOTFOUND, ENODEV},
	{NLE_PERM, EPERM},
	{NLE_RANGE, ERANGE},
	{NLE_SEQ_MISMATCH, EBADMSG},
};

/* Called by libnl for an answer that refuses a request: keeps the kernel's errno and words. */
static int keep_refusal(struct sockaddr_nl *from, struct nlmsgerr *answer, void *arg)
{
	struct netlink *nl = arg;
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)answer - NLMSG_HDRLEN);
	int skip = sizeof(*answer);
	struct nlattr *words = NULL;

	(void)from;
	/* The refused request comes back whole, unless the answer is capped (netlink(7)). */
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += answer->msg.nlmsg_len - NLMSG_HDRLEN;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		words = nlmsg_find_attr(header, skip, NLMSGERR_ATTR_MSG);
	nl->errnum = -answer->error;
	nl->text[0] = '\0';
	if (words)
		nla_strlcpy(nl->text, words, sizeof(nl->text));
	return NL_STOP;
}

int netlink_open(struct netlink *nl, struct error *e)
{
	struct nl_cb *callbacks;
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	errno = ENOMEM;
	nl->sk = nl_socket_alloc();
	if (!nl->sk || nl_connect(nl->sk, NETLINK_ROUTE) ||
		setsockopt(
			nl_socket_get_fd(nl->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on))) {
		error_sys(e, "opening a netlink socket");
		netlink_close(nl);
		return -1;
	}
	/* An answer about one link fits into libnl's 16 KiB: no need to ask for its size first. */
	nl_socket_disable_msg_peek(nl->sk);
	callbacks = nl_socket_get_cb(nl->sk);
	nl_cb_err(callbacks, NL_CB_CUSTOM, keep_refusal, nl);
	nl_cb_put(callbacks);
	return 0;
}

void netlink_close(struct netlink *nl)
{
	nl_socket_free(nl->sk);
	nl->sk = NULL;
}

int netlink_result(struct netlink *nl, int code)
{
	int errnum = nl->errnum;

	nl->errnum = 0;
	if (code >= 0)
		return 0;
	for (size_t i = 0; !errnum && i < sizeof(libnl_errors) / sizeof(libnl_errors[0]); i++) {
		if (libnl_errors[i].code == -code)
			errnum = libnl_errors[i].errnum;
	}
	errno = errnum ? errnum : EIO;
	return -1;
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
