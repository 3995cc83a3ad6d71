/*
 * network.c: stage "network": the loopback link and the veth pair (veth(4), rtnetlink(7)).
 *
 * The parent makes the pair while the child waits, then the child finishes its own end from inside.
 * The requests, one answer each, the same and in the same order as in go/network.go:
 *
 *   parent  RTM_NEWLINK   IFLA_ADDRESS, IFLA_MTU, IFLA_IFNAME, IFLA_LINKINFO { "veth",
 *                         VETH_INFO_PEER { IFLA_MTU, IFLA_IFNAME, IFLA_NET_NS_PID } }
 *                                                                  (create, must not exist)
 *           RTM_GETLINK   IFLA_IFNAME, IFLA_EXT_MASK               (which index did it get?)
 *           RTM_NEWADDR   IFA_LOCAL, IFA_ADDRESS                   (create, must not exist)
 *           RTM_NEWLINK   IFF_UP
 *   child   RTM_NEWLINK   IFF_UP of lo
 *           RTM_GETLINK, RTM_NEWADDR, RTM_NEWLINK  the same for the container's end
 *           RTM_NEWROUTE  RTA_TABLE, RTA_GATEWAY, RTA_OIF          (create, must not exist)
 *   later   RTM_DELLINK   or, where the index is not known, IFLA_IFNAME (both ends go)
 *
 * Nothing waits for the carrier: it comes by itself when the second end is up.
 */
#include "network.h"

#include "events.h"
#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The loopback link is the first of every network namespace (drivers/net/loopback.c). */
#define LOOPBACK_INDEX 1

#define ADDRESS_TEXT 24 /* "255.255.255.255/32" and its NUL */

void network_address_text(const uint8_t a[6], char text[NETWORK_ADDRESS_TEXT])
{
	snprintf(text, NETWORK_ADDRESS_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2],
		a[3], a[4], a[5]);
}

int network_has(const char *name, const char *address, struct error *e)
{
	struct ifreq request = {0};
	char text[NETWORK_ADDRESS_TEXT];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* any will do: netdevice(7) */
	int found = 1;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		found = errno == ENODEV ? 0 : error_sys(e, "looking for link %s", name);
	if (fd >= 0)
		close(fd);
	network_address_text((uint8_t *)request.ifr_hwaddr.sa_data, text);
	return found > 0 && strcmp(address, NETWORK_ANY) != 0 ? strcmp(text, address) == 0 : found;
}

static const char *address_text(const struct spec_address *a, char text[ADDRESS_TEXT])
{
	snprintf(text, ADDRESS_TEXT, "%u.%u.%u.%u/%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3],
		a->prefix);
	return text;
}

