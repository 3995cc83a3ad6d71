/*
 * network.h: stage "network" (both): the loopback link and the veth pair of the container.
 * C uses libnl-3 and libnl-route-3; go/network.go speaks rtnetlink(7) itself.
 */
#ifndef TWINBOX_NETWORK_H
#define TWINBOX_NETWORK_H

#include "container.h"

#define NETWORK_ADDRESS_TEXT 18 /* "02:00:5e:10:00:01" and its NUL */

#define NETWORK_ANY "any" /* an address that every link has, for network_has() */

/* A hardware address as a text. */
void network_address_text(const uint8_t address[6], char text[NETWORK_ADDRESS_TEXT]);

/*
 * 1 where the host has a link called name with that hardware address, or with any for NETWORK_ANY;
 * 0 where it has not; -1 with e where that could not be learned.
 */
int network_has(const char *name, const char *address, struct error *e);

/*
 * Parent: makes the veth pair, its peer born in the network namespace of c->pid under its final
 * name, sets MTU and the host end's hardware address, gives the host's end its address and brings
 * it up. Sets c->link_made and c->link_index. Does nothing without spec veth. An existing link of
 * that name is an error (EEXIST).
 */
int network_create(struct container *c, struct error *e);

/*
 * Child, inside its network namespace: lo up (in every new network namespace); with veth also the
 * container's address, link up, default route by the gateway.
 */
int network_configure(struct container *c, struct error *e);

/*
 * Removes the link of that index or, where it is 0, the one called name, and so its peer. A link
 * that is gone already is no error.
 */
int network_remove(const char *name, int index, struct error *e);

#endif
