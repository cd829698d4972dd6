/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is this connection ours? The host's socket table is the only state that is asked.
 *
 *   SYN             a socket that listens (or the connection itself: a retransmitted SYN)
 *   in mid-flow     an established socket; a half-open one that the segment belongs to; a listener whose SYN
 *                   cookie the ACK proves
 *   TIME_WAIT       only when nobody else can have it: after port reuse it would steal a living flow
 *   UDP             any socket
 *
 * A listener alone never claims a packet in mid-flow. Nor does a half-open socket claim just any: one forged
 * SYN makes it, of a connection that lives on another backend, and the host would answer that connection's
 * segments with a reset which the client believes. It has sent nothing but a SYN-ACK, and nobody knows its number
 * who has not seen it.
 *
 * Who asks without a packet (wire/whohas.h) is answered from the same table.
 */
#pragma once

#include "bpf/steps/packet.h"
#include "bpf/steps/socket.h"
#include "wire/verdicts.h"
#include "wire/whohas.h"

/* Does the ICMP error quote the segment that begins with `sequence`? `cursor` stands at the error. */
step bool claim_quoted(struct cursor cursor, const struct packet *packet, __u32 sequence)
{
	const struct tcphdr *quoted;
	const struct iphdr *ipv4;

	cursor_take(&cursor, sizeof(struct icmp_header));
	if (packet->family == FAMILY_V6) {
		cursor_take(&cursor, sizeof(struct outer_header));
	} else {
		ipv4 = cursor_take(&cursor, sizeof(*ipv4));
		if (!ipv4)
			return false;
		cursor_skip(&cursor, (ipv4->ihl - 5) * 4);
	}
	quoted = cursor_take(&cursor, offsetof(struct tcphdr, ack_seq));
	return quoted && bpf_ntohl(quoted->seq) == sequence;
}

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

/*
 * Is the segment of the handshake that this half-open socket is of? It acknowledges the SYN-ACK; or is the
 * reset of a client that wants none, whose number the SYN-ACK has told (RFC 9293, 3.10.7.1); or an
 * ICMP error that quotes the SYN-ACK. Of a later fragment nobody knows.
 */
step bool claim_half_open(struct xdp_md *ctx, const struct packet *packet, struct bpf_sock *sock)
{
	struct cursor cursor = cursor_at(ctx, packet->transport);
	struct request_numbers numbers;
	const struct tcphdr *tcp;

	if (!request_read(sock, &numbers))
		return true;
	if (packet->kind == PACKET_LATER_FRAGMENT)
		return false;
	if (packet->kind == PACKET_ICMP_ERROR)
		return claim_quoted(cursor, packet, numbers.own);
	tcp = cursor_take(&cursor, sizeof(*tcp));
	if (!tcp)
		return false;
	if (packet->tcp_flags & TCP_ACK)
		return bpf_ntohl(tcp->ack_seq) == numbers.own + 1;
	return packet->tcp_flags & TCP_RST && bpf_ntohl(tcp->seq) == numbers.client + 1;
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
	if (sock->state == SOCKET_NEW_SYN_RECV)
		return claim_half_open(ctx, packet, sock) ? AGENT_CLAIM_SOCKET : AGENT_GO_ON;
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

/* Does the host hold this TCP connection? A question has no segment, so a half-open socket counts where nobody has more. */
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
	else if (sock->state == SOCKET_TIME_WAIT || sock->state == SOCKET_NEW_SYN_RECV)
		answer = WHOHAS_CLOSED;
	bpf_sk_release(sock);
	return answer;
}
