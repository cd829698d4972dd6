/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/check.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <stddef.h>
#include <string.h>

#include "wire/srv6.h"

#define IP_CHECKSUM_UNSET 0

/* The client's packet inside and as it came in. What forwarding changes is made equal first. */
static bool same_packet(struct driver_frame *in, const uint8_t *packet, size_t size)
{
	uint32_t at = frame_inner_at(in);
	uint8_t came[DRIVER_FRAME_LONG], left[DRIVER_FRAME_LONG];
	size_t hop_limit = in->v6 ? offsetof(struct outer_header, hop_limit)
				  : offsetof(struct iphdr, ttl);

	if (size != in->size - at)
		return false;
	memcpy(came, frame_bytes(in) + at, size);
	memcpy(left, packet, size);
	if (came[hop_limit] - left[hop_limit] > 1)
		return false;
	left[hop_limit] = came[hop_limit];
	if (!in->v6)
		memset(came + offsetof(struct iphdr, check), IP_CHECKSUM_UNSET, sizeof(__be16));
	if (!in->v6)
		memset(left + offsetof(struct iphdr, check), IP_CHECKSUM_UNSET, sizeof(__be16));
	return memcmp(came, left, size) == 0;
}

static bool right_segment(const struct path *path, const union address *sid, bool v6)
{
	union address other = world_gateway_sid(2);

	if (path->outcome == OUTCOME_TO_ROUTER)
		return address_equal(sid, &other);
	return world_is_backend_sid(sid, v6);
}

/* Checks the segments besides the first; returns the bytes of the routing header, or -1. */
static int check_segments(const struct path *path, const uint8_t *at, size_t size, bool v6)
{
	struct segment_routing_header srh;
	union address sid;

	if (size < sizeof(srh))
		return -1;
	memcpy(&srh, at, sizeof(srh));
	if (srh.type != SRV6_ROUTING_TYPE || srh.length != 2 * srh.segments_left ||
	    srh.last_entry != srh.segments_left - 1 || !srh.segments_left ||
	    srh.segments_left >= SRV6_SEGMENTS_MAX || size < SRV6_OVERHEAD(3) ||
	    srh.next_header != (v6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4))
		return -1;
	for (int i = 0; i < srh.segments_left; i++) {
		memcpy(&sid, at + sizeof(srh) + i * sizeof(sid), sizeof(sid));
		if (!right_segment(path, &sid, v6))
			return -1;
	}
	return sizeof(srh) + srh.segments_left * sizeof(sid);
}

static const char *check_encapsulated(const struct path *path, struct driver_frame *in,
				      const uint8_t *out, size_t size)
{
	union address own = world_gateway_sid(1);
	struct outer_header outer;
	const uint8_t *at = out + ETH_HLEN;
	int routing = 0;

	if (size < ETH_HLEN + sizeof(outer) || out[12] != ETH_P_IPV6 >> 8)
		return "it is not encapsulated";
	memcpy(&outer, at, sizeof(outer));
	at += sizeof(outer);
	if (ntohl(outer.version_class_label) >> 28 != 6 ||
	    ntohs(outer.payload_length) != out + size - at || !address_equal(&outer.source, &own) ||
	    !right_segment(path, &outer.destination, in->v6))
		return "its outer header is wrong";
	if (outer.next_header == NEXT_HEADER_ROUTING)
		routing = check_segments(path, at, out + size - at, in->v6);
	else if (outer.next_header != (in->v6 ? NEXT_HEADER_IPV6 : NEXT_HEADER_IPV4))
		return "its outer header leads nowhere";
	if (routing < 0)
		return "its segment list is wrong";
	at += routing;
	return same_packet(in, at, out + size - at) ? NULL : "the packet inside has changed";
}

