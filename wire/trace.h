/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A sampled look at single packets. The filter is part of the program's settings: without one the
 * program is loaded without the code that traces, so tracing that is off costs nothing.
 */
#pragma once

#include "wire/flow.h"

struct trace_filter {
	__u32 one_in; /* of the packets that match, on average; 0: no tracing */
	__u32 verdict; /* enum gateway_verdict; 0: any */
	struct prefix client; /* all zero: any */
	struct prefix vip;
};

_Static_assert(sizeof(struct trace_filter) == 72, "");

struct trace_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	struct flow flow; /* zero where the packet was not understood that far */
	__u32 bytes; /* of the frame as it came */
	__u8 verdict;
	__u8 tcp_flags;
	__u8 zero[2];
};

_Static_assert(sizeof(struct trace_event) == 56, "no hidden padding in what is copied out");

#define TRACE_BYTES (256 << 10) /* of the ring between program and daemon */
