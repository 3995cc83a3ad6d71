/* links.c: see links.h. */
#include "links.h"

#include "values.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libnl has error numbers of its own; the few that matter here become errno. */
static int fail(int nl_error)
{
	errno = nl_error == -NLE_NODEV || nl_error == -NLE_OBJ_NOTFOUND ? ENODEV
		: nl_error == -NLE_NOMEM				? ENOMEM
		: nl_error == -NLE_PERM					? EPERM
									: EIO;
	return -1;
}

static struct nl_sock *connect_route(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	int failed = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (failed) {
		nl_socket_free(sock);
		fail(failed);
		return NULL;
	}
	return sock;
}

static void take_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void take_link(struct rtnl_link *link, struct link_info *l)
{
	struct nl_addr *address = rtnl_link_get_addr(link);

	memset(l, 0, sizeof(*l));
	l->index = rtnl_link_get_ifindex(link);
	l->peer = rtnl_link_get_link(link);
	l->flag_bits = rtnl_link_get_flags(link);
	l->mtu = (int)rtnl_link_get_mtu(link);
	l->queue = (int)rtnl_link_get_txqlen(link);
	l->group = (int)rtnl_link_get_group(link);
	l->tx_queues = (int)rtnl_link_get_num_tx_queues(link);
	l->rx_queues = (int)rtnl_link_get_num_rx_queues(link);
	l->carrier = rtnl_link_get_carrier(link);
	l->promiscuity = (int)rtnl_link_get_promiscuity(link);
	l->has_peer_namespace = rtnl_link_get_link_netnsid(link, &(int){0}) == 0;
	take_text(l->name, sizeof(l->name), rtnl_link_get_name(link));
	take_text(l->kind, sizeof(l->kind), rtnl_link_get_type(link));
	take_text(l->qdisc, sizeof(l->qdisc), rtnl_link_get_qdisc(link));
	rtnl_link_operstate2str(rtnl_link_get_operstate(link), l->operstate, sizeof(l->operstate));
	rtnl_link_flags2str((int)l->flag_bits, l->flags, sizeof(l->flags));
	if (address)
		nl_addr2str(address, l->address, sizeof(l->address));
}

int link_read(const char *name, struct link_info *l)
{
	struct nl_sock *sock = connect_route();
	struct rtnl_link *link = NULL;
	int failed;

	if (!sock)
		return -1;
	failed = rtnl_link_get_kernel(sock, 0, name, &link);
	if (!failed) {
		take_link(link, l);
		rtnl_link_put(link);
	}
	nl_socket_free(sock);
	return failed ? fail(failed) : 0;
}

/* A growing list of lines that is sorted and joined at its end. */
struct lines {
	char **v;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_line(struct lines *l, const char *text)
{
	char **more = realloc(l->v, (l->n + 1) * sizeof(*more));

	if (!more)
		abort();
	l->v = more;
	l->v[l->n++] = strdup(text);
}

static char *join_lines(struct lines *l, const char *between)
{
	char *text = NULL;
	size_t size;
	FILE *f = text_stream(&text, &size);

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_text);
	for (size_t i = 0; i < l->n; i++) {
		fprintf(f, "%s%s", i ? between : "", l->v[i]);
		free(l->v[i]);
	}
	fclose(f);
	free(l->v);
	return text;
}

/* Calls add for each object of a dump; NULL with errno where the kernel refused. */
static char *dump(int (*fill)(struct nl_sock *sock, int family, struct nl_cache **cache),
	int family, void (*add)(struct nl_object *o, void *lines), void *lines)
{
	struct nl_sock *sock = connect_route();
	struct nl_cache *cache;
	int failed;

	if (!sock)
		return NULL;
	failed = fill(sock, family, &cache);
	nl_socket_free(sock);
	if (failed) {
		fail(failed);
		return NULL;
	}
	nl_cache_foreach(cache, add, lines);
	nl_cache_free(cache);
	return (char *)lines;
}

static int fill_links(struct nl_sock *sock, int family, struct nl_cache **cache)
{
	(void)family;
	return rtnl_link_alloc_cache(sock, AF_UNSPEC, cache);
}

static void add_name(struct nl_object *o, void *lines)
{
	add_line(lines, rtnl_link_get_name((struct rtnl_link *)o));
}

char *link_names(size_t *count)
{
	struct lines l = {0};

	if (!dump(fill_links, 0, add_name, &l))
		return NULL;
	*count = l.n;
	return join_lines(&l, " ");
}

struct address_lines {
	struct lines lines; /* first, so that it can be given as lines */
	int index, family;
	const char *part;
};

