/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this connection ours? The host's socket table is the only state that is asked.
 *
 *   SYN             a socket that listens (or the connection itself: a retransmitted SYN)
 *   in mid-flow     an established or half-open socket; a listener whose SYN cookie the ACK proves
 *   TIME_WAIT       only when nobody else can have it: after port reuse it would steal a living flow
 *   UDP             any socket
 *
 * A listener alone never claims a packet in mid-flow.
 *
 * Who asks without a packet (wire/whohas.h) is answered from the same table.
 */
#pragma once

#include "bpf/steps/packet.h"
#include "bpf/steps/socket.h"
#include "wire/verdicts.h"
#include "wire/whohas.h"

/* Does this ACK answer a SYN cookie of the listener's? (RFC 4987, 3.6) */
step bool claim_syn_cookie(struct xdp_md *ctx, const struct packet *packet, void *listener)
{
	struct cursor network = cursor_at(ctx, packet->at);
	struct cursor transport = cursor_at(ctx, packet->transport);
	struct tcphdr *tcp = cursor_take(&transport, sizeof(*tcp));
	void *ip;

	if (!tcp || packet->kind != PACKET_WHOLE ||
	    (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_ACK)
		return false;
	if (packet->family == FAMILY_V6) {
		ip = cursor_take(&network, sizeof(struct ipv6hdr));
		return ip && !bpf_tcp_check_syncookie(listener, ip, sizeof(struct ipv6hdr), tcp,
						      sizeof(*tcp));
	}
	ip = cursor_take(&network, sizeof(struct iphdr));
	return ip &&
	       !bpf_tcp_check_syncookie(listener, ip, sizeof(struct iphdr), tcp, sizeof(*tcp));
}

step int claim_tcp_state(struct xdp_md *ctx, const struct packet *packet, struct bpf_sock *sock,
			 bool sole)
{
	bool syn = (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (syn)
		return AGENT_CLAIM_SYN;
	if (sock->state == SOCKET_TIME_WAIT)
		return sole ? AGENT_CLAIM_TIME_WAIT : AGENT_GO_ON;
	if (sock->state == SOCKET_LISTEN)
		return claim_syn_cookie(ctx, packet, sock) ? AGENT_CLAIM_SYN_COOKIE : AGENT_GO_ON;
	return AGENT_CLAIM_SOCKET;
}

/*
 * The verdict of a claim, or AGENT_GO_ON when the host does not hold the connection. `sole`: no
 * other node was asked or will be.
 */
step int claim(struct xdp_md *ctx, const struct packet *packet, bool sole)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = socket_tuple(&packet->flow, packet->family, &tuple);
	struct bpf_sock *sock;
	int verdict;

	/* Apart to the end: the verifier does not want two kinds of socket in one place. */
	if (packet->flow.protocol == IPPROTO_TCP) {
		sock = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!sock)
			return AGENT_GO_ON;
		verdict = claim_tcp_state(ctx, packet, sock, sole);
		bpf_sk_release(sock);
		return verdict;
	}
	sock = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!sock)
		return AGENT_GO_ON;
	bpf_sk_release(sock);
	return AGENT_CLAIM_SOCKET;
}

/* Does the host hold this TCP connection? */
step enum whohas_answer claim_ask(struct xdp_md *ctx, const struct flow *flow)
{
	struct bpf_sock_tuple tuple = {};
	__u8 family = address_is_v4(&flow->vip) ? FAMILY_V4 : FAMILY_V6;
	__u32 size = socket_tuple(flow, family, &tuple);
	struct bpf_sock *sock = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	enum whohas_answer answer = WHOHAS_MINE;

	if (!sock)
		return WHOHAS_NOT_MINE;
	if (sock->state == SOCKET_LISTEN)
		answer = WHOHAS_NOT_MINE;
	else if (sock->state == SOCKET_TIME_WAIT)
		answer = WHOHAS_CLOSED;
	bpf_sk_release(sock);
	return answer;
}
