/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/source.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* What an address is worth as our source: the one in use, then one on a link, then one on lo. 0: nothing. */
static int merit(const struct ifaddrs *entry, const struct prefix *infrastructure,
		 const union address *current, union address *ret)
{
	if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET6 ||
	    !(entry->ifa_flags & IFF_UP))
		return 0;
	memcpy(ret, &((const struct sockaddr_in6 *)(const void *)entry->ifa_addr)->sin6_addr,
	       sizeof(*ret));
	if (!prefix_holds(infrastructure, ret))
		return 0;
	if (current && address_equal(ret, current))
		return 3;
	return entry->ifa_flags & IFF_LOOPBACK ? 1 : 2;
}

int source_choose(const struct prefix *infrastructure, const union address *current,
		  union address *ret)
{
	struct ifaddrs *list;
	union address address;
	int best = 0;

	if (getifaddrs(&list) < 0)
		return -errno;
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
		int value = merit(entry, infrastructure, current, &address);

		if (value > best) {
			best = value;
			*ret = address;
		}
	}
	freeifaddrs(list);
	return best ? 0 : -EADDRNOTAVAIL;
}
