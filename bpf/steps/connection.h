/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an agent keeps of a connection whose segments it stamps: the clock (wire/clock.h) and the lower
 * half of its timestamps, in the socket's own storage. Before a socket has storage, and after it (a
 * request, TIME_WAIT), the lag is in a bounded table, by the flow.
 */
#pragma once

#include "bpf/steps/classify.h"
#include "wire/clock.h"
#include "wire/cookie.h"
#include "wire/hash.h"
#include "wire/maps.h"

enum socket_state { /* include/net/tcp_states.h: not in the UAPI */
	STATE_TIME_WAIT = 6,
	STATE_CLOSE = 7,
	STATE_LISTEN = 10,
	STATE_NEW_SYN_RECV = 12,
};

struct connection {
	struct bpf_spin_lock lock;
	struct connection_clock clock;
	__u32 mark; /* epoch and permuted id */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

struct connection_lag {
	__u32 lag;
	__u32 mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, LAGS_MAX);
	__type(key, struct flow);
	__type(value, struct connection_lag);
} lags SEC(".maps");

/* As the kernel's, with tcp_timestamps=2. */
step __u32 kernel_clock(void)
{
	return bpf_ktime_get_ns() / 1000000;
}

step __u32 lag_find(const struct flow *flow)
{
	const struct connection_lag *found = bpf_map_lookup_elem(&lags, flow);

	return found ? found->lag : 0;
}

/* Does the host's service take cookies? */
step bool takes_cookies(const struct flow *flow, bool prefixes)
{
	__u64 vip = vip_find(&flow->vip, prefixes);
	const struct interval *interval = vip ? interval_find(vip, IPPROTO_TCP, flow->vip_port) : NULL;

	return interval && interval->flags & SERVICE_COOKIE;
}
