/*
 * observe_veth.c: group "veth": links, addresses and routes, by rtnetlink(7), at both ends.
 *
 * Index numbers differ from run to run, so they are read as a relation: does each end name the
 * other one's number? veth(4).
 */
#include "links.h"
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTLE_MS 2000

/* The name of a row's link: its argument's first word is "host", "container" or "lo". */
static const char *link_of(const struct subject *s, const struct row *row)
{
	return !strncmp(row->argument, "host", 4)	 ? s->plan->host_link
	       : !strncmp(row->argument, "container", 9) ? s->plan->peer_link
							 : "lo";
}

/* The second word of a row's argument: what to read. */
static const char *part_of(const struct row *row)
{
	const char *blank = strchr(row->argument, ' ');

	return blank ? blank + 1 : "";
}

static bool get_link(
	const struct subject *s, const struct row *row, struct link_info *l, struct values *out)
{
	if (!link_of(s, row)) {
		values_skip(out, row->id, "the spec asks for no veth");
		return false;
	}
	if (!link_read(link_of(s, row), l))
		return true;
	row_failed(row, out, errno, link_of(s, row));
	return false;
}

/*
 * The kernel tells operstate and IPv6's own address a moment after "up" (link watch works at most
 * once a second), so this one is read until it is as it will stay.
 */
static void read_operstate(const struct subject *s, const struct row *row, struct values *out)
{
	int64_t deadline = deadline_in(SETTLE_MS);
	struct link_info l;

	while (get_link(s, row, &l, out)) {
		values_set(out, row->id, "%s", l.operstate);
		if (!(l.flag_bits & IFF_UP) || l.flag_bits & IFF_LOOPBACK ||
			!strcmp(l.operstate, "up") || deadline_in(0) >= deadline ||
			wait_window(5) < 0)
			return;
	}
}

/* Locally administered and for one receiver: what the kernel makes up (random, so no two alike). */
static const char *address_kind(const char *address)
{
	unsigned int first = (unsigned int)strtoul(address, NULL, 16);

	return !strcmp(address, "00:00:00:00:00:00") ? "zero"
	       : first & 1			     ? "multicast"
	       : first & 2			     ? "made up on this machine"
						     : "from a vendor";
}

static void read_link_part(const struct subject *s, const struct row *row, struct values *out)
{
	const char *part = part_of(row);
	struct link_info l;

	if (!get_link(s, row, &l, out))
		return;
	if (!strcmp(part, "kind"))
		values_set(out, row->id, "%s", l.kind[0] ? l.kind : "no kind");
	else if (!strcmp(part, "flags"))
		values_set(out, row->id, "%s", l.flags);
	else if (!strcmp(part, "qdisc"))
		values_set(out, row->id, "%s", l.qdisc);
	else if (!strcmp(part, "address"))
		values_set(out, row->id, "%s", address_kind(l.address));
	else
		values_set(out, row->id, "%s", l.has_peer_namespace ? "another" : "the same");
}

static void read_link_number(const struct subject *s, const struct row *row, struct values *out)
{
	struct link_info l;

	if (!get_link(s, row, &l, out))
		return;
	const struct {
		const char *part;
		int value;
	} numbers[] = {
		{"mtu", l.mtu},
		{"queue", l.queue},
		{"group", l.group},
		{"carrier", l.carrier},
		{"promiscuity", l.promiscuity},
		{"tx", l.tx_queues},
		{"rx", l.rx_queues},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(numbers[i].part, part_of(row)))
			values_set(out, row->id, "%d", numbers[i].value);
}

/* Each end's iflink is the other end's ifindex. */
static void read_peer(const struct subject *s, const struct row *row, struct values *out)
{
	struct link_info l;
	bool named;

	if (!get_link(s, row, &l, out))
		return;
	named = !strcmp(part_of(row), "names host") ? l.peer == s->host_index
						    : l.index == s->host_peer;
	values_set(out, row->id, "%s", s->host_index && named ? "its peer" : "something else");
}

static void set_list(const struct row *row, char *list, const char *what, struct values *out)
{
	if (list)
		values_set(out, row->id, "%s", list[0] ? list : "none");
	else
		row_failed(row, out, errno, what);
	free(list);
}

static void read_addresses(const struct subject *s, const struct row *row, struct values *out)
{
	struct link_info l;

	if (get_link(s, row, &l, out))
		set_list(row, link_addresses(l.index, AF_INET, part_of(row)), "addresses", out);
}

/* The addresses that IPv6 gives itself come from the random hardware address: only their number. */
static void read_ipv6(const struct subject *s, const struct row *row, struct values *out)
{
	int64_t deadline = deadline_in(SETTLE_MS);
	struct link_info l;
	char *list, *scope;
	int n;

	while (get_link(s, row, &l, out)) {
		list = link_addresses(l.index, AF_INET6, "address");
		scope = link_addresses(l.index, AF_INET6, "scope");
		n = list && list[0] ? 1 : 0;
		for (const char *c = list; c && *c; c++)
			n += *c == ';';
		if (list && scope)
			values_set(out, row->id, "%d%s%s", n, n ? " of scope " : "", scope);
		else
			row_failed(row, out, errno, "addresses");
		free(list);
		free(scope);
		if (n || !(l.flag_bits & IFF_UP) || access("/proc/sys/net/ipv6", F_OK) ||
			deadline_in(0) >= deadline || wait_window(5) < 0)
			return;
	}
}

