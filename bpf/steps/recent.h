/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows whose pins need not be read, since that was done a moment ago and the pin led where the row leads
 * anyway. With a million flows that is the case of nearly every packet, and what it saves is the wait for a
 * line of a table that no cache holds: all that is kept of such a flow is a mark (wire/recent.h).
 *
 * A mark may be another flow's. Then the packet is at a backend that does not hold its connection. So only
 * that is done by a mark which an agent mends: it sends the packet back, told SRV6_BY_ROW, and now the pin is
 * read. And in the next epoch a pin is read again, by which it lives on; it outlives some epochs in which another's
 * mark was taken for its flow's, or there are no marks: recent_serves().
 */
#pragma once

#include "bpf/steps/settings.h"
#include "bpf/steps/table.h"
#include "bpf/steps/way.h"
#include "wire/recent.h"

TABLE(recents, __u64, 1 << RECENT_BITS);

/* What a flow's mark is, where it stands, and what it says. */
struct recent {
	__u32 word;
	__u16 backend; /* the row's; 0: the pin is to be read */
	__u8 mark;
};

/* Constants of the program, so nothing of this is left in it. */
step bool recent_serves(void)
{
	return settings.pins.timeouts[PIN_NEW] > 3 * PIN_RECENT &&
	       settings.pins.timeouts[PIN_ESTABLISHED] > 3 * PIN_RECENT;
}

/*
 * The backend of the row, where it may stand for the pin: an agent is there that sends back what it does not
 * hold, and the row is one that leads to no other site. Else 0.
 */
step __u16 recent_backend(const struct service *service, const struct way *way)
{
	__u32 banks = service->rows.banks;
	__u16 newest;

	if (!recent_serves() || way->hops || !rows_count(banks) ||
	    service->flags & (SERVICE_AGENTLESS | SERVICE_STICKY | SERVICE_ONE_WAY))
		return 0;
	newest = row_place(way_row(way, service), rows_bank(banks, 0));
	return newest & ROW_SITE ? 0 : newest;
}

step struct recent recent_of(const struct service *service, const struct way *way, __u16 now)
{
	struct recent recent = {.backend = recent_backend(service, way)};
	__u64 mix = pin_mix(way->hash);

	if (!recent.backend)
		return recent;
	recent.word = recent_word_of(mix);
	recent.mark = recent_mark(mix, recent.backend, now);
	return recent;
}

/* Was the flow's pin read in this epoch, and did it lead to the row's backend? */
step bool recent_has(const struct recent *recent)
{
	return recent->backend && recent_match(PIN_LOAD(*recents_at(recent->word)), recent->mark);
}

step void recent_put(const struct recent *recent, __u32 lane, __u8 mark)
{
	PIN_STORE(((__u8 *)recents_at(recent->word))[lane], mark);
}

/* It was just now. */
step void recent_note(const struct recent *recent)
{
	recent_put(recent, recent_place(PIN_LOAD(*recents_at(recent->word)), recent->mark), recent->mark);
}

/* The flow's next packet is to read its pin. */
step void recent_forget(const struct recent *recent)
{
	__u64 match;

	if (!recent->backend)
		return;
	match = recent_match(PIN_LOAD(*recents_at(recent->word)), recent->mark);
	if (match)
		recent_put(recent, recent_lane(match), 0);
}
