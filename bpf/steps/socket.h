/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host's table of sockets, as an agent's programs ask it. */
#pragma once

#include <bpf/bpf_core_read.h>

#include "bpf/steps/program.h"
#include "wire/flow.h"

enum socket_state { /* include/net/tcp_states.h: not in the UAPI */
	SOCKET_TIME_WAIT = 6,
	SOCKET_CLOSE = 7,
	SOCKET_LISTEN = 10,
	SOCKET_NEW_SYN_RECV = 12,
};

/* include/linux/tcp.h: where they stand, libbpf finds out from the kernel's own types when it loads the program. */
struct tcp_request_sock {
	__u32 rcv_isn;
	__u32 snt_isn;
} __attribute__((preserve_access_index));

/* Linux 6.2. */
extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

struct request_numbers {
	__u32 client; /* of the SYN */
	__u32 own;    /* of our SYN-ACK */
};

/*
 * Of a socket in SOCKET_NEW_SYN_RECV. False: of multipath TCP's before 6.2 the kernel does not show them, where a
 * request counts as TCP's only by the functions that it is of.
 */
step bool request_read(struct bpf_sock *sock, struct request_numbers *ret)
{
	const struct tcp_request_sock *request;

	if (bpf_rdonly_cast) {
		request = bpf_rdonly_cast(sock, bpf_core_type_id_kernel(struct tcp_request_sock));
		*ret = (struct request_numbers){.client = request->rcv_isn, .own = request->snt_isn};
		return true;
	}
	request = bpf_skc_to_tcp_request_sock(sock);
	if (!request)
		return false;
	*ret = (struct request_numbers){.client = request->rcv_isn, .own = request->snt_isn};
	return true;
}

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

/* The state of the flow's socket, which may be one that listens; 0: there is none. */
step __u32 socket_state_of(struct __sk_buff *skb, const struct flow *flow, __u8 family)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = socket_tuple(flow, family, &tuple), state;
	struct bpf_sock *sock = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);

	if (!sock)
		return 0;
	state = sock->state;
	bpf_sk_release(sock);
	return state;
}
