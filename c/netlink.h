/*
 * netlink.h: a socket to the kernel's network configuration (rtnetlink(7)).
 *
 * Used by network.c only. libnl-3 writes the requests; they are sent and answered here, where the
 * kernel's errno is kept and the sentence that may come with it, and a request is two system calls.
 * go/netlink.go, with no library below it, also writes the messages themselves.
 */
#ifndef TWINBOX_NETLINK_H
#define TWINBOX_NETLINK_H

#include "error.h"

#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <stdint.h>

struct netlink {
	int fd;
	uint32_t sequence; /* of the last request */
	char text[200];	   /* the kernel's own words to it (NLMSGERR_ATTR_MSG); may be empty */
};

/* Opens nl in the network namespace of the calling thread. The caller closes it. */
int netlink_open(struct netlink *nl, struct error *e);
void netlink_close(struct netlink *nl);

/*
 * Sends the request, which it frees, and waits until the kernel has done it: 0, or -1 with errno.
 * built is what libnl returned for it: a negative number and it is none. link (NULL: not wanted)
 * gets the link of the answer.
 */
int netlink_request(struct netlink *nl, int built, struct nl_msg *request, struct ifinfomsg *link);

/* error_sys() with the kernel's own words as the hint, where it gave some. Always -1. */
int netlink_refused(struct netlink *nl, struct error *e, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
