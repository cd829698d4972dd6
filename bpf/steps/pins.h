/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ladder's second rung, at the flow's router: the backend that the flow is pinned to, open or closed.
 * One segment, whatever has changed since. How the table works is in wire/pins.h.
 *
 * A pin comes to be by a server's first answer, which travels through the router (pins_answer); by the
 * daemon, from an answer to who-has; and here by a flow's first packet, where the service is sticky:
 * without agents nobody else could tell who has a connection, and a datagram never could.
 *
 * Of most packets the pin need not be read: recent.h.
 *
 * A pin may be to another site, whose router pins the flow in turn: so what began there without a cookie
 * stays there when the rows lead home again. What comes from a site follows no such pin.
 *
 * A pin may be wrong. To a backend that the service no longer has, it counts for nothing. An agent
 * that does not hold the connection sends the packet back, the pin is dropped, and the packet goes along
 * the candidates. A SYN follows a pin that was made for this very SYN, so that it and its retransmission
 * have one home; any other SYN is a new connection.
 */
#pragma once

#include "bpf/steps/cookie.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/recent.h"
#include "bpf/steps/settings.h"
#include "bpf/steps/table.h"
#include "bpf/steps/way.h"
#include "wire/pins.h"

/* The daemon sets how many there are before load: 1 << bucket_bits of the settings. */
TABLE(pin_buckets, struct pin_bucket, 1 << PIN_BUCKET_BITS);

/*
 * Three functions look into the table, and take and return numbers only: the verifier follows each of
 * them once, and not for each of the ways that lead to it (decision 0006); and what they need for it is
 * on the stack while they run, and no longer. Of the pin they are given the words of its key, which PINS_OF
 * writes down, and the flow's hash.
 */
#define PINS_OF(flow, service, hash) PINS_WORDS(pin_key_of(flow, service, hash)), hash
#define PINS_WORDS(key) (key).words[0], (key).words[1], (key).words[2]

step __u64 pins_now_ns(void)
{
	return bpf_jiffies64() * settings.pins.jiffy_ns;
}

step struct pin_seek pins_seek(__u64 high, __u64 low, __u64 rest, __u64 hash)
{
	return (struct pin_seek){
		.bucket = pin_buckets_at(pin_bucket_of(hash, settings.pins.bucket_bits)),
		.key.words = {high, low, rest},
		.now = pin_ticks(pins_now_ns()),
		.tag = pin_tag_of(hash),
	};
}

step __u32 pins_service(const struct pin_seek *seek)
{
	return seek->key.service_hash >> PIN_HASH_BITS;
}

/* What a packet says of its flow, beside the TCP flags. */
enum pins_about {
	PINS_SPEAKS = 1 << 8, /* for itself: it is no quotation, and has a transport header */
	PINS_STICKY = 1 << 9, /* so is its service */
	PINS_UDP = 1 << 10,
};

/* The phase that the packet leaves its flow in; `isn` as below. */
step __u8 pins_phase(__u32 about, __u32 isn, __u8 before)
{
	if (about & PINS_UDP)
		return PIN_DATAGRAMS;
	if (isn)
		return before;
	if (about & TCP_RST)
		return PIN_RESET;
	if (about & TCP_FIN || before == PIN_CLOSING)
		return PIN_CLOSING;
	return PIN_ESTABLISHED;
}

#define PINS_BUSY_TICKS 8

/*
 * Is the pin for this SYN, which it was not made for? It begins a new connection, unless the service is
 * sticky and the flow has just been busy: then it may well be forged, and the server is to judge
 * (RFC 5961, 4).
 */
step bool pins_judged(__u64 state, __u32 about, __u16 now)
{
	return about & PINS_STICKY && pin_phase(state) == PIN_ESTABLISHED &&
	       pin_age(state, now) < PINS_BUSY_TICKS;
}

#define PINS_VOID 0x10000
#define PINS_OPEN 0x20000

/*
 * The backend that the packet's flow is pinned to, with PINS_OPEN if the connection is established and not about
 * to end; 0: none; PINS_VOID: one that the service no longer has. Of `what`, the lower half is what the packet says, and the upper one the tag of a SYN's sequence number,
 * 0 for every other packet.
 */
#define PINS_WHAT(about, isn) ((__u64)(isn) << 32 | (about))

__noinline int pins_look(__u64 high, __u64 low, __u64 rest, __u64 hash, __u64 what)
{
	struct pin_seek seek = pins_seek(high, low, rest, hash);
	__u32 about = what, isn = what >> 32, open = 0;
	__u8 phase;
	__u64 state;
	struct pin *pin;

	pin_fetch(&seek);
	pin = pin_find(&seek, &settings.pins, &state);
	if (!pin)
		return 0;
	if (!(pin_backend(state) & ROW_SITE) && !is_member(pins_service(&seek), pin_backend(state)))
		return PINS_VOID;
	if (isn && isn != pin_isn(state))
		return pins_judged(state, about, seek.now) ? pin_backend(state) : 0;
	if (about & PINS_SPEAKS) {
		phase = pins_phase(about, isn, pin_phase(state));
		open = phase == PIN_ESTABLISHED ? PINS_OPEN : 0;
		pin_refresh(pin, state, phase, seek.now);
	}
	return pin_backend(state) | open;
}

