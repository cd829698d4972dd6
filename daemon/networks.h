/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The trie of VIPs that are networks (map vip_prefixes), which gateway and agent both have. */
#pragma once

#include <stdint.h>

#include <bpf/libbpf.h>

#include "core/plan.h"

/* Makes it hold the plan's networks with their words (of tables_apply), and nothing else. */
int networks_put(const struct bpf_map *trie, const struct plan *plan, const uint64_t *words);

/* The word of the longest network that holds the address, or 0. */
uint64_t networks_find(const struct bpf_map *trie, const union address *address);
