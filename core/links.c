/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/links.h"

#include <stddef.h>

static uint64_t word_of(const struct fib *fib, uint32_t ifindex)
{
	const struct fib_link *link = fib_link(fib, ifindex), *below;

	if (!link || !link->vlan)
		return 0;
	below = fib_sending_link(fib, link);
	return LINK_WORD(below ? below->ifindex : 0, link->vlan);
}

void links_put(uint64_t *links, const struct fib *fib)
{
	for (uint32_t i = 1; i < LINKS_MAX; i++)
		__atomic_store_n(&links[i], word_of(fib, i), __ATOMIC_RELEASE);
}
