/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/announce.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/events.h"

static bool wanted(const struct plan *plan, const struct tables *tables,
		   const struct network *network)
{
	for (size_t i = 0; plan && i < plan->n_vips; i++)
		if (network_compare(&plan->vips[i].network, network) == 0)
			return tables_serves(tables, plan, &plan->vips[i]);
	return false;
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

/* What stands in the kernel under our protocol. */
struct standing {
	struct rtnetlink_vip *vips;
	size_t n;
};

static bool stands(const struct standing *standing, const struct network *network)
{
	for (size_t i = 0; i < standing->n; i++) {
		struct network other = {standing->vips[i].address, standing->vips[i].length};

		if (network_compare(&other, network) == 0)
			return true;
	}
	return false;
}

static int withdraw_others(struct rtnetlink *netlink, const struct plan *plan,
			   const struct tables *tables, const struct standing *standing)
{
	int result = 0;

	for (size_t i = 0; i < standing->n; i++) {
		struct network network = {standing->vips[i].address, standing->vips[i].length};
		int r;

		if (wanted(plan, tables, &network))
			continue;
		r = rtnetlink_vip_withdraw(netlink, &network.address, network.length,
					   ANNOUNCE_PROTOCOL);
		if (r < 0) {
			complain("withdraw", &network, r);
			result = r;
		} else {
			say(EVENT_VIP_WITHDRAWN, &network, "withdrawn");
		}
	}
	return result;
}

static int announce_ours(struct rtnetlink *netlink, const struct plan *plan,
			 const struct tables *tables, const struct standing *standing)
{
	int result = 0;

	for (size_t i = 0; plan && i < plan->n_vips; i++) {
		const struct network *network = &plan->vips[i].network;
		int r;

		if (!tables_serves(tables, plan, &plan->vips[i]))
			continue;
		r = rtnetlink_vip_announce(netlink, &network->address, network->length,
					   ANNOUNCE_PROTOCOL);
		if (r < 0) {
			complain("announce", network, r);
			result = r;
		} else if (!stands(standing, network)) {
			say(EVENT_VIP_ANNOUNCED, network, "announced");
		}
	}
	return result;
}

int announce(struct rtnetlink *netlink, const struct plan *plan, const struct tables *tables)
{
	_cleanup_free_ struct rtnetlink_vip *vips = NULL;
	struct standing standing = {};
	int listed = rtnetlink_vip_list(netlink, ANNOUNCE_PROTOCOL, &vips, &standing.n), withdrawn,
	    announced;

	standing.vips = vips;
	if (listed < 0)
		log_error("cannot list the announced VIPs: %s", strerror(-listed));
	withdrawn = withdraw_others(netlink, plan, tables, &standing);
	announced = announce_ours(netlink, plan, tables, &standing);
	if (announced < 0)
		return announced;
	return withdrawn < 0 ? withdrawn : listed < 0 ? listed : 0;
}