static const char *gateway_text(const struct spec_address *a, char text[ADDRESS_TEXT])
{
	snprintf(text, ADDRESS_TEXT, "%u.%u.%u.%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3]);
	return text;
}

/* The hardware address that the state file has promised for the host's end. */
static int set_link_address(struct rtnl_link *host, const struct container *c)
{
	static const uint8_t any[sizeof(c->link_address)];
	struct nl_addr *address;

	if (memcmp(c->link_address, any, sizeof(any)) == 0)
		return 0;
	address = nl_addr_build(AF_LLC, c->link_address, sizeof(c->link_address));
	if (!address)
		return -NLE_NOMEM;
	rtnl_link_set_addr(host, address);
	nl_addr_put(address);
	return 0;
}

/*
 * RTM_NEWLINK: the pair. The peer is born in the namespace of c->pid under its final name, so that
 * it is never seen on the host and needs no move and no renaming. The namespace is named by the
 * pid and not by a descriptor: c->pid is our own child and not reaped, so the number is nobody
 * else's, and nothing has to be opened.
 */
static int veth_add(struct netlink *nl, const struct container *c)
{
	const struct spec *s = c->spec;
	struct rtnl_link *host = rtnl_link_veth_alloc();
	struct rtnl_link *peer = host ? rtnl_link_veth_get_peer(host) : NULL;
	struct nl_msg *request = NULL;
	int code = -NLE_NOMEM;

	if (peer)
		code = set_link_address(host, c);
	if (!code) {
		rtnl_link_set_name(host, s->veth.host.name);
		rtnl_link_set_mtu(host, s->veth.mtu);
		rtnl_link_set_name(peer, s->veth.container.name);
		rtnl_link_set_mtu(peer, s->veth.mtu);
		rtnl_link_set_ns_pid(peer, c->pid);
		code = rtnl_link_build_add_request(host, NLM_F_CREATE | NLM_F_EXCL, &request);
	}
	rtnl_link_put(peer);
	rtnl_link_put(host);
	return netlink_request(nl, code, request, NULL);
}

/* RTM_GETLINK: the index of the link called name. */
static int link_index(struct netlink *nl, const char *name, int *index)
{
	struct ifinfomsg link = {0};
	struct nl_msg *request = NULL;
	int code = rtnl_link_build_get_request(0, name, &request);

	if (netlink_request(nl, code, request, &link) < 0)
		return -1;
	*index = link.ifi_index;
	return 0;
}

/*
 * RTM_NEWLINK: up, and no other flag touched. Built by hand because rtnl_link_change() of libnl
 * 3.7 leaves ifi_change empty, which the kernel takes for "all flags".
 */
static int link_up(struct netlink *nl, int index)
{
	struct ifinfomsg info = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct nl_msg *request = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	int code = request ? nlmsg_append(request, &info, sizeof(info), NLMSG_ALIGNTO) : -NLE_NOMEM;

	return netlink_request(nl, code, request, NULL);
}

/* RTM_DELLINK by index, or by name where that is 0. */
static int link_remove(struct netlink *nl, const char *name, int index)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *request = NULL;
	int code = -NLE_NOMEM;

	if (link) {
		if (index)
			rtnl_link_set_ifindex(link, index);
		else
			rtnl_link_set_name(link, name);
		code = rtnl_link_build_delete_request(link, &request);
	}
	rtnl_link_put(link);
	return netlink_request(nl, code, request, NULL);
}

/* RTM_NEWADDR: the address and its subnet, without a broadcast address, as ip-address(8) does. */
static int address_add(struct netlink *nl, int index, const struct spec_address *a)
{
	struct nl_addr *local = nl_addr_build(AF_INET, a->ip, sizeof(a->ip));
	struct rtnl_addr *address = rtnl_addr_alloc();
	struct nl_msg *request = NULL;
	int code = -NLE_NOMEM;

	if (local && address) {
		nl_addr_set_prefixlen(local, a->prefix);
		rtnl_addr_set_ifindex(address, index);
		rtnl_addr_set_scope(address, RT_SCOPE_UNIVERSE);
		code = rtnl_addr_set_local(address, local);
	}
	if (!code)
		code = rtnl_addr_build_add_request(address, NLM_F_CREATE | NLM_F_EXCL, &request);
	rtnl_addr_put(address);
	nl_addr_put(local);
	return netlink_request(nl, code, request, NULL);
}

/* RTM_NEWROUTE: everything without a route of its own goes to the gateway. */
static int route_add_default(struct netlink *nl, int index, const struct spec_address *gateway)
{
	struct nl_addr *anywhere = nl_addr_build(AF_INET, NULL, 0);
	struct nl_addr *via = nl_addr_build(AF_INET, gateway->ip, sizeof(gateway->ip));
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_msg *request = NULL;
	int code = -NLE_NOMEM;

	if (anywhere && via && hop && route) {
		rtnl_route_nh_set_ifindex(hop, index);
		rtnl_route_nh_set_gateway(hop, via);
		rtnl_route_set_family(route, AF_INET);
		rtnl_route_add_nexthop(route, hop);
		hop = NULL; /* the route's now */
		code = rtnl_route_set_dst(route, anywhere);
	}
	if (!code)
		code = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &request);
	rtnl_route_put(route);
	if (hop)
		rtnl_route_nh_free(hop);
	nl_addr_put(via);
	nl_addr_put(anywhere);
	return netlink_request(nl, code, request, NULL);
}

