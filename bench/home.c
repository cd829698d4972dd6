/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/home.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"

/* Flow 0's client was on lo as long as its connection had to be made (sockets.h). */
static const char *const commands[] = {
	"ip addr del 10.0.0.1/32 dev lo && ip addr del 2001:db8:c::1/128 dev lo",
	"sysctl -qw net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1",
	"ip link add wan address 02:00:00:00:00:01 type veth peer name far",
	"sysctl -qw net.ipv6.conf.wan.accept_dad=0",
	"ip link set far up && ip link set wan up",
	"ip addr add 192.168.0.1/24 dev wan && ip addr add fd00::1/64 dev wan nodad",
	"ip neigh add 192.168.0.2 lladdr 02:00:00:00:00:02 dev wan",
	"ip neigh add fd00::2 lladdr 02:00:00:00:00:02 dev wan",
	"ip link add " HOME_IDLE " type veth peer name idle-too",
	"ip route add 10.0.0.0/8 via 192.168.0.2",
	"ip route add 2001:db8:c::/48 via fd00::2",
};

int home_build(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (system(commands[i]) == 0)
			continue;
		log_error("cannot build the clients' network: %s", commands[i]);
		return -EIO;
	}
	return 0;
}
