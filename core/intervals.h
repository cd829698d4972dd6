/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ports of one VIP as the data plane looks them up: disjoint, sorted intervals of protocol and
 * port (wire/maps.h, struct interval). The configuration's rules may nest: an exact port wins over a
 * range, a range over any. Flattening them here leaves one binary search for a packet.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/maps.h"

struct port_rule {
	uint8_t protocol;
	uint16_t first, last; /* inclusive, host order */
	uint32_t service;
};

/*
 * Of the rules that hold a port the narrowest has it; of equally narrow ones the first. The caller
 * frees *ret (NULL when there are no rules). 0, or -ENOMEM.
 */
int intervals_flatten(const struct port_rule *rules, size_t n, struct interval **ret, size_t *ret_n);
