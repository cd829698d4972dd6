/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/listeners.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "io/netlink.h"

struct reading {
	listeners_found_fn found;
	void *userdata;
};

/* Of a listening socket the two queues are how many wait, and how many may (sock_diag(7)). */
static int take_one(const struct nlmsghdr *message, void *userdata)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	const struct reading *reading = userdata;
	union address local;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
		return 0;
	if (socket->idiag_family == AF_INET)
		address_from_v4(&local, socket->id.idiag_src[0]);
	else
		memcpy(&local, socket->id.idiag_src, sizeof(local));
	reading->found(&local, ntohs(socket->id.idiag_sport), socket->idiag_rqueue,
		       socket->idiag_wqueue, reading->userdata);
	return 0;
}

static int read_family(struct netlink *diag, uint8_t family, struct reading *reading)
{
	struct nlmsghdr *message = netlink_request(diag, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *wanted = mnl_nlmsg_put_extra_header(message, sizeof(*wanted));

	wanted->sdiag_family = family;
	wanted->sdiag_protocol = IPPROTO_TCP;
	wanted->idiag_states = 1 << TCP_LISTEN;
	return netlink_run(diag, take_one, reading);
}

int listeners_read(struct netlink *diag, listeners_found_fn found, void *userdata)
{
	struct reading reading = {found, userdata};
	int r = read_family(diag, AF_INET, &reading);

	return r < 0 ? r : read_family(diag, AF_INET6, &reading);
}
