/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every packet is counted once, under its verdict. */
#pragma once

#include "bpf/steps/program.h"
#include "wire/maps.h"

#define COUNTERS_MAX 64

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS_MAX);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

step void count(__u32 verdict, __u64 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(&counters, &verdict);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}
