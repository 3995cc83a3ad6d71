/*
 * trace_netlink.c: a rtnetlink(7) message in words, from the bytes that were sent. strace decodes
 * them only where it can ask about the socket, which it cannot in another network namespace.
 */
#include "trace.h"

#include "values.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdlib.h>
#include <string.h>

enum form { BYTES, RANDOM, NUMBER, NAME, ADDRESS, PROCESS, NEST, MESSAGE };

struct attribute {
	unsigned int type;
	const char *name;
	enum form form;
	const struct attribute *inside; /* NEST, MESSAGE; ends with a name that is NULL */
};

#define ROW(type, form, inside)                                                                    \
	{                                                                                          \
		type, #type, form, inside                                                          \
	}
#define END                                                                                        \
	{                                                                                          \
		0, NULL, BYTES, NULL                                                               \
	}

static const struct attribute link_attributes[];

static const struct attribute veth_attributes[] = {
	ROW(VETH_INFO_PEER, MESSAGE, link_attributes),
	END,
};
static const struct attribute info_attributes[] = {
	ROW(IFLA_INFO_KIND, NAME, NULL),
	ROW(IFLA_INFO_DATA, NEST, veth_attributes),
	END,
};
static const struct attribute link_attributes[] = {
	ROW(IFLA_ADDRESS, RANDOM, NULL),
	ROW(IFLA_BROADCAST, BYTES, NULL),
	ROW(IFLA_IFNAME, NAME, NULL),
	ROW(IFLA_MTU, NUMBER, NULL),
	ROW(IFLA_LINK, NUMBER, NULL),
	ROW(IFLA_MASTER, NUMBER, NULL),
	ROW(IFLA_TXQLEN, NUMBER, NULL),
	ROW(IFLA_NUM_TX_QUEUES, NUMBER, NULL),
	ROW(IFLA_NUM_RX_QUEUES, NUMBER, NULL),
	ROW(IFLA_LINKINFO, NEST, info_attributes),
	ROW(IFLA_NET_NS_PID, PROCESS, NULL),
	ROW(IFLA_NET_NS_FD, NUMBER, NULL),
	ROW(IFLA_EXT_MASK, NUMBER, NULL),
	ROW(IFLA_IFALIAS, NAME, NULL),
	END,
};
static const struct attribute address_attributes[] = {
	ROW(IFA_ADDRESS, ADDRESS, NULL),
	ROW(IFA_LOCAL, ADDRESS, NULL),
	ROW(IFA_BROADCAST, ADDRESS, NULL),
	ROW(IFA_LABEL, NAME, NULL),
	ROW(IFA_FLAGS, NUMBER, NULL),
	END,
};
static const struct attribute route_attributes[] = {
	ROW(RTA_DST, ADDRESS, NULL),
	ROW(RTA_SRC, ADDRESS, NULL),
	ROW(RTA_GATEWAY, ADDRESS, NULL),
	ROW(RTA_PREFSRC, ADDRESS, NULL),
	ROW(RTA_OIF, BYTES, NULL),
	ROW(RTA_PRIORITY, NUMBER, NULL),
	ROW(RTA_TABLE, NUMBER, NULL),
	END,
};

static const struct {
	unsigned int type;
	const char *name;
} types[] = {
	{NLMSG_NOOP, "NLMSG_NOOP"},
	{NLMSG_ERROR, "NLMSG_ERROR"},
	{NLMSG_DONE, "NLMSG_DONE"},
	{RTM_NEWLINK, "RTM_NEWLINK"},
	{RTM_DELLINK, "RTM_DELLINK"},
	{RTM_GETLINK, "RTM_GETLINK"},
	{RTM_SETLINK, "RTM_SETLINK"},
	{RTM_NEWADDR, "RTM_NEWADDR"},
	{RTM_DELADDR, "RTM_DELADDR"},
	{RTM_GETADDR, "RTM_GETADDR"},
	{RTM_NEWROUTE, "RTM_NEWROUTE"},
	{RTM_DELROUTE, "RTM_DELROUTE"},
	{RTM_GETROUTE, "RTM_GETROUTE"},
};

static const struct {
	unsigned int flag;
	const char *name;
} create_flags[] = {{NLM_F_CREATE, " create"}, {NLM_F_EXCL, " excl"}, {NLM_F_REPLACE, " replace"},
	{NLM_F_APPEND, " append"}};

struct words {
	FILE *out;
	int child;
	int family;
};

static void attributes(struct words *w, const char *data, size_t n, const struct attribute *known);

const char *netlink_type(unsigned int type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "NLMSG_?";
}

static void link_head(struct words *w, const char *data)
{
	struct ifinfomsg link;

	memcpy(&link, data, sizeof(link));
	/* The kernel gives the numbers of interfaces; another run has others. */
	if (link.ifi_index)
		fprintf(w->out, "ifi_index=N ");
	if (link.ifi_change)
		fprintf(w->out, "ifi_flags=%#x ifi_change=%#x ", link.ifi_flags, link.ifi_change);
}

static void address_head(struct words *w, const char *data)
{
	struct ifaddrmsg address;

	memcpy(&address, data, sizeof(address));
	w->family = address.ifa_family;
	fprintf(w->out, "ifa_prefixlen=%d ifa_scope=%d %s", address.ifa_prefixlen,
		address.ifa_scope, address.ifa_index ? "ifa_index=N " : "");
}

