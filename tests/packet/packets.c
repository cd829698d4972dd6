/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/packet/packets.h"

/* A packet in the making. Layers are written from the last to the first, so that a checksum finds
 * everything behind it in place. */
struct draft {
	struct frame frame;
	const struct layer *layers;
	size_t at[LAYERS_MAX]; /* where each begins */
	size_t end;	       /* of what lengths count: padding lies behind */
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void put_address(uint8_t *at, int family, const char *text)
{
	if (text && inet_pton(family, text, at) != 1) {
		fprintf(stderr, "no address: %s\n", text);
		abort();
	}
}

static void put_mac(uint8_t *at, const char *text)
{
	if (text && sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &at[0], &at[1], &at[2],
			   &at[3], &at[4], &at[5]) != 6) {
		fprintf(stderr, "no MAC address: %s\n", text);
		abort();
	}
}

uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		sum += i & 1 ? byte[i] : byte[i] << 8;
	return sum;
}

uint16_t checksum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static size_t words(size_t size)
{
	return (size + 3) / 4;
}

static int segments_count(const struct layer *layer)
{
	int count = 0;

	while (count < 3 && layer->segments[count])
		count++;
	return count;
}

static size_t layer_size(const struct layer *layer)
{
	switch (layer->kind) {
	case LAYER_END:
		return 0;
	case LAYER_ETHERNET:
		return 14;
	case LAYER_VLAN:
		return 4;
	case LAYER_IPV4:
	case LAYER_TCP:
		return 20 + 4 * words(layer->size);
	case LAYER_IPV6:
		return 40;
	case LAYER_EXTENSION:
		return layer->size ? layer->size : 8;
	case LAYER_FRAGMENT:
	case LAYER_UDP:
	case LAYER_ICMP:
		return 8;
	case LAYER_SRH:
		return 8 + 16 * segments_count(layer);
	case LAYER_BYTES:
	case LAYER_PAYLOAD:
	case LAYER_PADDING:
		return layer->size;
	}
	abort();
}

/* The nearest IP header before layer `i`; NULL for a bare transport header. */
static const struct layer *network_of(const struct draft *draft, int i)
{
	while (--i >= 0)
		if (draft->layers[i].kind == LAYER_IPV4 || draft->layers[i].kind == LAYER_IPV6)
			return &draft->layers[i];
	return NULL;
}

static bool is_ipv6(const struct layer *network)
{
	return network && network->kind == LAYER_IPV6;
}

#define NO_NEXT_HEADER 59

/* What the header before layer `i` calls it. */
static int layer_number(const struct draft *draft, int i, bool behind_link)
{
	const struct layer *layer = &draft->layers[i];

	switch (layer->kind) {
	case LAYER_VLAN:
		return layer->number ? layer->number : VLAN_C;
	case LAYER_IPV4:
		return behind_link ? 0x0800 : IPPROTO_IPIP;
	case LAYER_IPV6:
		return behind_link ? 0x86dd : IPPROTO_IPV6;
	case LAYER_EXTENSION:
		return layer->number;
	case LAYER_FRAGMENT:
		return IPPROTO_FRAGMENT;
	case LAYER_SRH:
		return IPPROTO_ROUTING;
	case LAYER_TCP:
		return IPPROTO_TCP;
	case LAYER_UDP:
		return IPPROTO_UDP;
	case LAYER_ICMP:
		return is_ipv6(network_of(draft, i)) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	default:
		return behind_link ? 0x0806 : NO_NEXT_HEADER;
	}
}

static int next_number(const struct draft *draft, int i, bool link)
{
	int next = draft->layers[i].next;

	return next ? next : layer_number(draft, i + 1, link);
}

static uint8_t *layer_bytes(struct draft *draft, int i)
{
	return draft->frame.bytes + draft->at[i];
}

static size_t size_from(const struct draft *draft, int i)
{
	return draft->end > draft->at[i] ? draft->end - draft->at[i] : 0;
}

/* RFC 9293, 3.1; RFC 768; RFC 4443, 2.3; RFC 8200, 8.1: over the pseudo-header and all that
 * follows. */
static uint16_t transport_checksum(struct draft *draft, int i, int protocol)
{
	const struct layer *network = network_of(draft, i);
	size_t size = size_from(draft, i);
	uint8_t addresses[32] = {};
	uint32_t sum = protocol + size;

	if (is_ipv6(network)) {
		put_address(addresses, AF_INET6, network->from);
		put_address(addresses + 16, AF_INET6, network->to);
	} else if (network) {
		put_address(addresses, AF_INET, network->from);
		put_address(addresses + 16, AF_INET, network->to);
	}
	sum = checksum_add(sum, addresses, sizeof(addresses));
	return checksum_end(checksum_add(sum, layer_bytes(draft, i), size));
}

static void write_ethernet(struct draft *draft, int i)
{
	uint8_t *at = layer_bytes(draft, i);

	put_mac(at, draft->layers[i].to);
	put_mac(at + 6, draft->layers[i].from);
	put16(at + 12, next_number(draft, i, true));
}

static void write_vlan(struct draft *draft, int i)
{
	uint8_t *at = layer_bytes(draft, i);

	put16(at, draft->layers[i].tag);
	put16(at + 2, next_number(draft, i, true));
}