/*
 * A new pin of the flow: of `what`, the lower half is the backend, with PINS_VOID if it takes the place of
 * another, and the upper one the tag as above. Returns enum pin_result, and above 16 bits the backend that was
 * kept.
 */
__noinline int pins_put(__u64 high, __u64 low, __u64 rest, __u64 hash, __u64 what)
{
	struct pin_value value = {.backend = what, .isn = what >> 32, .phase = PIN_NEW};
	struct pin_seek seek = pins_seek(high, low, rest, hash);
	__u16 kept = 0;
	int result;

	result = pin_put(&seek, &value, what & PINS_VOID ? PIN_REPLACES : PIN_FIRST_WINS,
			 &settings.pins, PIN_LOCKED_BY_PROGRAM, &kept);
	return kept << 16 | result;
}

/* The flow's pin led to the agent of this locator, which does not hold the connection. */
__noinline int pins_forget(__u64 high, __u64 low, __u64 rest, __u64 hash, __u64 locator)
{
	struct pin_seek seek = pins_seek(high, low, rest, hash);
	const struct destination *node;
	__u64 state;

	if (!pin_find(&seek, &settings.pins, &state))
		return 0;
	node = destination_at(pin_backend(state));
	if (node->sids[0].halves[0] == locator)
		pin_drop(&seek, pin_backend(state), PIN_LOCKED_BY_PROGRAM);
	return 0;
}

/*
 * In band: `backend` has answered the client's SYN of sequence number `isn` (host order) with a SYN-ACK.
 * PIN_STORED: the connection is its. PIN_KEPT: another backend answered this SYN first, so that this
 * SYN-ACK must not reach the client. PIN_BUSY: not pinned, which the server's next SYN-ACK or who-has may
 * mend.
 */
step int pins_answer(const struct flow *flow, __u32 service, __u64 hash, __u16 backend, __u32 isn)
{
	__u32 tag = pin_isn_tag(isn);
	int void_pin = pins_look(PINS_OF(flow, service, hash), PINS_WHAT(0, tag)) & PINS_VOID;

	return pins_put(PINS_OF(flow, service, hash), PINS_WHAT(backend | void_pin, tag)) & 0xffff;
}

/* The rung */

/* Can a pin be of use? Datagrams have one only where the service asks for it. */
step bool pins_asks(const struct packet *packet, const struct service *service)
{
	return packet->flow.protocol == IPPROTO_TCP || service->flags & SERVICE_STICKY;
}

/* The tag of a SYN's sequence number; 0: it is no SYN. */
step __u32 pins_isn(struct xdp_md *ctx, const struct packet *packet)
{
	struct cursor cursor = cursor_at(ctx, packet->transport);
	const struct tcphdr *tcp;

	if (!is_syn(packet))
		return 0;
	tcp = cursor_take(&cursor, sizeof(*tcp));
	return tcp ? pin_isn_tag(bpf_ntohl(tcp->seq)) : 0;
}

step __u32 pins_about(const struct packet *packet, const struct service *service)
{
	__u32 about = packet->tcp_flags;

	if (packet->kind == PACKET_WHOLE || packet->kind == PACKET_FIRST_FRAGMENT)
		about |= PINS_SPEAKS;
	if (service->flags & SERVICE_STICKY)
		about |= PINS_STICKY;
	if (packet->flow.protocol == IPPROTO_UDP)
		about |= PINS_UDP;
	return about;
}

/* What an agent is told: to send back what it does not know, or, a datagram, to take it. */
step __u8 pins_flags(const struct packet *packet, const struct service *service)
{
	if (service->flags & SERVICE_AGENTLESS)
		return 0;
	return service->flags & SERVICE_ONE_WAY || packet->flow.protocol == IPPROTO_UDP ? SRV6_MUST
											 : SRV6_BY_PIN;
}

/* May the row's backend be pinned for this packet? A reset has no connection to pin. */
step bool pins_pins(__u32 about)
{
	return about & PINS_STICKY && about & PINS_SPEAKS && !(about & TCP_RST);
}

/* The one backend, or site, of the newest generation. */
step __u16 pins_newest(const struct service *service, const struct way *way)
{
	return row_place(way_row(way, service), rows_bank(service->rows.banks, 0));
}

/* To the backend or the site that the flow is pinned to. */
step bool pins_lead(struct way *way, __u16 id, __u8 flags)
{
	way->to_site = (id & ROW_SITE) != 0;
	return way_lead(way, id, way->to_site ? 0 : flags);
}

