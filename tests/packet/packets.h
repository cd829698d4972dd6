/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets as tests write them: a list of layers, outermost first. What a test does not say follows
 * from the other layers: types and next headers, lengths, checksums (RFC 1071), header sizes. What
 *it does say is written as it stands, right or wrong.
 *
 *	FRAME(ETHERNET(.from = A, .to = B), IPV4(.from = "192.0.2.7", .to = VIP), TCP(.to_port =
 *80))
 *
 * A list may begin at any layer: FRAME(IPV4(...), TCP(...)) is what an ICMP error quotes.
 * Checksums are computed here in their textbook form, so that they do not share a mistake with
 *bpf/.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 3072
#define LAYERS_MAX 16

struct frame {
	size_t size;
	uint8_t bytes[FRAME_MAX];
};

enum layer_kind {
	LAYER_END,
	LAYER_ETHERNET,
	LAYER_VLAN,
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_EXTENSION, /* IPv6 options, or an authentication header */
	LAYER_FRAGMENT,	 /* of IPv6; IPv4 has it in its header */
	LAYER_SRH,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_ICMP,    /* of the version that the IP header before it asks for */
	LAYER_BYTES,   /* as they are */
	LAYER_PAYLOAD, /* 0, 1, 2 ... */
	LAYER_PADDING, /* zeros that no length counts: an Ethernet trailer */
};

struct layer {
	enum layer_kind kind;
	int number;	  /* its own type or protocol, where it can be one of several */
	int next;	  /* the next layer's type or protocol. 0: what that layer is */
	const char *from; /* MAC or IP address */
	const char *to;
	int length;	  /* the length field. 0: true */
	int header_words; /* IPv4 IHL, TCP data offset. 0: true */
	int version;	  /* 0: 4 or 6 */
	int hop_limit;	  /* 0: 64 */
	uint8_t traffic_class;
	uint32_t label;
	uint16_t tag;  /* VLAN */
	uint32_t id;   /* of a fragmented datagram */
	int offset;    /* of a fragment, bytes */
	bool more;     /* fragments follow */
	int from_port; /* 0: CLIENT_PORT */
	int to_port;   /* 0: 80 */
	uint32_t sequence;
	uint32_t acknowledged;
	uint8_t flags; /* TCP */
	uint8_t type;  /* ICMP, routing header (0: 4) */
	uint8_t code;
	uint32_t rest;	   /* ICMP's second word */
	const void *bytes; /* raw bytes, or options, which are filled up to words with zeros */
	size_t size;	   /* of bytes, payload or padding; of an extension header */
	const char *segments[3]; /* as the header has them: last one first */
	int segments_left;
};

#define CLIENT_PORT 40000

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

#define VLAN_C 0x8100 /* 802.1Q */
#define VLAN_S 0x88a8 /* 802.1ad */

#define ETHERNET(...)                                                                              \
	{                                                                                          \
		.kind = LAYER_ETHERNET, __VA_ARGS__                                                \
	}
#define VLAN(...)                                                                                  \
	{                                                                                          \
		.kind = LAYER_VLAN, __VA_ARGS__                                                    \
	}
#define IPV4(...)                                                                                  \
	{                                                                                          \
		.kind = LAYER_IPV4, __VA_ARGS__                                                    \
	}
#define IPV6(...)                                                                                  \
	{                                                                                          \
		.kind = LAYER_IPV6, __VA_ARGS__                                                    \
	}
#define IP(v, ...)                                                                                 \
	{                                                                                          \
		.kind = (v) ? LAYER_IPV6 : LAYER_IPV4, __VA_ARGS__                                 \
	}
#define HOP_BY_HOP(...)                                                                            \
	{                                                                                          \
		.kind = LAYER_EXTENSION, .number = IPPROTO_HOPOPTS, __VA_ARGS__                    \
	}
#define DESTINATION_OPTIONS(...)                                                                   \
	{                                                                                          \
		.kind = LAYER_EXTENSION, .number = IPPROTO_DSTOPTS, __VA_ARGS__                    \
	}
#define AUTHENTICATION(...)                                                                        \
	{                                                                                          \
		.kind = LAYER_EXTENSION, .number = IPPROTO_AH, __VA_ARGS__                         \
	}
#define FRAGMENT(...)                                                                              \
	{                                                                                          \
		.kind = LAYER_FRAGMENT, __VA_ARGS__                                                \
	}
#define SRH(...)                                                                                   \
	{                                                                                          \
		.kind = LAYER_SRH, __VA_ARGS__                                                     \
	}
#define TCP(...)                                                                                   \
	{                                                                                          \
		.kind = LAYER_TCP, __VA_ARGS__                                                     \
	}
#define UDP(...)                                                                                   \
	{                                                                                          \
		.kind = LAYER_UDP, __VA_ARGS__                                                     \
	}
#define ICMP(...)                                                                                  \
	{                                                                                          \
		.kind = LAYER_ICMP, __VA_ARGS__                                                    \
	}
#define BYTES(pointer, count)                                                                      \
	{                                                                                          \
		.kind = LAYER_BYTES, .bytes = (pointer), .size = (count)                           \
	}
#define PAYLOAD(count)                                                                             \
	{                                                                                          \
		.kind = LAYER_PAYLOAD, .size = (count)                                             \
	}
#define PADDING(count)                                                                             \
	{                                                                                          \
		.kind = LAYER_PADDING, .size = (count)                                             \
	}

/* IPv4 or TCP options from a string literal. */
#define OPTIONS(literal) .bytes = (literal), .size = sizeof(literal) - 1

#define FRAME(...) frame_build((const struct layer[]){__VA_ARGS__, {.kind = LAYER_END}})

struct frame frame_build(const struct layer *layers);

/* The first `size` bytes. */
struct frame frame_cut(struct frame frame, size_t size);

/* Fails the test that stands at file:line, with both packets side by side, unless they are equal.
 */
void frame_check(const struct frame *got, const struct frame *wanted, const char *file, int line);

/* One's complement sum of big-endian words, for checks of checksums. */
uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size);
uint16_t checksum_end(uint32_t sum);
