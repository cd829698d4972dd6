/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The gateway: hasher and router in one XDP program. A packet's way through it is in forward_client() and
 * forward(): admit (is it ours, from whom), classify (which service, which flow), the dispatch ladder (which
 * nodes), and sending, which stand in this order. Each step returns GATEWAY_GO_ON or the verdict that ends the
 * packet; the programs (SEC) are at the end.
 */
#include "bpf/steps/act.h"
#include "bpf/steps/asked.h"
#include "bpf/steps/classify.h"
#include "bpf/steps/count.h"
#include "bpf/steps/encap.h"
#include "bpf/steps/fault.h"
#include "bpf/steps/give_back.h"
#include "bpf/steps/ladder.h"
#include "bpf/steps/link.h"
#include "bpf/steps/outer.h"
#include "bpf/steps/packet.h"
#include "bpf/steps/probe.h"
#include "bpf/steps/too_big.h"
#include "bpf/steps/trace.h"
#include "bpf/steps/trust.h"
#include "bpf/steps/unclaimed.h"

const volatile struct gateway_settings settings;

/*
 * Programs that go on where the first one ends, which is for plain packets of clients alone: what they do
 * not need, their program shall not carry. A reply's way is one of its own, too: followed by all ways through
 * the parser that lead to it, it is too much for the verifier and for the stack (decision 0006).
 */
enum stage {
	STAGE_SID,	 /* what was sent to a SID of ours           */
	STAGE_REPLY,	 /* of a backend, to a client                */
	STAGE_ODD,	 /* of a client, to be read header by header */
	STAGE_UNCLAIMED, /* of an agent that did not claim it        */
	STAGE_SID_ODD,	 /* what was sent to a SID, likewise         */
	STAGES,
};

int gateway_sid(struct xdp_md *ctx);
int gateway_reply(struct xdp_md *ctx);
int gateway_odd(struct xdp_md *ctx);
int gateway_unclaimed(struct xdp_md *ctx);
int gateway_sid_odd(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = {
		[STAGE_SID] = &gateway_sid,
		[STAGE_REPLY] = &gateway_reply,
		[STAGE_ODD] = &gateway_odd,
		[STAGE_UNCLAIMED] = &gateway_unclaimed,
		[STAGE_SID_ODD] = &gateway_sid_odd,
	},
};

/* Returns only where there is no such program: daemon/pins.h tells how it is kept. */
step int go_on(struct xdp_md *ctx, enum stage stage)
{
	bpf_tail_call(ctx, &stages, stage);
	return GATEWAY_NO_STAGE;
}

/* Who handed us the packet, and so which stage works on it. */
enum arrival {
	FROM_CLIENT, /* hasher                                       */
	FROM_SITE,   /* hasher, for another site                     */
	FROM_HASHER, /* router: never re-hashes, so it cannot circle */
	FROM_AGENT,  /* it did not claim it: on, behind the rung that sent it */
	FROM_SERVER, /* a reply, on its way to the client            */
};

struct visit {
	__u64 bytes;	/* of the frame as it came */
	__u32 link_size; /* Ethernet header and tags */
	__u8 arrival;
	__u8 hops;
	__u8 tried;	  /* of the SID's flags: rungs that are behind this packet */
	__u8 outer_class; /* traffic class of the outer header, if one came */
	struct vip vip;
	__u32 service;	  /* its number */
	struct packet packet;
	struct way way;
	__u32 ifindex; /* where SEND goes */
};

step bool from_infrastructure(const union address *source)
{
	return prefix_holds(&settings.infrastructure, source);
}

step bool in_infrastructure(const union address *destination)
{
	return from_infrastructure(destination);
}