static const char *check_passed_on(struct driver_frame *in, const uint8_t *out, size_t size)
{
	uint32_t at = frame_inner_at(in);
	union address next = world_backend_sid(2);
	const size_t destination = ETH_HLEN + offsetof(struct outer_header, destination);
	const size_t left = ETH_HLEN + sizeof(struct outer_header) +
			    offsetof(struct segment_routing_header, segments_left);

	if (size != in->size || memcmp(out + destination, &next, sizeof(next)) != 0 || out[left])
		return "it is not on its way to the next segment";
	return same_packet(in, out + at, size - at) ? NULL : "the packet inside has changed";
}

static const char *check_bounced(struct driver_frame *in, const uint8_t *out, size_t size)
{
	uint32_t at = frame_inner_at(in);
	union address router = world_gateway_sid(2), agent = world_backend_sid(1);
	struct outer_header outer;

	if (size != in->size)
		return "its size has changed";
	memcpy(&outer, out + ETH_HLEN, sizeof(outer));
	router.bytes[SID_FLAGS_BYTE] |= SRV6_UNCLAIMED;
	if (!address_equal(&outer.destination, &router) || !address_equal(&outer.source, &agent))
		return "it is not on its way back, marked unclaimed";
	return same_packet(in, out + at, size - at) ? NULL : "the packet inside has changed";
}

static const char *check_clamped(struct driver_frame *in, const uint8_t *out, size_t size)
{
	uint32_t at = frame_mss_at(in);
	uint8_t left[DRIVER_FRAME_SHORT];
	const size_t checksum = at - 2 - 20 + 16; /* of TCP, by RFC 9293, 3.1 */

	if (size != sizeof(left) || in->size != size)
		return "its size has changed";
	if ((out[at] << 8 | out[at + 1]) >= FRAME_MSS)
		return "its MSS is not clamped";
	memcpy(left, out, size);
	memcpy(left + at, frame_bytes(in) + at, sizeof(__be16));
	memcpy(left + checksum, frame_bytes(in) + checksum, sizeof(__be16));
	return memcmp(left, frame_bytes(in), size) == 0 ? NULL : "more than its MSS has changed";
}

static const char *check_restored(struct driver_frame *in, const uint8_t *out, size_t size)
{
	const __be32 restored = htonl(RESTORED_LAG_MS + (ntohl(flow_echo(0)) >> 16));
	uint32_t at = frame_inner_at(in) + (in->v6 ? sizeof(struct outer_header) : sizeof(struct iphdr));
	const size_t checksum = at + 16; /* of TCP, by RFC 9293, 3.1 */
	uint8_t left[DRIVER_FRAME_SHORT];

	if (size != sizeof(left) || in->size != size)
		return "its size has changed";
	if (memcmp(out + in->cookie_at, &restored, sizeof(restored)) != 0)
		return "its echo is not restored";
	memcpy(left, out, size);
	memcpy(left + in->cookie_at, frame_bytes(in) + in->cookie_at, sizeof(restored));
	memcpy(left + checksum, frame_bytes(in) + checksum, sizeof(__be16));
	return memcmp(left, frame_bytes(in), size) == 0 ? NULL : "more than its echo has changed";
}

const char *check_output(const struct path *path, struct driver_frame *in, const uint8_t *out,
			 size_t size)
{
	switch (path->outcome) {
	case OUTCOME_UNTOUCHED:
		return size == in->size && memcmp(out, frame_bytes(in), size) == 0
			       ? NULL
			       : "it is not as it came";
	case OUTCOME_TO_BACKENDS:
	case OUTCOME_TO_ROUTER:
		return check_encapsulated(path, in, out, size);
	case OUTCOME_DELIVERED:
		return size > ETH_HLEN && same_packet(in, out + ETH_HLEN, size - ETH_HLEN)
			       ? NULL
			       : "it is not the client's packet";
	case OUTCOME_NEXT_SEGMENT:
		return check_passed_on(in, out, size);
	case OUTCOME_BOUNCED:
		return check_bounced(in, out, size);
	case OUTCOME_CLAMPED:
		return check_clamped(in, out, size);
	case OUTCOME_RESTORED:
		return check_restored(in, out, size);
	}
	return "nobody knows what it should be";
}
