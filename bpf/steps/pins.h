/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pin table in the gateway's program: where it is, what time it is, and the rules that need to know
 * the service's members. How the table works is in wire/pins.h.
 */
#pragma once

#include "bpf/steps/cookie.h"
#include "wire/pins.h"

/* The daemon sets how many there are before load: 1 << bucket_bits of the settings. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << PIN_BUCKET_BITS);
	__type(key, __u32);
	__type(value, struct pin_bucket);
} pin_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << PIN_BUCKET_BITS);
	__type(key, __u32);
	__type(value, struct pin_set);
} pin_sets SEC(".maps");

/* `hash` is the flow's. False: the program was loaded for more buckets than there are. */
step bool pins_seek(const struct flow *flow, __u32 service, __u64 hash,
		    const volatile struct pin_settings *settings, struct pin_seek *ret)
{
	__u32 at = pin_bucket_of(hash, settings->bucket_bits);

	*ret = pin_seek_of(flow, service, hash, pin_ticks(bpf_ktime_get_coarse_ns()));
	ret->bucket = bpf_map_lookup_elem(&pin_buckets, &at);
	ret->set = bpf_map_lookup_elem(&pin_sets, &at);
	return ret->bucket && ret->set;
}

/* As pin_put, but a pin to a backend that the service no longer has is kept for nobody. */
step int pins_put(const struct pin_seek *seek, __u32 service, const struct pin_value *value,
		  const volatile struct pin_settings *settings, __u16 *ret_kept)
{
	int result = pin_put(seek, value, PIN_FIRST_WINS, settings, PIN_LOCKED_BY_PROGRAM, ret_kept);

	if (result == PIN_KEPT && !is_member(service, *ret_kept))
		result = pin_put(seek, value, PIN_REPLACES, settings, PIN_LOCKED_BY_PROGRAM,
				 ret_kept);
	return result;
}

/*
 * In band: `backend` has answered the client's SYN of sequence number `isn` (host order) with a SYN-ACK.
 * PIN_STORED: the connection is its. PIN_KEPT: another backend answered this SYN first, so that this
 * SYN-ACK must not reach the client. PIN_BUSY: not pinned, which the server's next SYN-ACK or who-has may
 * mend.
 */
step int pins_answer(const struct flow *flow, __u32 service, __u64 hash, __u16 backend, __u32 isn,
		     const volatile struct pin_settings *settings)
{
	struct pin_value value = {.backend = backend, .isn = pin_isn_tag(isn), .phase = PIN_NEW};
	struct pin_seek seek;
	__u16 kept;

	if (!pins_seek(flow, service, hash, settings, &seek))
		return PIN_BUSY;
	return pins_put(&seek, service, &value, settings, &kept);
}
