/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent at a connection's birth (sockops): a client's ACK made it established, and from now on its
 * clock is in the socket's storage. The echo in that ACK has been restored to the kernel's value.
 */
#include "bpf/steps/classify.h"
#include "bpf/steps/connection.h"
#include "bpf/steps/tcp_options.h"

const volatile struct agent_settings settings;

#define FAMILY_INET 2 /* AF_INET */

struct timestamps_option {
	__u8 kind;
	__u8 size;
	__be32 tsval;
	__be32 tsecr;
} __attribute__((packed));

/* volatile: else the compiler adds to the context's pointer, which the verifier refuses. */
step void flow_of(const volatile struct bpf_sock_ops *ops, struct flow *flow)
{
	if (ops->family == FAMILY_INET) {
		address_from_v4(&flow->client, ops->remote_ip4);
		address_from_v4(&flow->vip, ops->local_ip4);
	} else {
		flow->client.words[0] = ops->remote_ip6[0];
		flow->client.words[1] = ops->remote_ip6[1];
		flow->client.words[2] = ops->remote_ip6[2];
		flow->client.words[3] = ops->remote_ip6[3];
		flow->vip.words[0] = ops->local_ip6[0];
		flow->vip.words[1] = ops->local_ip6[1];
		flow->vip.words[2] = ops->local_ip6[2];
		flow->vip.words[3] = ops->local_ip6[3];
	}
	flow->client_port = bpf_htons(bpf_ntohl(ops->remote_port));
	flow->vip_port = bpf_htons(ops->local_port);
	flow->protocol = IPPROTO_TCP;
}

SEC("sockops")
int agent_birth(struct bpf_sock_ops *ops)
{
	struct timestamps_option option = {.kind = TCP_OPTION_TIMESTAMPS};
	struct connection *connection;
	struct flow flow = {};
	struct bpf_sock *sock;
	__u32 lag, mark, echoed;

	if (ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	flow_of(ops, &flow);
	if (!takes_cookies(&flow, settings.vip_prefixes))
		return 1;
	if (bpf_load_hdr_opt(ops, &option, sizeof(option), 0) != TCP_OPTION_TIMESTAMPS_SIZE)
		return 1;
	echoed = bpf_ntohl(option.tsecr);
	sock = ops->sk;
	if (!sock)
		return 1;
	connection = bpf_sk_storage_get(&connections, sock, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection)
		return 1;
	lag = lag_find(&flow);
	mark = cookie_mark(settings.id, flow_hash(&flow, &settings.key), settings.cookie.current,
			   &settings.cookie);
	bpf_spin_lock(&connection->lock);
	clock_born(&connection->clock, lag, echoed);
	connection->mark = mark;
	bpf_spin_unlock(&connection->lock);
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
