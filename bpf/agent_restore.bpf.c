/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent's way in, behind decapsulation (tc ingress): what a client echoes becomes the kernel's own
 * timestamp again, so that round trips, PAWS and SYN cookies work as if nothing had been stamped.
 */
#include <linux/pkt_cls.h>

#include "bpf/steps/connection.h"
#include "bpf/steps/mss.h"
#include "bpf/steps/segment.h"

const volatile struct agent_settings settings;

/* Does the host hold a connection of these ports that a SYN does not end? */
step bool is_living(struct __sk_buff *skb, const struct segment *segment)
{
	__u32 state = socket_state_of(skb, &segment->flow, segment->family);

	return state && state != SOCKET_LISTEN && state != SOCKET_TIME_WAIT && state != SOCKET_CLOSE;
}

/*
 * Has this SYN come before? SYN-ACKs have gone out under its lag, and what the client answers to any of them must be
 * restored: so the lag holds as long as the client would take one. And when the answer has just been noted, on another
 * CPU, the connection is about to be born with what stands there: else it would never be stamped.
 */
step bool is_begun(struct __sk_buff *skb, const struct segment *segment, __u32 kernel, __u32 remembered)
{
	const struct connection_lag *found = bpf_map_lookup_elem(&lags, &segment->flow);

	if (!found)
		return false;
	if (found->marked)
		return is_living(skb, segment);
	return remembered && found->mark == remembered >> 16 &&
	       clock_birth_holds(found->lag, kernel, remembered);
}

/*
 * A new connection of these ports: what is known of a former one is of no use. Of most there is nothing to note, so
 * that who floods us with SYNs takes the place of few.
 */
step void begin(struct __sk_buff *skb, const struct segment *segment)
{
	__u32 kernel = kernel_clock(), remembered = segment->timestamps ? segment->tsecr : 0;
	struct connection_lag lag = {.mark = remembered >> 16};

	if (is_begun(skb, segment, kernel, remembered))
		return;
	lag.lag = clock_birth_lag(kernel, remembered);
	if (lag.lag)
		bpf_map_update_elem(&lags, &segment->flow, &lag, BPF_ANY);
	else
		bpf_map_delete_elem(&lags, &segment->flow);
}

/* Is the echo one of our stamps, as far as keys can tell? */
step bool is_own(const struct segment *segment)
{
	__u64 hash = flow_hash(&segment->flow, &settings.key);

	return cookie_decode(segment->tsecr, hash, &settings.cookie) == settings.id;
}

/* No storage yet, or not any more. The stamp of a handshake is noted: it is what the birth must know. */
step bool restore_handshake(const struct segment *segment, bool note, __u32 *ret)
{
	const struct connection_lag *found = bpf_map_lookup_elem(&lags, &segment->flow);
	struct connection_lag lag = {};
	__u16 mark = segment->tsecr;

	if (found)
		lag = *found;
	if (!(lag.marked && lag.mark == mark)) {
		if (!is_own(segment))
			return false;
		lag.mark = mark;
		lag.marked = true;
		if (note)
			bpf_map_update_elem(&lags, &segment->flow, &lag, BPF_ANY);
	}
	*ret = clock_restore_handshake(lag.lag, kernel_clock(), segment->tsecr >> 16);
	return true;
}

/* A connection whose storage was lost, and which the echo alone shows to be stamped. */
step struct connection *adopt(struct bpf_sock *sock, const struct segment *segment)
{
	struct connection adopted = {.mark = segment->tsecr & 0xffff};

	clock_adopted(&adopted.clock, kernel_clock(), segment->tsecr >> 16);
	return bpf_sk_storage_get(&connections, sock, &adopted, BPF_SK_STORAGE_GET_F_CREATE);
}

/*
 * An established socket: by its storage, whatever has become of the keys that its mark was made with and
 * of the service's cookies. Without storage and without our stamp it began before the agent.
 */
step bool restore_established(struct bpf_sock *sock, const struct segment *segment, bool cookies,
			      __u32 *ret)
{
	struct connection *connection = bpf_sk_storage_get(&connections, sock, 0, 0);
	__u16 wire = segment->tsecr >> 16;

	if (!connection && cookies && is_own(segment))
		connection = adopt(sock, segment);
	if (!connection || connection->mark != (segment->tsecr & 0xffff))
		return false;
	*ret = clock_restore(&connection->clock, wire);
	return true;
}

/* `cookies`: the service takes them, so that a stamp of ours is one also where nothing is stored. */
step bool restore(struct __sk_buff *skb, const struct segment *segment, bool cookies, __u32 *ret)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = socket_tuple(&segment->flow, segment->family, &tuple), state;
	struct bpf_sock *sock = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	bool done = false;

	if (!sock)
		return false;
	state = sock->state;
	if (state == SOCKET_TIME_WAIT)
		done = restore_handshake(segment, false, ret);
	else if (state != SOCKET_LISTEN && state != SOCKET_NEW_SYN_RECV)
		done = restore_established(sock, segment, cookies, ret);
	else if (cookies)
		done = restore_handshake(segment, true, ret);
	bpf_sk_release(sock);
	return done;
}

/*
 * Replies that go through a gateway are longer by its header: the client's SYN must not ask for more than
 * the path has left.
 */
step void leave_room(struct __sk_buff *skb, const struct segment *segment)
{
	__u32 ip = segment->family == FAMILY_V6 ? sizeof(struct outer_header) : sizeof(struct iphdr);

	mss_clamp(skb, segment, settings.mtu - SRV6_OVERHEAD(1) - ip - sizeof(struct tcphdr));
}

SEC("tc")
int agent_restore(struct __sk_buff *skb)
{
	struct segment segment = {};
	__u32 kernel = 0;
	__u64 vip;
	int flags;

	if (!segment_network(skb, &segment, false))
		return TC_ACT_UNSPEC;
	vip = vip_find(&segment.flow.vip, &settings.vip_prefixes);
	if (!vip || !segment_is_tcp(&segment) || !segment_ports(skb, &segment, false))
		return TC_ACT_UNSPEC;
	flags = vip_service_flags(vip, &segment.flow);
	if (flags < 0)
		return TC_ACT_UNSPEC;
	if (flags & SERVICE_RETURN && segment.tcp.syn && !segment.tcp.ack)
		leave_room(skb, &segment);
	segment_timestamps(skb, &segment);
	if (segment.tcp.syn) {
		if (!segment.tcp.ack && flags & SERVICE_COOKIE)
			begin(skb, &segment);
		return TC_ACT_UNSPEC;
	}
	if (segment.timestamps && restore(skb, &segment, flags & SERVICE_COOKIE, &kernel))
		segment_write(skb, &segment, segment.timestamps + 4, segment.tsecr, kernel);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