static void write_ipv4(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);
	size_t header = layer_size(layer);
	int header_words = layer->header_words ? layer->header_words : (int)header / 4;

	at[0] = (layer->version ? layer->version : 4) << 4 | header_words;
	at[1] = layer->traffic_class;
	put16(at + 2, layer->length ? (size_t)layer->length : size_from(draft, i));
	put16(at + 4, layer->id);
	put16(at + 6, layer->offset / 8 | (layer->more ? 0x2000 : 0));
	at[8] = layer->hop_limit ? layer->hop_limit : 64;
	at[9] = next_number(draft, i, false);
	put_address(at + 12, AF_INET, layer->from);
	put_address(at + 16, AF_INET, layer->to);
	if (layer->size)
		memcpy(at + 20, layer->bytes, layer->size);
	put16(at + 10, checksum_end(checksum_add(0, at, header)));
}

static void write_ipv6(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);
	uint32_t version = layer->version ? layer->version : 6;

	put32(at, version << 28 | layer->traffic_class << 20 | layer->label);
	put16(at + 4, layer->length ? (size_t)layer->length : size_from(draft, i) - 40);
	at[6] = next_number(draft, i, false);
	at[7] = layer->hop_limit ? layer->hop_limit : 64;
	put_address(at + 8, AF_INET6, layer->from);
	put_address(at + 24, AF_INET6, layer->to);
}

/* The length counts in 8 bytes without the first 8; an authentication header's in 4 without two. */
static void write_extension(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);
	size_t size = layer_size(layer);

	at[0] = next_number(draft, i, false);
	if (layer->length)
		at[1] = layer->length;
	else
		at[1] = layer->number == IPPROTO_AH ? size / 4 - 2 : size / 8 - 1;
	if (layer->number != IPPROTO_AH) { /* one PadN option (RFC 8200, 4.2) */
		at[2] = 1;
		at[3] = size - 4;
	}
}

static void write_fragment(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);

	at[0] = next_number(draft, i, false);
	put16(at + 2, layer->offset | layer->more);
	put32(at + 4, layer->id);
}

static void write_srh(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);
	int count = segments_count(layer);

	at[0] = next_number(draft, i, false);
	at[1] = layer->length ? layer->length : 2 * count;
	at[2] = layer->type ? layer->type : 4;
	at[3] = layer->segments_left;
	at[4] = count - 1;
	for (int segment = 0; segment < count; segment++)
		put_address(at + 8 + 16 * segment, AF_INET6, layer->segments[segment]);
}

static void write_ports(uint8_t *at, const struct layer *layer)
{
	put16(at, layer->from_port ? layer->from_port : CLIENT_PORT);
	put16(at + 2, layer->to_port ? layer->to_port : 80);
}

static void write_tcp(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);

	write_ports(at, layer);
	put32(at + 4, layer->sequence);
	put32(at + 8, layer->acknowledged);
	at[12] = (layer->header_words ? layer->header_words : (int)layer_size(layer) / 4) << 4;
	at[13] = layer->flags;
	put16(at + 14, 0xffff);
	if (layer->size)
		memcpy(at + 20, layer->bytes, layer->size);
	put16(at + 16, transport_checksum(draft, i, IPPROTO_TCP));
}

static void write_udp(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);

	write_ports(at, layer);
	put16(at + 4, layer->length ? (size_t)layer->length : size_from(draft, i));
	put16(at + 6, transport_checksum(draft, i, IPPROTO_UDP));
}

static void write_icmp(struct draft *draft, int i)
{
	const struct layer *layer = &draft->layers[i];
	uint8_t *at = layer_bytes(draft, i);

	at[0] = layer->type;
	at[1] = layer->code;
	put32(at + 4, layer->rest);
	if (is_ipv6(network_of(draft, i)))
		put16(at + 2, transport_checksum(draft, i, IPPROTO_ICMPV6));
	else
		put16(at + 2, checksum_end(checksum_add(0, at, size_from(draft, i))));
}

static void write_bytes(struct draft *draft, int i)
{
	memcpy(layer_bytes(draft, i), draft->layers[i].bytes, draft->layers[i].size);
}

static void write_payload(struct draft *draft, int i)
{
	for (size_t byte = 0; byte < draft->layers[i].size; byte++)
		layer_bytes(draft, i)[byte] = byte;
}

static void write_padding(struct draft *draft, int i)
{
	memset(layer_bytes(draft, i), 0, draft->layers[i].size);
}

static void (*const layer_write[])(struct draft *, int) = {
	[LAYER_ETHERNET] = write_ethernet,
	[LAYER_VLAN] = write_vlan,
	[LAYER_IPV4] = write_ipv4,
	[LAYER_IPV6] = write_ipv6,
	[LAYER_EXTENSION] = write_extension,
	[LAYER_FRAGMENT] = write_fragment,
	[LAYER_SRH] = write_srh,
	[LAYER_TCP] = write_tcp,
	[LAYER_UDP] = write_udp,
	[LAYER_ICMP] = write_icmp,
	[LAYER_BYTES] = write_bytes,
	[LAYER_PAYLOAD] = write_payload,
	[LAYER_PADDING] = write_padding,
};

struct frame frame_build(const struct layer *layers)
{
	struct draft draft = {.layers = layers};
	int count = 0;

	for (; layers[count].kind != LAYER_END; count++) {
		assert(count < LAYERS_MAX);
		draft.at[count] = draft.frame.size;
		draft.frame.size += layer_size(&layers[count]);
		assert(draft.frame.size <= FRAME_MAX);
		if (layers[count].kind != LAYER_PADDING)
			draft.end = draft.frame.size;
	}
	for (int i = count - 1; i >= 0; i--)
		layer_write[layers[i].kind](&draft, i);
	return draft.frame;
}

struct frame frame_cut(struct frame frame, size_t size)
{
	assert(size <= frame.size);
	frame.size = size;
	return frame;
}
