/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where an agent keeps what it knows of a connection: wire/connection.h. */
#pragma once

#include "bpf/steps/classify.h"
#include "bpf/steps/socket.h"
#include "wire/connection.h"
#include "wire/cookie.h"
#include "wire/hash.h"
#include "wire/maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

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

/* The flags of the service that a VIP has at the flow's port, or negative when it has none there. */
step int vip_service_flags(__u64 vip, const struct flow *flow)
{
	const struct interval *interval = interval_find(vip, flow->protocol, flow->vip_port);

	return interval ? (int)interval->flags : -1;
}
