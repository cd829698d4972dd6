/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent at a connection's birth (sockops): a client's ACK made it established. It is counted for its
 * service, and from now on its clock is in the socket's storage. The echo in that ACK has been restored to the kernel's value by
 * agent_restore, which has noted that it was a stamp, and which one.
 */
#include "bpf/steps/connection.h"
#include "bpf/steps/tcp_options.h"

#define FAMILY_INET 2 /* AF_INET */

const volatile struct agent_settings settings;

/* How many there were, by the service's number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SERVICES_MAX);
	__type(key, __u32);
	__type(value, __u64);
} births SEC(".maps");

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

/* Sockets of other network namespaces than ours come here, too: they are of the same cgroups. */
step void count_birth(struct bpf_sock_ops *ops, const struct flow *flow)
{
	__u64 vip = vip_find(&flow->vip, &settings.vip_prefixes), *born;
	const struct interval *interval;
	__u32 service;

	if (settings.netns && bpf_get_netns_cookie(ops) != settings.netns)
		return;
	interval = vip ? interval_find(vip, IPPROTO_TCP, flow->vip_port) : NULL;
	if (!interval)
		return;
	service = interval->service;
	born = bpf_map_lookup_elem(&births, &service);
	if (born)
		(*born)++;
}

SEC("sockops")
int agent_birth(struct bpf_sock_ops *ops)
{
	struct timestamps_option option = {.kind = TCP_OPTION_TIMESTAMPS};
	const struct connection_lag *noted;
	struct connection born = {};
	struct flow flow = {};
	struct bpf_sock *sock;

	if (ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		return 1;
	flow_of(ops, &flow);
	count_birth(ops, &flow);
	noted = bpf_map_lookup_elem(&lags, &flow);
	if (!noted || !noted->marked)
		return 1;
	sock = ops->sk;
	if (!sock || bpf_load_hdr_opt(ops, &option, sizeof(option), 0) != TCP_OPTION_TIMESTAMPS_SIZE)
		return 1;
	clock_born(&born.clock, noted->lag, bpf_ntohl(option.tsecr));
	born.mark = noted->mark;
	/* Whole at once: another CPU may look at the socket already. */
	bpf_sk_storage_get(&connections, sock, &born, BPF_SK_STORAGE_GET_F_CREATE);
	bpf_map_delete_elem(&lags, &flow);
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
