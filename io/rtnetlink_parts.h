/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the parts of rtnetlink: following (rtnetlink.c), reading messages, making requests. */
#pragma once

#include "base/fib.h"
#include "io/netlink.h"
#include "io/rtnetlink.h"

/* How often a dump is run that the kernel changed under our hands (-EINTR). */
#define DUMP_ATTEMPTS 16

struct rtnetlink {
	struct netlink *requests;
	struct fib *fib;
	rtnetlink_changed_fn changed;
	void *userdata;

	sd_event *event;
	struct mnl_socket *follow;
	sd_event_source *readable;
	sd_event_source *timer;
	unsigned int stale; /* enum fib_table: to be read anew, at once or by the timer */
	uint64_t next_us;   /* CLOCK_MONOTONIC: not before this */
	bool news;	    /* the fib changed and nobody was told */
	_Alignas(struct nlmsghdr) char buffer[65536];
};

/*
 * Takes a message about a link, a neighbour or a route (added to what the table has of its key, for
 * a table being read anew) into the fib. 1: changed, 0: not, or not about what the gateway needs;
 * negative errno.
 */
int rtnetlink_take(struct fib *fib, const struct nlmsghdr *message);

/* Reads the chosen tables (enum fib_table) into `fib`, which has them empty. */
int rtnetlink_dump(struct netlink *requests, struct fib *fib, unsigned int tables);