/* For one of our functions: notes who sent it and goes on; the stack keeps what we do not know. */
step int admit_function(const struct outer *outer, struct visit *visit)
{
	__u16 function = bpf_ntohs(outer->sid.groups[SID_FUNCTION_GROUP]);

	visit->hops = outer->sid.bytes[SID_HOPS_BYTE];
	visit->tried = outer->sid.bytes[SID_FLAGS_BYTE];
	visit->outer_class = outer->traffic_class;
	visit->packet.family = outer->family;
	if (outer->segments_left)
		return GATEWAY_MALFORMED; /* our SIDs end a list */
	if (function == SRV6_SITE) {
		visit->arrival = FROM_SITE;
		return ++visit->hops > SRV6_SITE_HOPS_MAX ? GATEWAY_SITE_HOPS : GATEWAY_GO_ON;
	}
	if (function == SRV6_PIN) {
		visit->arrival = FROM_SERVER;
		return GATEWAY_GO_ON;
	}
	visit->arrival = visit->tried & SRV6_UNCLAIMED ? FROM_AGENT : FROM_HASHER;
	return GATEWAY_GO_ON;
}

step bool is_own_sid(const union address *destination)
{
	__u16 function = bpf_ntohs(destination->groups[SID_FUNCTION_GROUP]);

	if (destination->halves[0] == settings.route.halves[0])
		return function == SRV6_ROUTE || function == SRV6_PIN;
	return destination->halves[0] == settings.site.halves[0] && function == SRV6_SITE;
}

step bool is_own_locator(const union address *destination)
{
	return destination->halves[0] == settings.route.halves[0] ||
	       destination->halves[0] == settings.site.halves[0];
}

/* One of our locator's SIDs that we answer at. */
step bool is_answering_sid(const union address *destination, enum srv6_function function)
{
	return destination->halves[0] == settings.route.halves[0] &&
	       destination->groups[SID_FUNCTION_GROUP] == bpf_htons(function);
}

/* Another gateway, or the doctor, asks whether packets are forwarded here. */
step int answer_probe(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit)
{
	visit->ifindex = ctx->ingress_ifindex;
	switch (probe_answer(ctx, *cursor, visit->link_size, &settings.infrastructure,
			     settings.fingerprint)) {
	case PROBE_ANSWERED:
		return GATEWAY_PROBED;
	case PROBE_OUTSIDE:
		return GATEWAY_OUTSIDE_SID;
	default:
		return GATEWAY_MALFORMED;
	}
}

/* What is no packet for a backend, but a question to this gateway. */
step int answer(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
		const union address *destination)
{
	if (is_answering_sid(destination, SRV6_PROBE))
		return answer_probe(ctx, cursor, visit);
	if (!is_answering_sid(destination, SRV6_WHO_HAS))
		return GATEWAY_NOT_OURS;
	visit->ifindex = ctx->ingress_ifindex;
	return asked(ctx, *cursor, visit->link_size);
}

/* What was sent to one of our locators, by the infrastructure. What is for no SID of ours is the host's. */
step int admit_sid(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit)
{
	struct cursor ahead;
	const struct outer_header *ipv6;
	struct outer outer;

	link_parse(cursor);
	visit->link_size = cursor_offset(cursor);
	ahead = *cursor;
	ipv6 = cursor_take(&ahead, sizeof(*ipv6));
	if (!ipv6)
		return GATEWAY_NOT_OURS;
	if (!is_own_sid(&ipv6->destination))
		return answer(ctx, cursor, visit, &ipv6->destination);
	if (!outer_parse(cursor, &outer))
		return GATEWAY_MALFORMED;
	return admit_function(&outer, visit);
}

/*
 * IPv6 to an address of the infrastructure: only the infrastructure may use it, whatever it is for. What
 * is not for a locator of ours (BGP, probes, SSH) is the host's.
 */
step int admit_ipv6(struct xdp_md *ctx, struct cursor cursor)
{
	const struct outer_header *ipv6 = cursor.at;

	if (ipv6 + 1 > (const struct outer_header *)cursor.end)
		return GATEWAY_NOT_OURS;
	if (!in_infrastructure(&ipv6->destination) && !is_extension(ipv6->next_header))
		return GATEWAY_GO_ON; /* nearly all, wherever they come from */
	if (from_infrastructure(&ipv6->source)) {
		if (!in_infrastructure(&ipv6->destination))
			return GATEWAY_GO_ON;
		return is_own_locator(&ipv6->destination) ? go_on(ctx, STAGE_SID)
							   : GATEWAY_NOT_OURS;
	}
	if (in_infrastructure(&ipv6->destination) || has_segments(cursor, ipv6))
		return is_neighbour_discovery(ipv6) || is_health_answer(cursor, ipv6) ? GATEWAY_NOT_OURS
									     : GATEWAY_OUTSIDE_SID;
	return GATEWAY_GO_ON;
}