static void route_head(struct words *w, const char *data)
{
	struct rtmsg route;

	memcpy(&route, data, sizeof(route));
	w->family = route.rtm_family;
	fprintf(w->out,
		"rtm_dst_len=%d rtm_table=%d rtm_protocol=%d rtm_scope=%d rtm_type=%d "
		"rtm_flags=%#x ",
		route.rtm_dst_len, route.rtm_table, route.rtm_protocol, route.rtm_scope,
		route.rtm_type, route.rtm_flags);
}

/* By the kind of object, which is type / 4: link, address, route. */
static const struct kind {
	unsigned int first;
	size_t head;
	void (*tell)(struct words *w, const char *data);
	const struct attribute *known;
} kinds[] = {
	{RTM_NEWLINK, sizeof(struct ifinfomsg), link_head, link_attributes},
	{RTM_NEWADDR, sizeof(struct ifaddrmsg), address_head, address_attributes},
	{RTM_NEWROUTE, sizeof(struct rtmsg), route_head, route_attributes},
};

static void value_bytes(struct words *w, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(w->out, "%02x", (unsigned char)data[i]);
}

static void value(struct words *w, const struct attribute *a, const char *data, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	unsigned int number = 0;
	char *name;

	if (n == sizeof(number))
		memcpy(&number, data, sizeof(number));
	switch (a->form) {
	case NAME:
		name = text_printable(data, strnlen(data, n));
		fprintf(w->out, "\"%s\"", name);
		free(name);
		return;
	case PROCESS:
		fprintf(w->out, (int)number == w->child ? "CHILD" : "%u", number);
		return;
	case NUMBER:
		if (n == sizeof(number)) {
			fprintf(w->out, "%u", number);
			return;
		}
		break;
	case ADDRESS:
		if ((n == 4 || n == 16) &&
			inet_ntop(n == 4 ? AF_INET : AF_INET6, data, text, sizeof(text))) {
			fputs(text, w->out);
			return;
		}
		break;
	case RANDOM: /* drawn for each container */
		fputs("MAC", w->out);
		return;
	case NEST:
		attributes(w, data, n, a->inside);
		return;
	case MESSAGE: /* VETH_INFO_PEER: a whole link, with its head */
		if (n < sizeof(struct ifinfomsg))
			break;
		attributes(w, data + sizeof(struct ifinfomsg), n - sizeof(struct ifinfomsg),
			a->inside);
		return;
	case BYTES:
		break;
	}
	value_bytes(w, data, n);
}

static void attributes(struct words *w, const char *data, size_t n, const struct attribute *known)
{
	const char *between = "";

	fputc('{', w->out);
	while (n >= sizeof(struct rtattr)) {
		const struct attribute *a = known;
		struct rtattr head;
		size_t whole;

		memcpy(&head, data, sizeof(head));
		if (head.rta_len < sizeof(head) || head.rta_len > n)
			break;
		while (a->name && a->type != (head.rta_type & NLA_TYPE_MASK))
			a++;
		fputs(between, w->out);
		between = ", ";
		if (a->name)
			fprintf(w->out, "%s ", a->name);
		else
			fprintf(w->out, "attribute %d ", head.rta_type & NLA_TYPE_MASK);
		if (a->name && !strcmp(a->name, "RTA_OIF"))
			fputc('N', w->out);
		else
			value(w, a, data + sizeof(head), head.rta_len - sizeof(head));
		whole = RTA_ALIGN(head.rta_len);
		if (whole > n)
			whole = n;
		data += whole;
		n -= whole;
	}
	fputc('}', w->out);
}

static void message(struct words *w, const struct nlmsghdr *head, const char *body, size_t n)
{
	const struct kind *kind = NULL;
	bool creates = (head->nlmsg_type & 3) == 0; /* RTM_NEW*: its flags say how */

	fputs(netlink_type(head->nlmsg_type), w->out);
	for (size_t i = 0; creates && i < sizeof(create_flags) / sizeof(create_flags[0]); i++)
		if (head->nlmsg_flags & create_flags[i].flag)
			fputs(create_flags[i].name, w->out);
	fputc(' ', w->out);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (head->nlmsg_type / 4 == kinds[i].first / 4)
			kind = &kinds[i];
	if (!kind || n < kind->head) {
		value_bytes(w, body, n);
		return;
	}
	kind->tell(w, body);
	attributes(w, body + NLMSG_ALIGN(kind->head) * (n >= NLMSG_ALIGN(kind->head)),
		n - NLMSG_ALIGN(kind->head) * (n >= NLMSG_ALIGN(kind->head)), kind->known);
}

char *netlink_text(const char *data, size_t n, int child)
{
	char *text = NULL;
	size_t size;
	struct words w = {.out = text_stream(&text, &size), .child = child};
	const char *between = "";

	while (n >= NLMSG_HDRLEN) {
		struct nlmsghdr head;
		size_t whole;

		memcpy(&head, data, sizeof(head));
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > n)
			break;
		fputs(between, w.out);
		between = "; ";
		message(&w, &head, data + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
		whole = NLMSG_ALIGN(head.nlmsg_len);
		if (whole > n)
			whole = n;
		data += whole;
		n -= whole;
	}
	if (!*between)
		fputs("no netlink message", w.out);
	fclose(w.out);
	return text;
}
