/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows whose pins need not be read, since that was done a moment ago and the pin led where the row leads
 * anyway. With a million flows that is the case of nearly every packet, and what it saves is the wait for a
 * line of a table that no cache holds: all that is kept of such a flow is a mark (wire/recent.h).
 *
 * A mark may be another flow's. Then the packet is at a backend that does not hold its connection, and this
 * must cost it a detour and no more. So it goes there told SRV6_BY_ROW, by which an agent sends back what it has
 * no living socket for, and then the pin is read. And marks are used only where an agent is there that answers, and where
 * all generations have one backend: a row that has just changed is one whose pins lead elsewhere.
 *
 * In the next epoch a pin is read again, by which it lives on: its time-outs have an epoch more (core/plan.c).
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
	__u16 epoch;
	__u16 backend; /* the row's; 0: the pin is to be read */
	__u8 mark;
};

/* Services whose packets an agent may send back, and somebody is open. */
#define RECENT_NEVER (SERVICE_AGENTLESS | SERVICE_STICKY | SERVICE_ONE_WAY | SERVICE_CLOSED)

/* The backend of the row, where it may stand for the pin; else 0. Packets from other sites go by other rows. */
step __u16 recent_backend(const struct service *service, const struct way *way)
{
	__u32 banks = service->rows.banks;
	__u64 row;

	if (service->flags & RECENT_NEVER || way->hops)
		return 0;
	row = way_row(way, service);
	return way_agreed(row, banks, CANDIDATES_MAX) && !(row & ROW_SITE) ? row : 0;
}

step struct recent recent_of(const struct service *service, const struct way *way, __u16 now)
{
	struct recent recent = {.backend = recent_backend(service, way)};
	__u64 mix = pin_mix(way->hash);

	if (!recent.backend)
		return recent;
	recent.word = recent_word_of(mix);
	recent.epoch = recent_epoch(recent.word, now);
	recent.mark = recent_mark(mix, recent.backend, recent.epoch);
	return recent;
}

/* Was the flow's pin read in this epoch, and did it lead to the row's backend? */
step bool recent_has(const struct recent *recent)
{
	__u64 word;

	if (!recent->backend)
		return false;
	word = PIN_LOAD(*recents_at(recent->word));
	return recent_is_of(word, recent->epoch) && recent_match(word, recent->mark);
}

/* It was just now. Of two CPUs that write a word at once one does it in vain, and a pin is read once more. */
step void recent_note(const struct recent *recent)
{
	__u64 *word = recents_at(recent->word);

	PIN_STORE(*word, recent_with(PIN_LOAD(*word), recent->mark, recent->epoch));
}

/* The flow's next packet is to read its pin. */
step void recent_forget(const struct recent *recent)
{
	__u64 *word = recents_at(recent->word), now;

	if (!recent->backend)
		return;
	now = PIN_LOAD(*word);
	if (recent_match(now, recent->mark))
		PIN_STORE(*word, recent_without(now, recent->mark));
}

/* To the row's backend in place of the pin's. A host that is dark would send nothing back. */
step bool recent_lead(struct way *way, const struct recent *recent)
{
	if (!recent_has(recent) || !way_lead(way, recent->backend, SRV6_BY_ROW))
		return false;
	if (!(way->nodes[0]->flags & DESTINATION_DARK))
		return true;
	way->count = 0;
	return false;
}