/* How much is known of a packet before it is read. */
enum reading {
	READ_PLAIN, /* by the short way alone: an odd one goes on in another program */
	READ_SHORT, /* the same, of what was sent to a SID */
	READ_ODD,   /* the short way has been tried */
	READ_ANY,
};

/*
 * Leaves the cursor at the packet of a client. What is for a SID goes on in a program of its own; of what is
 * plain, to be seen where it proves to be for no VIP.
 */
step int admit(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit, enum reading reading)
{
	__be16 type = link_parse_sized(cursor, &visit->link_size);

	visit->packet.at = visit->link_size;
	if (type == bpf_htons(ETH_P_IPV6)) {
		visit->packet.family = FAMILY_V6;
		return reading == READ_PLAIN ? GATEWAY_GO_ON : admit_ipv6(ctx, *cursor);
	}
	if (type == bpf_htons(ETH_P_IP)) {
		visit->packet.family = FAMILY_V4;
		return GATEWAY_GO_ON;
	}
	return GATEWAY_NOT_OURS;
}

/* From the network header on; the cursor stays there. */
step int read(struct xdp_md *ctx, const struct cursor *cursor, struct packet *packet,
	      enum reading reading)
{
	if (reading == READ_PLAIN)
		return packet_parse_plain(cursor, packet) ? GATEWAY_GO_ON : go_on(ctx, STAGE_ODD);
	if (reading == READ_SHORT)
		return packet_parse_plain(cursor, packet) ? GATEWAY_GO_ON : go_on(ctx, STAGE_SID_ODD);
	return fault_verdict(reading == READ_ODD ? packet_parse_any(*cursor, packet)
						 : packet_parse(*cursor, packet));
}

/* While the flow is in registers: the asm keeps the compiler from doing it where the result is used first. */
step __u64 hash_now(const struct flow *flow)
{
	__u64 hash = flow_hash(flow, &settings.key);

	asm volatile("" : "+r"(hash));
	return hash;
}

/* Of a plain packet, what was not asked at once: VIPs are not of the infrastructure (core/config_checks.c). */
step int admit_other(struct xdp_md *ctx, const struct cursor *cursor, const struct visit *visit,
		     enum reading reading)
{
	if (reading == READ_PLAIN && visit->packet.family == FAMILY_V6)
		return admit_ipv6(ctx, *cursor);
	return GATEWAY_GO_ON;
}

/* What is for no VIP is the host's; or `inside`, when it came in an outer header. */
step int nobodys(const struct visit *visit, int inside)
{
	return visit->arrival == FROM_CLIENT ? GATEWAY_NOT_OURS : inside;
}

step int find_vip(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
		  enum reading reading)
{
	const union address *address = &visit->packet.flow.vip;
	int stop;

	visit->vip = vip_find_exact(address);
	if (vip_is(&visit->vip))
		return GATEWAY_GO_ON;
	stop = admit_other(ctx, cursor, visit, reading);
	if (stop)
		return stop;
	visit->vip = vip_find_network(address, &settings.vip_prefixes);
	return vip_is(&visit->vip) ? GATEWAY_GO_ON : nobodys(visit, GATEWAY_NO_SERVICE);
}

/* Of odd packets by one way, though it is longer: the verifier of 6.1 follows each to the program's end. */
step int find_service(const struct vip *vip, const struct packet *packet, enum reading reading)
{
	if (reading == READ_ODD)
		return service_find(vip_intervals(vip), packet->flow.protocol, packet->flow.vip_port);
	return vip_service(vip, packet->flow.protocol, packet->flow.vip_port);
}

