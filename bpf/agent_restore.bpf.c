/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way in, behind decapsulation (tc ingress): what a client echoes becomes the kernel's own
 * timestamp again, so that round trips, PAWS and SYN cookies work as if nothing had been stamped.
 */
#include <linux/pkt_cls.h>

#include "bpf/steps/connection.h"
#include "bpf/steps/segment.h"

const volatile struct agent_settings settings;

step __u32 tuple_of(const struct segment *segment, struct bpf_sock_tuple *ret)
{
	const struct flow *flow = &segment->flow;

	if (segment->family == FAMILY_V6) {
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

/* A new connection of these ports: what is known of a former one is of no use. */
step void begin(const struct segment *segment)
{
	struct connection_lag lag = {};

	if (!segment->timestamps || !segment->tsecr) {
		bpf_map_delete_elem(&lags, &segment->flow);
		return;
	}
	lag.lag = clock_birth_lag(kernel_clock(), segment->tsecr);
	bpf_map_update_elem(&lags, &segment->flow, &lag, BPF_ANY);
}

/* An established socket: by its storage, which is made if it was lost. */
step bool restore_established(struct bpf_sock *sock, const struct segment *segment, __u32 *ret)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sock, 0, 0);
	__u16 wire = segment->tsecr >> 16;
	__u32 now = kernel_clock();

	if (connection) {
		bpf_spin_lock(&connection->lock);
		*ret = clock_restore(&connection->clock, wire);
		bpf_spin_unlock(&connection->lock);
		return true;
	}
	connection = bpf_sk_storage_get(&connections, sock, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!connection)
		return false;
	bpf_spin_lock(&connection->lock);
	clock_adopted(&connection->clock, now, wire);
	connection->mark = segment->tsecr & 0xffff;
	*ret = clock_restore(&connection->clock, wire);
	bpf_spin_unlock(&connection->lock);
	return true;
}

step bool restore(struct __sk_buff *skb, const struct segment *segment, __u32 *ret)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = tuple_of(segment, &tuple), state;
	struct bpf_sock *sock = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	bool done = true;

	if (!sock)
		return false;
	state = sock->state;
	if (state == STATE_LISTEN || state == STATE_NEW_SYN_RECV || state == STATE_TIME_WAIT)
		*ret = clock_restore_handshake(lag_find(&segment->flow), kernel_clock(),
					       segment->tsecr >> 16);
	else
		done = restore_established(sock, segment, ret);
	bpf_sk_release(sock);
	return done;
}

SEC("tc")
int agent_restore(struct __sk_buff *skb)
{
	struct segment segment = {};
	__u32 kernel = 0;
	__u64 hash;

	if (!segment_parse(skb, &segment, false) ||
	    !takes_cookies(&segment.flow, settings.vip_prefixes))
		return TC_ACT_UNSPEC;
	segment_timestamps(skb, &segment);
	if (segment.tcp.syn) {
		if (!segment.tcp.ack)
			begin(&segment);
		return TC_ACT_UNSPEC;
	}
	if (!segment.timestamps)
		return TC_ACT_UNSPEC;
	hash = flow_hash(&segment.flow, &settings.key);
	if (cookie_decode(segment.tsecr, hash, &settings.cookie) != settings.id)
		return TC_ACT_UNSPEC;
	if (restore(skb, &segment, &kernel))
		segment_write(skb, &segment, segment.timestamps + 4, kernel);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