static int fill_addresses(struct nl_sock *sock, int family, struct nl_cache **cache)
{
	(void)family;
	return rtnl_addr_alloc_cache(sock, cache);
}

static void add_address(struct nl_object *o, void *arg)
{
	struct rtnl_addr *a = (struct rtnl_addr *)o;
	struct address_lines *l = arg;
	char text[128] = "";

	if (rtnl_addr_get_ifindex(a) != l->index || rtnl_addr_get_family(a) != l->family)
		return;
	if (!strcmp(l->part, "scope")) {
		rtnl_scope2str(rtnl_addr_get_scope(a), text, sizeof(text));
	} else if (!strcmp(l->part, "broadcast")) {
		if (rtnl_addr_get_broadcast(a))
			nl_addr2str(rtnl_addr_get_broadcast(a), text, sizeof(text));
	} else if (!strcmp(l->part, "label")) {
		take_text(text, sizeof(text), rtnl_addr_get_label(a));
	} else if (!strcmp(l->part, "flags")) {
		rtnl_addr_flags2str((int)rtnl_addr_get_flags(a), text, sizeof(text));
	} else {
		nl_addr2str(rtnl_addr_get_local(a), text, sizeof(text));
	}
	add_line(&l->lines, text);
}

char *link_addresses(int index, int family, const char *part)
{
	struct address_lines l = {.index = index, .family = family, .part = part};

	if (!dump(fill_addresses, family, add_address, &l))
		return NULL;
	return join_lines(&l.lines, "; ");
}

struct route_lines {
	struct lines lines;
	int table, index;
};

static int fill_routes(struct nl_sock *sock, int family, struct nl_cache **cache)
{
	return rtnl_route_alloc_cache(sock, family, 0, cache);
}

static void print_hop(struct rtnl_nexthop *hop, FILE *f)
{
	struct nl_addr *gateway = rtnl_route_nh_get_gateway(hop);
	char text[64], name[IF_NAMESIZE] = "?";

	if (gateway)
		fprintf(f, " via %s", nl_addr2str(gateway, text, sizeof(text)));
	if_indextoname((unsigned int)rtnl_route_nh_get_ifindex(hop), name);
	fprintf(f, " dev %s", name);
}

static void add_route(struct nl_object *o, void *arg)
{
	struct rtnl_route *r = (struct rtnl_route *)o;
	struct route_lines *l = arg;
	struct rtnl_nexthop *hop = rtnl_route_get_nnexthops(r) ? rtnl_route_nexthop_n(r, 0) : NULL;
	char text[64], *line = NULL;
	size_t size;
	FILE *f;

	if ((int)rtnl_route_get_table(r) != l->table ||
		(l->index && (!hop || rtnl_route_nh_get_ifindex(hop) != l->index)))
		return;
	f = text_stream(&line, &size);
	fputs(nl_rtntype2str(rtnl_route_get_type(r), text, sizeof(text)), f);
	fprintf(f, " %s",
		nl_addr_get_len(rtnl_route_get_dst(r))
			? nl_addr2str(rtnl_route_get_dst(r), text, sizeof(text))
			: "default");
	if (hop)
		print_hop(hop, f);
	fprintf(f, " proto %s",
		rtnl_route_proto2str(rtnl_route_get_protocol(r), text, sizeof(text)));
	fprintf(f, " scope %s", rtnl_scope2str(rtnl_route_get_scope(r), text, sizeof(text)));
	if (rtnl_route_get_pref_src(r))
		fprintf(f, " src %s", nl_addr2str(rtnl_route_get_pref_src(r), text, sizeof(text)));
	if (rtnl_route_get_priority(r))
		fprintf(f, " metric %u", rtnl_route_get_priority(r));
	fclose(f);
	add_line(&l->lines, line);
	free(line);
}

char *link_routes(int table, int index, int family)
{
	struct route_lines l = {.table = table, .index = index};

	if (!dump(fill_routes, family, add_route, &l))
		return NULL;
	return join_lines(&l.lines, "; ");
}

static int fill_neighbours(struct nl_sock *sock, int family, struct nl_cache **cache)
{
	(void)family;
	return rtnl_neigh_alloc_cache(sock, cache);
}

static void add_neighbour(struct nl_object *o, void *arg)
{
	struct rtnl_neigh *n = (struct rtnl_neigh *)o;
	int *count = arg; /* family first, then the number */

	if (rtnl_neigh_get_family(n) == count[0] &&
		!(rtnl_neigh_get_state(n) & (NUD_NOARP | NUD_PERMANENT)))
		count[1]++;
}

int link_neighbours(int family)
{
	int count[2] = {family, 0};

	return dump(fill_neighbours, family, add_neighbour, count) ? count[1] : -1;
}
