/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Following the kernel's tables: see rtnetlink.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include "base/log.h"
#include "io/rtnetlink_parts.h"
#include "io/sysctl.h"

#define ROUTES_GAP_US (50 * 1000)
#define RETRY_US (1000 * 1000)
#define ACCURACY_US 1000
#define FOLLOW_BYTES (4 << 20) /* notifications that may wait in the socket */
#define READS_MAX 256	       /* in one iteration of the loop, so that others get their turn */

/*
 * Reads tables anew beside the fib and moves them in when they are whole. A dump that the kernel
 * changed under our hands (-EINTR) is read again.
 */
static int relearn(struct rtnetlink *nl, unsigned int tables)
{
	int err = -EINTR;

	for (int attempt = 0; err == -EINTR && attempt < DUMP_ATTEMPTS; attempt++) {
		struct fib *anew = fib_new();

		if (!anew)
			return -ENOMEM;
		err = rtnetlink_dump(nl->requests, anew, tables);
		if (!err)
			nl->news |= fib_adopt(nl->fib, anew, tables);
		fib_free(anew);
	}
	return err;
}

static int set_timer(struct rtnetlink *nl)
{
	int err = sd_event_source_set_time(nl->timer, nl->next_us);

	return err < 0 ? err : sd_event_source_set_enabled(nl->timer, SD_EVENT_ONESHOT);
}

/* What is left to do when all that was waiting has been taken in: reading anew, telling of it. */
static int settle(struct rtnetlink *nl)
{
	uint64_t now_us;
	int err = 0;

	sd_event_now(nl->event, CLOCK_MONOTONIC, &now_us);
	if (nl->stale && now_us >= nl->next_us) {
		err = relearn(nl, nl->stale);
		if (err)
			log_warning("netlink: cannot read the kernel's tables: %s; trying again",
				    strerror(-err));
		else
			nl->stale = 0;
		nl->next_us = now_us + (err ? RETRY_US : ROUTES_GAP_US);
	}

	err = nl->stale ? set_timer(nl) : 0;
	if (nl->news) {
		nl->news = false;
		nl->changed(nl->userdata);
	}
	return err;
}

static void take_notification(struct rtnetlink *nl, const struct nlmsghdr *message)
{
	int err;

	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		nl->stale |= FIB_ROUTES;
		return;
	}

	err = rtnetlink_take(nl->fib, message);
	if (err < 0)
		nl->stale |= FIB_ALL;
	if (err <= 0)
		return;
	nl->news = true;
	if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK)
		nl->stale |= FIB_ROUTES;
}

/* 1: there may be more, 0: the socket is empty. */
static int read_some(struct rtnetlink *nl)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)nl->buffer;
	ssize_t got = mnl_socket_recvfrom(nl->follow, nl->buffer, sizeof(nl->buffer));
	int left = got;

	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0) { /* ENOBUFS: some were dropped; ENOSPC: one was too long */
		nl->stale |= FIB_ALL;
		nl->news = true; /* what came and went between two readings has left no other trace */
		return errno == ENOBUFS || errno == ENOSPC ? 1 : -errno;
	}
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		take_notification(nl, message);
	return 1;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct rtnetlink *nl = userdata;
	int more = 1;

	for (int i = 0; more > 0 && i < READS_MAX; i++)
		more = read_some(nl);
	if (more < 0)
		log_warning("netlink: cannot read notifications: %s", strerror(-more));
	return settle(nl);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	return settle(userdata);
}

static int open_follow(struct rtnetlink *nl)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV6_ROUTE,
				     RTNLGRP_NEXTHOP};
	int bytes = FOLLOW_BYTES, fd;

	nl->follow = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl->follow || mnl_socket_bind(nl->follow, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(nl->follow);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(nl->follow, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

static void warn_of_hidden_hops(void)
{
	char value[8];

	if (!sysctl_read("net/ipv4/nexthop_compat_mode", value, sizeof(value)) &&
	    strcmp(value, "0") == 0)
		log_warning("net.ipv4.nexthop_compat_mode is 0: routes over nexthop objects count "
			    "as unreachable; set it to 1");
}

/* Joins the groups before the first dump, so that no change falls between the two. */
static int follow(struct rtnetlink *nl)
{
	int err = open_follow(nl);

	if (err)
		return err;
	err = sd_event_add_io(nl->event, &nl->readable, mnl_socket_get_fd(nl->follow), EPOLLIN,
			      on_readable, nl);
	if (err < 0)
		return err;
	err = sd_event_add_time(nl->event, &nl->timer, CLOCK_MONOTONIC, 0, ACCURACY_US, on_timer,
				nl);
	if (err < 0)
		return err;
	err = sd_event_source_set_enabled(nl->timer, SD_EVENT_OFF);
	if (err < 0)
		return err;

	warn_of_hidden_hops();
	err = relearn(nl, FIB_ALL);
	nl->news = false;
	return err;
}

int rtnetlink_new(sd_event *event, struct fib *fib, rtnetlink_changed_fn changed, void *userdata,
		  struct rtnetlink **ret)
{
	struct rtnetlink *nl;
	int err;

	if (!event != !fib || (fib && !changed))
		return -EINVAL;
	nl = calloc(1, sizeof(*nl));
	if (!nl)
		return -ENOMEM;
	nl->fib = fib;
	nl->changed = changed;
	nl->userdata = userdata;
	nl->event = event ? sd_event_ref(event) : NULL;

	err = netlink_new(&nl->requests);
	if (!err && fib)
		err = follow(nl);
	if (err) {
		rtnetlink_free(nl);
		return err;
	}

	*ret = nl;
	return 0;
}

void rtnetlink_free(struct rtnetlink *nl)
{
	if (!nl)
		return;
	sd_event_source_disable_unref(nl->readable);
	sd_event_source_disable_unref(nl->timer);
	sd_event_unref(nl->event);
	if (nl->follow)
		mnl_socket_close(nl->follow);
	netlink_free(nl->requests);
	free(nl);
}
