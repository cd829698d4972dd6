/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/vips.h"

#include <errno.h>

static struct vip_slot *vip_slot_find(const struct tables *tables, const union address *vip)
{
	uint32_t slot = vip_slot_of(vip);

	for (uint32_t i = 0; i < VIP_PROBES; i++) {
		struct vip_slot *entry = &tables->vips[(slot + i) % VIP_SLOTS];

		if (!entry->intervals)
			return NULL;
		if (address_equal(&entry->address, vip))
			return entry;
	}
	return NULL;
}

uint64_t vips_word(const struct tables *tables, const union address *vip)
{
	const struct vip_slot *entry = vip_slot_find(tables, vip);

	return entry && !(entry->intervals & VIP_DELETED) ? entry->intervals : 0;
}

/* A deleted place is taken again: whoever compares its address also sees that it is deleted. */
static struct vip_slot *vip_slot_free(const struct tables *tables, const union address *vip)
{
	uint32_t slot = vip_slot_of(vip);

	for (uint32_t i = 0; i < VIP_PROBES; i++) {
		struct vip_slot *entry = &tables->vips[(slot + i) % VIP_SLOTS];

		if (!entry->intervals || entry->intervals & VIP_DELETED)
			return entry;
	}
	return NULL;
}

/* Each is right by itself: while they change, a packet finds an old one, a new one, or looks into the list. */
static void vip_put_near(struct vip_slot *entry, const struct interval *intervals, uint32_t count)
{
	for (uint32_t i = 0; i < VIP_INTERVALS; i++) {
		struct vip_interval near = {.first = VIP_INTERVAL_NONE};

		if (i < count)
			near = vip_interval_of(&intervals[i]);
		__atomic_store(&entry->near[i], &near, __ATOMIC_RELAXED);
	}
}

/* `word` is the VIP's, whose list is written. */
static int vip_publish(const struct tables *tables, const union address *vip, uint64_t word)
{
	struct vip_slot *entry = vip_slot_find(tables, vip);

	if (!entry) {
		entry = vip_slot_free(tables, vip);
		if (!entry)
			return -ENOSPC;
		entry->address = *vip;
	}
	vip_put_near(entry, &tables->intervals[word >> 16], word & 0xffff);
	publish(&entry->intervals, word);
	return 0;
}

/* Those whose intervals are in the half that is used no more: the plan does not have them. */
static void vips_clear(const struct tables *tables, uint32_t half)
{
	for (uint32_t i = 0; i < VIP_SLOTS; i++) {
		struct vip_slot *entry = &tables->vips[i];
		uint32_t first = entry->intervals >> 16;

		if (entry->intervals && !(entry->intervals & VIP_DELETED) &&
		    (first < half || first >= half + INTERVALS_MAX / 2))
			publish(&entry->intervals, VIP_DELETED);
	}
}

static uint32_t intervals_half(const struct tables *tables)
{
	for (uint32_t i = 0; i < VIP_SLOTS; i++) {
		uint64_t word = tables->vips[i].intervals;

		if (word && !(word & VIP_DELETED))
			return (uint32_t)(word >> 16) < INTERVALS_MAX / 2 ? INTERVALS_MAX / 2 : 0;
	}
	return 0;
}

/*
 * Writes the VIP's intervals at `first`, with the numbers that its services have in the tables; an agent, who
 * has no such table, counts by their places in the plan.
 */
static void intervals_put(const struct tables *tables, const struct plan *plan,
			  const struct plan_vip *vip, uint32_t first)
{
	for (size_t i = 0; i < vip->n_intervals; i++) {
		struct interval *entry = &tables->intervals[first + i];

		*entry = vip->intervals[i];
		entry->flags = plan->services[vip->intervals[i].service].flags;
		if (tables->services)
			entry->service = tables_service_number(
				tables, plan->services[vip->intervals[i].service].identity);
	}
}

int vips_apply(const struct tables *tables, const struct plan *plan, uint64_t *ret_words)
{
	uint32_t half = intervals_half(tables), first = half, end = half + INTERVALS_MAX / 2;

	for (size_t i = 0; i < plan->n_vips; i++) {
		const struct plan_vip *vip = &plan->vips[i];
		int r;

		if (first + vip->n_intervals > end)
			return -ENOSPC;
		intervals_put(tables, plan, vip, first);
		ret_words[i] = (uint64_t)first << 16 | vip->n_intervals;
		first += vip->n_intervals;
		if (vip->network.length < 128)
			continue;
		r = vip_publish(tables, &vip->network.address, ret_words[i]);
		if (r < 0)
			return r;
	}
	vips_clear(tables, half);
	return 0;
}