/* The VIP first: what is for none is not ours, however odd the rest of it. */
step int classify(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit,
		  enum reading reading, const struct service **ret_service)
{
	struct packet *packet = &visit->packet;
	int stop, number;
	__u32 key;

	if (visit->arrival != FROM_CLIENT)
		packet->at = cursor_offset(cursor);
	if (!packet_read_addresses(*cursor, packet)) {
		stop = admit_other(ctx, cursor, visit, reading);
		return stop ? stop : nobodys(visit, GATEWAY_MALFORMED);
	}
	stop = find_vip(ctx, cursor, visit, reading);
	if (!stop)
		stop = read(ctx, cursor, packet, reading);
	if (stop)
		return stop;
	if (visit->arrival != FROM_CLIENT)
		packet_settle(cursor, packet);
	visit->way.hash = hash_now(&packet->flow);
	number = find_service(&visit->vip, packet, reading);
	if (number < 0)
		return GATEWAY_NO_SERVICE;
	key = visit->service = number;
	*ret_service = service_at(key);
	if (!*ret_service)
		return GATEWAY_NO_SERVICE;
	/* Off is for those who come here. Flows of other gateways' clients still have their router here. */
	return (*ret_service)->flags & SERVICE_OFF && visit->arrival == FROM_CLIENT ? GATEWAY_OFF
										    : GATEWAY_GO_ON;
}

/* Down the ladder behind the rung that sent it; behind the last one, the nodes are asked. */
step int dispatch_unclaimed(struct xdp_md *ctx, struct visit *visit, const struct service *service)
{
	int verdict = unclaimed_walk(ctx, &visit->packet, visit->service, &visit->way);

	return verdict == GATEWAY_UNCLAIMED ? unclaimed_ask(ctx, &visit->packet, service,
							    visit->service, &visit->way)
					    : verdict;
}

/* `arrival` is a constant for clients: what is for others is gone before the compiler sees its pointers. */
step int dispatch(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
		  const struct service *service, enum arrival arrival, enum reading reading)
{
	int verdict = GATEWAY_GO_ON;

	visit->way.hops = visit->hops;
	visit->way.tried = visit->tried;
	if (arrival == FROM_AGENT)
		verdict = dispatch_unclaimed(ctx, visit, service);
	else if (arrival != FROM_HASHER)
		verdict = hasher_walk(&visit->packet, service, visit->service, &settings.cookie,
				      reading == READ_PLAIN, &visit->way);
	if (verdict == GATEWAY_PICKED)
		return router_walk(ctx, &visit->packet, service, visit->service, true, &visit->way);
	if (verdict != GATEWAY_GO_ON)
		return verdict;
	if (reading == READ_PLAIN)
		packet_again(cursor, &visit->packet);
	return router_walk(ctx, &visit->packet, service, visit->service, false, &visit->way);
}

/* What the packet owes to having been forwarded, or carried here in an outer header. */
step int settle(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
		enum reading reading)
{
	struct packet *packet = &visit->packet;
	int ecn;

	if (visit->arrival == FROM_CLIENT) {
		if (packet->hop_limit <= 1)
			return GATEWAY_HOP_LIMIT;
		if (reading == READ_PLAIN) {
			hop_limit_less(cursor->at, packet->family);
			return GATEWAY_GO_ON;
		}
		return hop_limit_decrement(ctx, packet) ? GATEWAY_GO_ON : GATEWAY_MALFORMED;
	}
	ecn = ecn_combine(visit->outer_class, packet->traffic_class);
	if (ecn < 0)
		return GATEWAY_CONGESTION;
	if (ecn != (packet->traffic_class & ECN_MASK) && !ecn_write(ctx, packet, ecn))
		return GATEWAY_MALFORMED;
	return GATEWAY_GO_ON;
}

