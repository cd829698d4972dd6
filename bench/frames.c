/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/frames.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

#include "wire/srv6.h"

#define HOP_LIMIT 61
#define MSS_IN_OPTIONS 2
#define ECHO_IN_OPTIONS 8

static const union address client_network = {
	.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0x0c},
};

/* As Linux writes them: RFC 7323, appendix A. */
static const uint8_t syn_options[20] = {
	2, 4, FRAME_MSS >> 8, FRAME_MSS & 0xff, 4, 2, 8, 10, 0, 0, 1, 0, 0, 0, 0, 0, 1, 3, 3, 7,
};
static const uint8_t options[12] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0};

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

/* The part of a frame from `at` to its end, without what stands before it. */
static uint16_t rest(struct driver_frame *frame, const uint8_t *at)
{
	return frame_bytes(frame) + frame->size - at;
}

static uint8_t *put_ipv6(struct driver_frame *frame, uint8_t *at, uint8_t next_header,
			 const union address *source, const union address *destination)
{
	struct outer_header header = {
		.version_class_label = htonl(6U << 28),
		.payload_length = htons(rest(frame, at) - sizeof(header)),
		.next_header = next_header,
		.hop_limit = HOP_LIMIT,
		.source = *source,
		.destination = *destination,
	};

	return put(at, &header, sizeof(header));
}

static uint16_t ipv4_checksum(const struct iphdr *header)
{
	const uint16_t *words = (const uint16_t *)header;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(*header) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static uint8_t *put_ipv4(struct driver_frame *frame, uint8_t *at, uint8_t protocol, __be32 source,
			 __be32 destination)
{
	struct iphdr header = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(rest(frame, at)),
		.ttl = HOP_LIMIT,
		.protocol = protocol,
		.saddr = source,
		.daddr = destination,
	};

	header.check = ipv4_checksum(&header);
	return put(at, &header, sizeof(header));
}

static uint8_t *put_outer(const struct frame_shape *shape, struct driver_frame *frame, uint8_t *at)
{
	uint8_t inner = shape->v6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4;
	union address sid;
	struct segment_routing_header srh = {
		.next_header = inner,
		.length = 2,
		.type = SRV6_ROUTING_TYPE,
		.segments_left = 1,
	};

	if (shape->outer == OUTER_NONE)
		return at;
	sid = *shape->sid;
	if (shape->outer == OUTER_ACCEPT_MUST)
		sid.bytes[SID_FLAGS_BYTE] |= SRV6_MUST;
	if (shape->outer == OUTER_UNCLAIMED)
		sid.bytes[SID_FLAGS_BYTE] |= SRV6_UNCLAIMED;
	if (shape->outer == OUTER_BOUNCED)
		sid.bytes[SID_FLAGS_BYTE] |= SRV6_UNCLAIMED | SRV6_BY_COOKIE;
	if (shape->outer == OUTER_PIN)
		sid.groups[SID_BACKEND_GROUP] = htons(REPLYING_BACKEND);
	if (shape->outer != OUTER_ACCEPT_LIST)
		return put_ipv6(frame, at, inner, shape->source, &sid);
	at = put_ipv6(frame, at, NEXT_HEADER_ROUTING, shape->source, &sid);
	at = put(at, &srh, sizeof(srh));
	return put(at, shape->next, sizeof(*shape->next));
}

/* The client is the source, but of a server's packet. Notes where it stands. */
static uint8_t *put_inner(const struct frame_shape *shape, struct driver_frame *frame, uint8_t *at)
{
	uint8_t protocol = shape->kind == FRAME_DATAGRAM ? IPPROTO_UDP : IPPROTO_TCP;
	uint32_t offset = at - frame_bytes(frame);
	union address client = client_network;
	bool reply = shape->kind == FRAME_SYN_ACK;
	__be32 client_v4 = flow_client_v4(0), server_v4 = shape->server->words[3];

	client.halves[1] = flow_client_low(0);
	if (shape->v6) {
		frame->client_at = offset + (reply ? offsetof(struct outer_header, destination)
						   : offsetof(struct outer_header, source)) + 8;
		return put_ipv6(frame, at, protocol, reply ? shape->server : &client,
				reply ? &client : shape->server);
	}
	frame->client_at = offset + (reply ? offsetof(struct iphdr, daddr)
					   : offsetof(struct iphdr, saddr));
	return put_ipv4(frame, at, protocol, reply ? server_v4 : client_v4,
			reply ? client_v4 : server_v4);
}