/* May a packet like this leave its flow's pin as it is? */
step bool pins_calm(const struct packet *packet)
{
	return packet->kind == PACKET_WHOLE && !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

/*
 * The backend of nearly all packets that have a pin: it is in its home line, and there is nothing to
 * write. 0: pins_look() knows.
 */
step __u32 pins_glance(const struct packet *packet, __u32 service, __u64 hash)
{
	__u8 calm = PIN_ESTABLISHED + (packet->flow.protocol == IPPROTO_UDP);
	struct pin_seek seek = pins_seek(PINS_OF(&packet->flow, service, hash));
	__u64 state = pin_glance(&seek);

	if (pin_phase(state) != calm || pin_age(state, seek.now) >= PIN_REFRESH ||
	    pin_backend(state) & ROW_SITE || !is_member(service, pin_backend(state)))
		return 0;
	return pin_backend(state);
}

/* To that backend, or without a look at the pin to the row's, which is the same. False: pins_look() knows. */
step bool pins_lead_quickly(const struct packet *packet, const struct service *service, __u32 number,
			    const struct recent *recent, struct way *way)
{
	__u32 found;

	if (recent_lead(way, recent))
		return true;
	found = pins_glance(packet, number, way->hash);
	if (found && found == recent->backend)
		recent_note(recent);
	return found && way_lead(way, found, pins_flags(packet, service));
}

#define PINS_FIRST 0x40000 /* the row's backend is to be pinned */

/*
 * GATEWAY_GO_ON: the candidates'. `ret_first` says how the first of them is to be pinned: PINS_FIRST, with
 * PINS_VOID in place of a pin; 0: not at all. A sticky flow whose backend cannot be reached waits for it in
 * mid-connection, since every other one would reset it.
 */
step int pins_walk(struct xdp_md *ctx, const struct packet *packet, const struct service *service,
		   __u32 number, __u32 *ret_first, struct way *way)
{
	__u32 found, about, isn;
	struct recent recent;

	if (!pins_asks(packet, service) || way->tried & SRV6_BY_PIN)
		return GATEWAY_GO_ON;
	recent = recent_of(service, way, pin_ticks(pins_now_ns()));
	if (!pins_calm(packet) || way->tried & SRV6_BY_ROW)
		recent_forget(&recent);
	else if (pins_lead_quickly(packet, service, number, &recent, way))
		return GATEWAY_PIN;
	about = pins_about(packet, service);
	isn = pins_isn(ctx, packet);
	found = pins_look(PINS_OF(&packet->flow, number, way->hash), PINS_WHAT(about, isn));
	if (found == (recent.backend | PINS_OPEN) && !isn)
		recent_note(&recent);
	found &= ~PINS_OPEN;
	if (found & ROW_SITE && way->hops)
		found = PINS_VOID;
	if (found && !(found & PINS_VOID)) {
		if (pins_lead(way, found, pins_flags(packet, service)))
			return way->tried & SRV6_BY_ROW ? GATEWAY_PIN_AFTER_ALL : GATEWAY_PIN;
		if (packet->flow.protocol == IPPROTO_TCP && about & PINS_STICKY && !isn)
			return GATEWAY_NO_NEXT_HOP;
		found = PINS_VOID;
	}
	*ret_first = pins_pins(about) ? PINS_FIRST | found : 0;
	return GATEWAY_GO_ON;
}

/* The locator of the agent that sent the packet back: its list has one segment, so there is no more
 * than the IPv6 header in front of the packet. */
step __be64 pins_bouncer(struct xdp_md *ctx, const struct packet *packet)
{
	struct cursor cursor = cursor_at(ctx, packet->at - sizeof(struct outer_header));
	const struct outer_header *outer = cursor_take(&cursor, sizeof(*outer));

	return outer ? outer->source.halves[0] : 0;
}

/*
 * Pins the flow to the row's newest backend, to which the way leads, or follows whoever was a moment
 * faster. A bucket that is busy costs the pin, never the packet.
 */
step int pins_first(struct xdp_md *ctx, const struct packet *packet, const struct service *service,
		    __u32 number, __u32 first, struct way *way)
{
	bool new = is_syn(packet) || packet->flow.protocol == IPPROTO_UDP;
	__u32 backend = pins_newest(service, way) | (first & PINS_VOID);
	__u32 result = pins_put(PINS_OF(&packet->flow, number, way->hash),
				PINS_WHAT(backend, pins_isn(ctx, packet)));

	switch (result & 0xffff) {
	case PIN_STORED:
		return new ? GATEWAY_PIN_NEW : GATEWAY_PIN_MIDWAY;
	case PIN_KEPT:
		return pins_lead(way, result >> 16, pins_flags(packet, service))
			       ? GATEWAY_PIN
			       : GATEWAY_NO_NEXT_HOP;
	default:
		return GATEWAY_CANDIDATES;
	}
}
