/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/events.h"

/* A VIP as it is announced, or is to be. */
struct entry {
	struct network network;
	uint32_t metric;
};

/* What is announced, and what is to be: both sorted, so that they are gone through side by side. */
struct vips {
	struct entry *entries;
	size_t n;
};

static void vips_clear(struct vips *vips)
{
	free(vips->entries);
}

static int compare(const struct entry *left, const struct entry *right)
{
	int order = network_compare(&left->network, &right->network);

	return order ? order : (left->metric > right->metric) - (left->metric < right->metric);
}

static int by_entry(const void *left, const void *right)
{
	return compare(left, right);
}

static void vips_sort(struct vips *vips)
{
	qsort(vips->entries, vips->n, sizeof(*vips->entries), by_entry);
}

static const struct entry *find(const struct vips *vips, const struct network *network)
{
	size_t low = 0, high = vips->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = network_compare(&vips->entries[middle].network, network);

		if (order == 0)
			return &vips->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int list_standing(struct rtnetlink *netlink, struct vips *ret)
{
	_cleanup_free_ struct rtnetlink_vip *vips = NULL;
	size_t n;
	int r = rtnetlink_vip_list(netlink, ANNOUNCE_PROTOCOL, &vips, &n);

	if (r < 0)
		return r;
	ret->entries = calloc(n + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ret->entries[ret->n++] =
			(struct entry){{vips[i].address, vips[i].length}, vips[i].metric};
	vips_sort(ret);
	return 0;
}

/* Who takes leave goes on announcing what stands, although nobody may be open at its site any more. */
static bool is_wanted(const struct plan *plan, const struct tables *tables, enum drain_phase phase,
		      const struct plan_vip *vip, const struct vips *standing)
{
	return tables_serves(tables, plan, vip) ||
	       (phase == DRAIN_LEAVING && find(standing, &vip->network));
}

static int list_wanted(const struct plan *plan, const struct tables *tables, enum drain_phase phase,
		       const struct vips *standing, struct vips *ret)
{
	size_t n = plan && phase != DRAIN_LEFT ? plan->n_vips : 0;

	ret->entries = calloc(n + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (is_wanted(plan, tables, phase, &plan->vips[i], standing))
			ret->entries[ret->n++] =
				(struct entry){plan->vips[i].network,
					       phase == DRAIN_LEAVING ? ANNOUNCE_LEAVING : 0};
	vips_sort(ret);
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
		    uint8_t protocol, uint32_t metric);
	const char *verb, *done;
	enum event_kind event;
};

static const struct vip_change withdrawal = {rtnetlink_vip_withdraw, "withdraw", "withdrawn",
					     EVENT_VIP_WITHDRAWN};
static const struct vip_change announcement = {rtnetlink_vip_announce, "announce", "announced",
					       EVENT_VIP_ANNOUNCED};

/* Changes what is among these and not among those. To get or lose the mark is said by who drains. */
static int change_others(struct rtnetlink *netlink, const struct vip_change *change,
			 const struct vips *these, const struct vips *those)
{
	int result = 0;

	for (size_t i = 0, j = 0; i < these->n; i++) {
		const struct entry *entry = &these->entries[i];
		const struct network *network = &entry->network;
		int r;

		while (j < those->n && compare(&those->entries[j], entry) < 0)
			j++;
		if (j < those->n && compare(&those->entries[j], entry) == 0)
			continue;
		r = change->make(netlink, &network->address, network->length, ANNOUNCE_PROTOCOL,
				 entry->metric);
		if (r < 0) {
			complain(change->verb, network, r);
			result = r;
		} else if (!find(those, network)) {
			say(change->event, network, change->done);
		}
	}
	return result;
}

int announce(struct rtnetlink *netlink, const struct plan *plan, const struct tables *tables,
	     enum drain_phase phase)
{
	_cleanup_(vips_clear) struct vips standing = {}, wanted = {};
	int result = list_standing(netlink, &standing), r;

	if (result < 0)
		log_error("cannot list the announced VIPs: %s", strerror(-result));
	r = list_wanted(plan, tables, phase, &standing, &wanted);
	if (r < 0)
		return r;
	r = change_others(netlink, &announcement, &wanted, &standing);
	result = r < 0 ? r : result;
	r = change_others(netlink, &withdrawal, &standing, &wanted);
	return r < 0 ? r : result;
}

bool announce_stands(struct rtnetlink *netlink, const struct network *network)
{
	_cleanup_(vips_clear) struct vips standing = {};

	return list_standing(netlink, &standing) == 0 &&
	       (network ? find(&standing, network) != NULL : standing.n > 0);
}