static void put_transport(const struct frame_shape *shape, struct driver_frame *frame, uint8_t *at)
{
	bool first = shape->kind == FRAME_SYN || shape->kind == FRAME_NEW_SYN;
	bool syn = first || shape->kind == FRAME_SYN_ACK;
	bool reply = shape->kind == FRAME_SYN_ACK;
	__be16 client = flow_client_port(0), server = htons(shape->port);
	struct tcphdr tcp = {
		.source = reply ? server : client,
		.dest = reply ? client : server,
		.seq = htonl(1000),
		.ack_seq = first ? 0 : htonl(2000),
		.doff = (sizeof(tcp) + (syn ? sizeof(syn_options) : sizeof(options))) / 4,
		.syn = syn,
		.ack = !first,
		.window = htons(502),
	};
	struct udphdr udp = {.source = client, .dest = server, .len = htons(rest(frame, at))};

	frame->port_at = at - frame_bytes(frame) + (reply ? 2 : 0);
	if (shape->kind == FRAME_DATAGRAM) {
		put(at, &udp, sizeof(udp));
		return;
	}
	if (shape->kind == FRAME_NEW_SYN)
		frame->sequence_at = at - frame_bytes(frame) + offsetof(struct tcphdr, seq);
	at = put(at, &tcp, sizeof(tcp));
	if (shape->kind == FRAME_STAMPED)
		frame->cookie_at = at - frame_bytes(frame) + ECHO_IN_OPTIONS;
	put(at, syn ? syn_options : options, syn ? sizeof(syn_options) : sizeof(options));
}

void frame_build(const struct frame_shape *shape, struct driver_frame *ret)
{
	bool outer_v6 = shape->outer != OUTER_NONE || shape->v6;
	struct driver_frame frame = {
		.size = shape->outer == OUTER_NONE ? DRIVER_FRAME_SHORT : DRIVER_FRAME_LONG,
		.v6 = shape->v6,
	};
	struct ethhdr ethernet = {
		.h_dest = {2, 0, 0, 0, 0, 1},
		.h_source = {2, 0, 0, 0, 0, 2},
		.h_proto = htons(outer_v6 ? ETH_P_IPV6 : ETH_P_IP),
	};
	uint8_t *at = put(frame_bytes(&frame), &ethernet, sizeof(ethernet));

	at = put_outer(shape, &frame, at);
	at = put_inner(shape, &frame, at);
	put_transport(shape, &frame, at);
	*ret = frame;
}

void frame_set_sequence(struct driver_frame *frame, uint64_t packets)
{
	__be32 sequence = packet_sequence(packets);

	if (frame->sequence_at)
		memcpy(frame_bytes(frame) + frame->sequence_at, &sequence, sizeof(sequence));
}

void frame_set_flow(struct driver_frame *frame, uint32_t flow, uint16_t mark)
{
	__be32 echo = flow_echo(mark);
	__be64 low = flow_client_low(flow);
	__be32 v4 = flow_client_v4(flow);
	__be16 port = flow_client_port(flow);

	if (frame->v6)
		memcpy(frame_bytes(frame) + frame->client_at, &low, sizeof(low));
	else
		memcpy(frame_bytes(frame) + frame->client_at, &v4, sizeof(v4));
	memcpy(frame_bytes(frame) + frame->port_at, &port, sizeof(port));
	if (frame->cookie_at)
		memcpy(frame_bytes(frame) + frame->cookie_at, &echo, sizeof(echo));
}

uint32_t frame_inner_at(const struct driver_frame *frame)
{
	const uint8_t *bytes = frame->ethernet;
	uint32_t at = ETH_HLEN;

	if (frame->size == DRIVER_FRAME_SHORT)
		return at;
	if (bytes[at + offsetof(struct outer_header, next_header)] == NEXT_HEADER_ROUTING)
		return at + SRV6_OVERHEAD(2);
	return at + SRV6_OVERHEAD(1);
}

uint32_t frame_mss_at(const struct driver_frame *frame)
{
	return frame_inner_at(frame) +
	       (frame->v6 ? sizeof(struct outer_header) : sizeof(struct iphdr)) +
	       sizeof(struct tcphdr) + MSS_IN_OPTIONS;
}