static void read_routes(const struct subject *s, const struct row *row, struct values *out)
{
	int table = !strcmp(part_of(row), "local") ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	struct link_info l = {0};

	if (strncmp(row->argument, "host", 4) != 0 || get_link(s, row, &l, out))
		set_list(row, link_routes(table, l.index, AF_INET), "routes", out);
}

static void read_names(const struct subject *s, const struct row *row, struct values *out)
{
	size_t n;
	char *names = link_names(&n);

	(void)s;
	if (names && !strcmp(row->argument, "count")) {
		values_set(out, row->id, "%zu", n);
		free(names);
	} else {
		set_list(row, names, "links", out);
	}
}

static void read_neighbours(const struct subject *s, const struct row *row, struct values *out)
{
	int n = link_neighbours(AF_INET);

	(void)s;
	if (n < 0)
		row_failed(row, out, errno, "neighbours");
	else
		values_set(out, row->id, "%d", n);
}

/* /proc/sys/net is the one of the process that reads it. */
static void read_setting(const struct subject *s, const struct row *row, struct values *out)
{
	(void)s;
	row_file(AT_FDCWD, row->argument, row, out);
}

/* Sockets that are open in the namespace: lines below the heading. */
static void read_sockets(const struct subject *s, const struct row *row, struct values *out)
{
	char *text = read_whole(AT_FDCWD, row->argument, NULL);
	int lines = -1;

	(void)s;
	for (const char *c = text; c && *c; c++)
		lines += *c == '\n';
	if (text)
		values_set(out, row->id, "%d", lines);
	else
		row_failed(row, out, errno, row->argument);
	free(text);
}

#define LINK(end, where, more)                                                                     \
	{"veth." end ".operstate", read_operstate, end, where, more},                              \
		{"veth." end ".kind", read_link_part, end " kind", where, more},                   \
		{"veth." end ".flags", read_link_part, end " flags", where, more},                 \
		{"veth." end ".qdisc", read_link_part, end " qdisc", where, more},                 \
		{"veth." end ".hardware_address", read_link_part, end " address", where, more},    \
		{"veth." end ".mtu", read_link_number, end " mtu", where, more},                   \
		{"veth." end ".carrier", read_link_number, end " carrier", where, more},           \
		{"veth." end ".queue_length", read_link_number, end " queue", where, more},        \
		{"veth." end ".tx_queues", read_link_number, end " tx", where, more},              \
		{"veth." end ".rx_queues", read_link_number, end " rx", where, more},              \
		{"veth." end ".group", read_link_number, end " group", where, more},               \
		{"veth." end ".promiscuity", read_link_number, end " promiscuity", where, more},   \
		{"veth." end ".address", read_addresses, end " address", where, more},             \
		{"veth." end ".address_scope", read_addresses, end " scope", where, more},         \
		{"veth." end ".broadcast", read_addresses, end " broadcast", where, more},         \
		{"veth." end ".address_label", read_addresses, end " label", where, more},         \
		{"veth." end ".address_flags", read_addresses, end " flags", where, more},         \
	{                                                                                          \
		"veth." end ".ipv6_addresses", read_ipv6, end, where, more                         \
	}
#define SETTING(name)                                                                              \
	{                                                                                          \
		"veth.setting." name, read_setting, "/proc/sys/net/" name, IN_NETWORK,             \
			ROW_OPTIONAL                                                               \
	}
#define SOCKETS(name)                                                                              \
	{                                                                                          \
		"veth.sockets." name, read_sockets, "/proc/self/net/" name, IN_NETWORK, 0          \
	}

static const struct row rows[] = {
	LINK("host", OUTSIDE, ROW_VETH),
	{"veth.host.peer_namespace", read_link_part, "host namespace", OUTSIDE, ROW_VETH},
	{"veth.host.routes", read_routes, "host main", OUTSIDE, ROW_VETH},
	LINK("container", IN_NETWORK, ROW_VETH),
	{"veth.container.peer_namespace", read_link_part, "container namespace", IN_NETWORK,
		ROW_VETH},
	{"veth.container.peer", read_peer, "container names host", IN_NETWORK, ROW_VETH},
	{"veth.host.peer", read_peer, "container named by host", IN_NETWORK, ROW_VETH},
	{"veth.container.routes", read_routes, "container main", IN_NETWORK, ROW_VETH},
	{"veth.container.local_routes", read_routes, "container local", IN_NETWORK, ROW_VETH},
	{"veth.container.links", read_names, "names", IN_NETWORK, ROW_VETH},
	{"veth.container.link_count", read_names, "count", IN_NETWORK, ROW_VETH},
	{"veth.container.neighbours", read_neighbours, "", IN_NETWORK, ROW_VETH},
	LINK("lo", IN_NETWORK, 0),
	SETTING("ipv4/ip_forward"),
	SETTING("ipv4/ip_default_ttl"),
	SETTING("ipv4/ip_local_port_range"),
	SETTING("ipv4/ip_unprivileged_port_start"),
	SETTING("ipv4/ping_group_range"),
	SETTING("ipv4/conf/all/rp_filter"),
	SETTING("ipv4/conf/all/forwarding"),
	SETTING("ipv4/tcp_congestion_control"),
	SETTING("ipv6/conf/all/disable_ipv6"),
	SETTING("ipv6/conf/all/forwarding"),
	SOCKETS("tcp"),
	SOCKETS("tcp6"),
	SOCKETS("udp"),
	SOCKETS("udp6"),
	SOCKETS("unix"),
};

const struct group observe_veth = {"veth", rows, sizeof(rows) / sizeof(rows[0])};
