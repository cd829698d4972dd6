/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every BPF program of ours includes first, and the words that all steps use. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define step static __always_inline

/* Which of a node's two SIDs a packet takes: the index of destination.sids. */
enum family {
	FAMILY_V4,
	FAMILY_V6,
};
