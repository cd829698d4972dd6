/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ways by mark: what a socket with a mark (SO_MARK) sends, wherever to, goes encapsulated to one SID
 * (RFC 8986, H.Encaps.Red). So a question to a VIP reaches the one backend that is meant.
 *
 *	rule 7199	without a mark of ours: on to 7201, so that others' lookups stay short
 *	rules 7200	a mark of ours: the table of that number
 *	rule 7201	nothing; where 7199 leads
 *	table MARK	default encap seg6 mode encap.red segs SID dev DEVICE
 *			throw INFRASTRUCTURE: the outer packet keeps the mark, and goes on to main
 *			unreachable default, of the last metric
 *
 * The kernel takes the first line away with its DEVICE, also when that is only set down, and does not say so.
 * The last one then answers. Without it the look-up went on to main: to a VIP's blackhole, which tells nothing
 * of the backend, or to another gateway, whose answer is not the one that was asked for.
 *
 * Rules and routes carry our protocol number, and nothing without it is touched. Both families, whose
 * SIDs may differ. The outer source is the host's one tunnel source (ip-sr(8)), which is set only
 * where nobody else has set it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "io/rtnetlink.h"

/* A mark is one of ours with these bits; the others are the caller's to choose. */
#define MARK_BASE 0x48460000
#define MARK_MASK 0xffff0000

struct marked_route {
	uint32_t mark;
	union address sids[2]; /* for inner IPv4, for inner IPv6 */
	uint32_t ifindex;      /* whose IPv4 address is the inner source; the outer packet finds its way */
};

/*
 * These routes and no others of ours, so `n` 0 removes every trace. All SIDs lie in `infrastructure`,
 * which is IPv6 and has no VIP in it. What stands already is left alone. 0; -ENODEV, -ENETDOWN: a
 * device is missing (0) or down, and all but the ways stands; -EOPNOTSUPP: a kernel without seg6; or another
 * negative errno.
 */
int marked_routes_set(struct rtnetlink *nl, const struct network *infrastructure,
		      const struct marked_route *routes, size_t n);

/* One of those that were set: 1: its way was gone, and is there again; 0: it stands; or as above. */
int marked_routes_put_back(struct rtnetlink *nl, const struct marked_route *route);

/*
 * The outer source of what the kernel encapsulates: a SID of function SRV6_HOST, or all zero to take
 * ours back. Another's stays. 0 or a negative errno.
 */
int marked_routes_source(const union address *source);