step int refuse_too_big(struct xdp_md *ctx, struct visit *visit, __u16 mtu)
{
	/* RFC 1122 3.2.2: no error about an error, none about a later fragment. */
	if (visit->packet.kind == PACKET_ICMP_ERROR || visit->packet.kind == PACKET_LATER_FRAGMENT)
		return GATEWAY_TOO_BIG_SILENT;
	if (!too_big_answer(ctx, visit->packet.at, visit->packet.family, visit->link_size, mtu))
		return GATEWAY_NO_ROOM;
	visit->ifindex = ctx->ingress_ifindex;
	return GATEWAY_TOO_BIG;
}

step int send_along(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
		    enum reading reading)
{
	const struct next_hop *hop = next_hop_find(&visit->way);
	__u32 overhead = SRV6_OVERHEAD(visit->way.count);
	int stop;

	if (!hop)
		return GATEWAY_NO_NEXT_HOP;
	if (reading == READ_PLAIN)
		packet_again(cursor, &visit->packet);
	if (visit->packet.length + overhead > hop->mtu)
		return refuse_too_big(ctx, visit, hop->mtu - overhead);
	stop = settle(ctx, cursor, visit, reading);
	if (stop)
		return stop;
	visit->ifindex = hop->ifindex;
	return encap(ctx, &visit->packet, &visit->way, hop, &settings.route);
}

/*
 * Most packets of clients carry a cookie, and theirs is the shortest way: written out to its end, so that nothing
 * is kept for what other packets need. GATEWAY_GO_ON: it has none that leads anywhere.
 */
step int forward_by_cookie(struct xdp_md *ctx, const struct cursor *cursor, struct visit *visit,
			   const struct service *service, enum reading reading)
{
	struct way way = {.hash = visit->way.hash};
	int stop;

	if (!cookie_walk(&visit->packet, service, visit->service, &settings.cookie, &way))
		return GATEWAY_GO_ON;
	visit->way = way;
	stop = send_along(ctx, cursor, visit, reading);
	return stop ? stop : GATEWAY_COOKIE;
}

/* From the client's packet, whoever brought it. */
step int forward(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit,
		 enum arrival arrival, enum reading reading)
{
	const struct service *service;
	int verdict, stop;

	stop = classify(ctx, cursor, visit, reading, &service);
	if (!stop && reading == READ_PLAIN)
		stop = forward_by_cookie(ctx, cursor, visit, service, reading);
	if (stop)
		return stop;
	verdict = dispatch(ctx, cursor, visit, service, arrival, reading);
	if (!visit->way.count)
		return verdict;
	if (reading == READ_PLAIN && visit->way.count == 1) { /* written out for nearly all */
		visit->way.count = 1;
		stop = send_along(ctx, cursor, visit, reading);
	} else {
		stop = send_along(ctx, cursor, visit, reading);
	}
	return stop ? stop : verdict;
}

/* One path, which the compiler writes out for each family, so that no step has to ask for it again. */
step int forward_client(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit)
{
	int stop = admit(ctx, cursor, visit, READ_PLAIN);

	if (stop)
		return stop;
	if (visit->packet.family == FAMILY_V6) {
		visit->packet.family = FAMILY_V6;
		return forward(ctx, cursor, visit, FROM_CLIENT, READ_PLAIN);
	}
	visit->packet.family = FAMILY_V4;
	return forward(ctx, cursor, visit, FROM_CLIENT, READ_PLAIN);
}

step int forward_odd(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit)
{
	int stop = admit(ctx, cursor, visit, READ_ODD);

	return stop ? stop : forward(ctx, cursor, visit, FROM_CLIENT, READ_ODD);
}

step int forward_sid(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit,
		     enum reading reading)
{
	int stop = admit_sid(ctx, cursor, visit);

	if (stop)
		return stop;
	if (visit->arrival == FROM_SERVER)
		return go_on(ctx, STAGE_REPLY);
	if (visit->arrival == FROM_AGENT)
		return go_on(ctx, STAGE_UNCLAIMED);
	visit->arrival ^= cursor_unknown(cursor); /* stays, and is followed by the verifier but once */
	if (visit->arrival == FROM_AGENT)
		return GATEWAY_MALFORMED; /* cannot be, as was just seen: for the compiler */
	return forward(ctx, cursor, visit, visit->arrival, reading);
}

