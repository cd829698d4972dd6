/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/announce.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

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

static int withdraw_others(struct rtnetlink *netlink, const struct plan *plan,
			   const struct tables *tables)
{
	_cleanup_free_ struct rtnetlink_vip *standing = NULL;
	size_t n;
	int result = rtnetlink_vip_list(netlink, ANNOUNCE_PROTOCOL, &standing, &n);

	if (result < 0) {
		log_error("cannot list the announced VIPs: %s", strerror(-result));
		return result;
	}
	for (size_t i = 0; i < n; i++) {
		struct network network = {standing[i].address, standing[i].length};
		int r;

		if (wanted(plan, tables, &network))
			continue;
		r = rtnetlink_vip_withdraw(netlink, &network.address, network.length,
					   ANNOUNCE_PROTOCOL);
		if (r < 0) {
			complain("withdraw", &network, r);
			result = r;
		}
	}
	return result;
}

int announce(struct rtnetlink *netlink, const struct plan *plan, const struct tables *tables)
{
	int result = withdraw_others(netlink, plan, tables);

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
		}
	}
	return result;
}
