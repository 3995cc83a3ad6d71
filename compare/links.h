/*
 * links.h: what rtnetlink(7) tells of links, addresses, routes and neighbours in the network
 * namespace of the calling process. libnl-3 does the talking.
 */
#ifndef TWINBOX_COMPARE_LINKS_H
#define TWINBOX_COMPARE_LINKS_H

#include <stdbool.h>
#include <stddef.h>

struct link_info {
	int index, peer; /* ifindex, and iflink: the other end's ifindex in its own namespace */
	char name[16], kind[16], qdisc[32], operstate[24], flags[128], address[32];
	unsigned int flag_bits;
	int mtu, queue, group, tx_queues, rx_queues;
	int carrier, promiscuity;
	bool has_peer_namespace; /* IFLA_LINK_NETNSID: the other end is in another namespace */
};

/* Fills l; -1 with errno (ENODEV: no such link). */
int link_read(const char *name, struct link_info *l);

/* Names of all links, sorted, joined by blanks; malloc'd or NULL with errno. */
char *link_names(size_t *count);

/* IPv4 addresses of a link: "ADDRESS/PREFIX scope S broadcast B label L FLAGS", "; " between. */
char *link_addresses(int index, int family, const char *part);

/* Routes of one table (RT_TABLE_MAIN, ...), sorted; only those by link index, or all with 0. */
char *link_routes(int table, int index, int family);

/* Number of neighbour entries of a family that are no permanent or multicast ones; -1: errno. */
int link_neighbours(int family);

#endif
