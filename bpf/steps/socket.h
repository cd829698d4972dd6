/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host's table of sockets, as an agent's programs ask it. */
#pragma once

#include "bpf/steps/program.h"
#include "wire/flow.h"

enum socket_state { /* include/net/tcp_states.h: not in the UAPI */
	SOCKET_TIME_WAIT = 6,
	SOCKET_CLOSE = 7,
	SOCKET_LISTEN = 10,
	SOCKET_NEW_SYN_RECV = 12,
};

/* The tuple as the kernel looks it up: from the client to us. Returns its size. */
step __u32 socket_tuple(const struct flow *flow, __u8 family, struct bpf_sock_tuple *ret)
{
	if (family == FAMILY_V6) {
		__builtin_memcpy(ret->ipv6.saddr, &flow->client, sizeof(ret->ipv6.saddr));
		__builtin_memcpy(ret->ipv6.daddr, &flow->vip, sizeof(ret->ipv6.daddr));
		ret->ipv6.sport = flow->client_port;
		ret->ipv6.dport = flow->vip_port;
		return sizeof(ret->ipv6);
	}
	ret->ipv4.saddr = flow->client.words[3];
	ret->ipv4.daddr = flow->vip.words[3];
	ret->ipv4.sport = flow->client_port;
	ret->ipv4.dport = flow->vip_port;
	return sizeof(ret->ipv4);
}