/* The stage before found it to be an agent's. */
step int forward_unclaimed(struct xdp_md *ctx, struct cursor *cursor, struct visit *visit)
{
	int stop = admit_sid(ctx, cursor, visit);

	if (stop)
		return stop;
	visit->arrival = FROM_AGENT;
	return forward(ctx, cursor, visit, FROM_AGENT, READ_ANY);
}

/* The client's packet, in whatever it comes, for the sample of packets that the daemon is told of. */
__noinline int trace_read(struct xdp_md *ctx)
{
	struct cursor cursor = cursor_new(ctx), ahead;
	struct trace_note *note = trace_place();
	const struct outer_header *ipv6;
	struct outer outer = {};
	__be16 type = link_parse(&cursor);

	if (!note)
		return 0;
	note->packet = (struct packet){.family = type == bpf_htons(ETH_P_IPV6) ? FAMILY_V6 : FAMILY_V4};
	ahead = cursor;
	ipv6 = cursor_take(&ahead, sizeof(*ipv6));
	if (note->packet.family == FAMILY_V6 && ipv6 && is_own_sid(&ipv6->destination) &&
	    outer_parse(&cursor, &outer))
		note->packet.family = outer.family;
	if ((type == bpf_htons(ETH_P_IPV6) || type == bpf_htons(ETH_P_IP)) &&
	    packet_parse_addresses(cursor, &note->packet))
		packet_parse_odd(cursor.start, cursor.at, cursor.end, &note->packet);
	if (outer.sid.groups[SID_FUNCTION_GROUP] == bpf_htons(SRV6_PIN))
		reply_turn(&note->packet.flow);
	trace_take(note);
	return 0;
}

/* Counts the verdict, tells of it, and acts on it. */
step int finish(const struct xdp_md *ctx, int verdict, __u64 bytes, __u32 ifindex)
{
	count(verdict, bytes);
	if (settings.trace.one_in)
		trace_end(&settings.trace, verdict, bytes);
	return act(ctx, verdict, ifindex);
}

SEC("xdp")
int gateway(struct xdp_md *ctx)
{
	struct cursor cursor = cursor_new(ctx);
	struct visit visit = {.bytes = cursor_size(&cursor)};
	int verdict;

	if (settings.trace.one_in)
		trace_read(ctx);
	verdict = forward_client(ctx, &cursor, &visit);
	return finish(ctx, verdict, visit.bytes, visit.ifindex);
}

/* A stage behind it, which begins at the frame's front again. */
#define STAGE(name, forward)                                                                       \
	SEC("xdp")                                                                                 \
	int name(struct xdp_md *ctx)                                                               \
	{                                                                                          \
		struct cursor cursor = cursor_new(ctx);                                            \
		struct visit visit = {.bytes = cursor_size(&cursor)};                              \
		int verdict = forward;                                                             \
                                                                                                   \
		return finish(ctx, verdict, visit.bytes, visit.ifindex);                           \
	}

STAGE(gateway_odd, forward_odd(ctx, &cursor, &visit))
STAGE(gateway_sid, forward_sid(ctx, &cursor, &visit, READ_SHORT))
STAGE(gateway_sid_odd, forward_sid(ctx, &cursor, &visit, READ_ODD))
STAGE(gateway_unclaimed, forward_unclaimed(ctx, &cursor, &visit))

SEC("xdp")
int gateway_reply(struct xdp_md *ctx)
{
	__u64 bytes = frame_size(ctx);
	struct reply reply = {};
	int verdict = give_back(ctx, &reply);

	return finish(ctx, verdict, bytes, reply.ifindex);
}

/* For the daemon, which shares the pins. */
SEC("syscall")
int pins_clock(void *ctx)
{
	return pins_now_ns() >> PIN_CLOCK_SHIFT;
}

char _license[] SEC("license") = "Dual BSD/GPL";