/* One end of the pair, seen from inside its own namespace: address, up, default route. */
static int end_configure(struct container *c, struct netlink *nl, const struct spec_veth_end *end,
	int *made, struct error *e)
{
	char text[ADDRESS_TEXT];
	int index = 0;

	events_call(c, "RTM_GETLINK %s", end->name);
	if (link_index(nl, end->name, &index))
		return netlink_refused(nl, e, "asking for the index of %s", end->name);
	*made = index;

	if (end->address.given) {
		address_text(&end->address, text);
		events_call(c, "RTM_NEWADDR %s on %s", text, end->name);
		if (address_add(nl, index, &end->address))
			return netlink_refused(nl, e, "setting address %s on %s", text, end->name);
		events_fact(c, "address", "%s", text);
	}

	events_call(c, "RTM_NEWLINK %s up", end->name);
	if (link_up(nl, index))
		return netlink_refused(nl, e, "bringing %s up", end->name);

	if (end->gateway.given) {
		gateway_text(&end->gateway, text);
		events_call(c, "RTM_NEWROUTE default via %s", text);
		if (route_add_default(nl, index, &end->gateway))
			return netlink_refused(nl, e, "adding default route via %s", text);
		events_fact(c, "gateway", "%s", text);
	}
	return 0;
}

/* Says why there is no pair, and what to do about it. */
static int veth_refused(struct container *c, struct netlink *nl, struct error *e)
{
	const char *host = c->spec->veth.host.name;
	const char *peer = c->spec->veth.container.name;
	int index = 0;

	netlink_refused(nl, e, "creating veth %s", host);
	if (e->errnum == EPERM)
		return error_hint(e, "a veth pair needs root on the host");
	if (e->errnum != EEXIST)
		return -1;
	/* Which of the two names is taken? */
	if (link_index(nl, host, &index))
		return error_hint(
			e, "the container's network namespace has a link %s already", peer);
	return error_hint(e,
		"another container uses %s; `%s list` shows it, "
		"`%s gc` removes what a crash left",
		host, c->program, c->program);
}

int network_create(struct container *c, struct error *e)
{
	const struct spec *s = c->spec;
	struct netlink nl;
	int ret;

	if (!s->has_veth)
		return 0;
	if (netlink_open(&nl, e))
		return -1;

	events_call(c, "RTM_NEWLINK veth %s, peer %s in the namespace of pid %d", s->veth.host.name,
		s->veth.container.name, (int)c->pid);
	if (veth_add(&nl, c)) {
		ret = veth_refused(c, &nl, e);
		goto out;
	}
	c->link_made = true;
	events_fact(c, "host", "%s", s->veth.host.name);
	events_fact(c, "container", "%s", s->veth.container.name);

	ret = end_configure(c, &nl, &s->veth.host, &c->link_index, e);
	if (ret) {
		events_call(c, "RTM_DELLINK %s", s->veth.host.name);
		c->link_made = link_remove(&nl, s->veth.host.name, c->link_index) != 0;
	}
out:
	netlink_close(&nl);
	return ret;
}

int network_configure(struct container *c, struct error *e)
{
	const struct spec *s = c->spec;
	struct netlink nl;
	int ret = 0, index;

	if (!spec_makes(s, NS_NETWORK) && !s->has_veth)
		return 0;
	if (netlink_open(&nl, e))
		return -1;

	if (spec_makes(s, NS_NETWORK)) {
		events_call(c, "RTM_NEWLINK lo up");
		if (link_up(&nl, LOOPBACK_INDEX))
			ret = netlink_refused(&nl, e, "bringing lo up");
	}
	if (!ret && s->has_veth)
		ret = end_configure(c, &nl, &s->veth.container, &index, e);
	netlink_close(&nl);
	return ret;
}

int network_remove(const char *name, int index, struct error *e)
{
	struct netlink nl;
	int ret = 0;

	if (netlink_open(&nl, e))
		return -1;
	if (link_remove(&nl, name, index) && errno != ENODEV)
		ret = netlink_refused(&nl, e, "removing link %s", name);
	netlink_close(&nl);
	return ret;
}
