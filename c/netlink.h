/*
 * netlink.h: a socket to the kernel's network configuration (rtnetlink(7)), on top of libnl-3.
 *
 * Used by network.c only. It adds to libnl what libnl's own error numbers lose: the kernel's errno
 * and the sentence that may come with it. go/netlink.go, with no library below it, also writes and
 * reads the messages themselves.
 */
#ifndef TWINBOX_NETLINK_H
#define TWINBOX_NETLINK_H

#include "error.h"

#include <netlink/socket.h>

struct netlink {
	struct nl_sock *sk;
	int errnum;	/* what the kernel answered to the last request; 0 where it did not */
	char text[200]; /* its own words to that (NLMSGERR_ATTR_MSG); may be empty */
};

/* Opens nl in the network namespace of the calling thread. The caller closes it. */
int netlink_open(struct netlink *nl, struct error *e);
void netlink_close(struct netlink *nl);

/* Turns what a call of libnl returned (0, or a number, or -NLE_*) into 0, or -1 with errno. */
int netlink_result(struct netlink *nl, int code);

/* error_sys() with the kernel's own words as the hint, where it gave some. Always -1. */
int netlink_refused(struct netlink *nl, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
