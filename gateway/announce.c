/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/events.h"

/* What is announced, and what is to be: both sorted, so that they are gone through side by side. */
struct vips {
	struct network *networks;
	size_t n;
};

static void vips_clear(struct vips *vips)
{
	free(vips->networks);
}

static int by_network(const void *left, const void *right)
{
	return network_compare(left, right);
}

static int list_standing(struct rtnetlink *netlink, struct vips *ret)
{
	_cleanup_free_ struct rtnetlink_vip *vips = NULL;
	size_t n;
	int r = rtnetlink_vip_list(netlink, ANNOUNCE_PROTOCOL, &vips, &n);

	if (r < 0)
		return r;
	ret->networks = calloc(n + 1, sizeof(*ret->networks));
	if (!ret->networks)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ret->networks[ret->n++] = (struct network){vips[i].address, vips[i].length};
	qsort(ret->networks, ret->n, sizeof(*ret->networks), by_network);
	return 0;
}

static int list_wanted(const struct plan *plan, const struct tables *tables, struct vips *ret)
{
	ret->networks = calloc((plan ? plan->n_vips : 0) + 1, sizeof(*ret->networks));
	if (!ret->networks)
		return -ENOMEM;
	for (size_t i = 0; plan && i < plan->n_vips; i++)
		if (tables_serves(tables, plan, &plan->vips[i]))
			ret->networks[ret->n++] = plan->vips[i].network;
	qsort(ret->networks, ret->n, sizeof(*ret->networks), by_network);
	return 0;
}

static void complain(const char *what, const struct network *network, int error)
{
	char text[NETWORK_TEXT_MAX];

	log_error("%s: cannot %s the VIP: %s", network_format(network, text), what,
		  strerror(-error));
}

static void say(enum event_kind kind, const struct network *network, const char *what)
{
	char text[NETWORK_TEXT_MAX];

	network_format(network, text);
	event_say(kind, ABOUT(.vip = text), "%s: the VIP is %s", text, what);
}

/* What can be done to a VIP, and how it is said. */
struct vip_change {
	int (*make)(struct rtnetlink *netlink, const union address *address, uint8_t length,
		    uint8_t protocol);
	const char *verb, *done;
	enum event_kind event;
};

static const struct vip_change withdrawal = {rtnetlink_vip_withdraw, "withdraw", "withdrawn",
					     EVENT_VIP_WITHDRAWN};
static const struct vip_change announcement = {rtnetlink_vip_announce, "announce", "announced",
					       EVENT_VIP_ANNOUNCED};

/* Changes what is among these and not among those. */
static int change_others(struct rtnetlink *netlink, const struct vip_change *change,
			 const struct vips *these, const struct vips *those)
{
	int result = 0;

	for (size_t i = 0, j = 0; i < these->n; i++) {
		const struct network *network = &these->networks[i];
		int r;

		while (j < those->n && network_compare(&those->networks[j], network) < 0)
			j++;
		if (j < those->n && network_compare(&those->networks[j], network) == 0)
			continue;
		r = change->make(netlink, &network->address, network->length, ANNOUNCE_PROTOCOL);
		if (r < 0) {
			complain(change->verb, network, r);
			result = r;
		} else {
			say(change->event, network, change->done);
		}
	}
	return result;
}

int announce(struct rtnetlink *netlink, const struct plan *plan, const struct tables *tables)
{
	_cleanup_(vips_clear) struct vips standing = {}, wanted = {};
	int result = list_standing(netlink, &standing), r;

	if (result < 0)
		log_error("cannot list the announced VIPs: %s", strerror(-result));
	r = list_wanted(plan, tables, &wanted);
	if (r < 0)
		return r;
	r = change_others(netlink, &withdrawal, &standing, &wanted);
	result = r < 0 ? r : result;
	r = change_others(netlink, &announcement, &wanted, &standing);
	return r < 0 ? r : result;
}
