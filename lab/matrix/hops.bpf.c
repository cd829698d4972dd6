/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the fabric sends which connection: at tc egress of its links, the client's port and the link that
 * the last packet went out on. (To ask the kernel instead, `ip route get`, is right for IPv4 alone: for
 * IPv6, and for whatever hash a packet brings along from its socket, it tells another next hop.)
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FIRST_PORT 20000 /* as in lab/matrix/cells.sh */
#define PORTS 512

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORTS);
	__type(key, __u32);
	__type(value, __u32);
} hops SEC(".maps");

static __always_inline int transport_of(struct __sk_buff *skb)
{
	struct ipv6hdr ipv6;
	struct iphdr ipv4;

	if (skb->protocol == bpf_htons(ETH_P_IP) &&
	    bpf_skb_load_bytes(skb, ETH_HLEN, &ipv4, sizeof(ipv4)) == 0 && ipv4.protocol == IPPROTO_TCP)
		return ETH_HLEN + ipv4.ihl * 4;
	if (skb->protocol == bpf_htons(ETH_P_IPV6) &&
	    bpf_skb_load_bytes(skb, ETH_HLEN, &ipv6, sizeof(ipv6)) == 0 && ipv6.nexthdr == IPPROTO_TCP)
		return ETH_HLEN + sizeof(ipv6);
	return 0;
}

SEC("tc")
int note_hop(struct __sk_buff *skb)
{
	int at = transport_of(skb);
	__u32 place, link = skb->ifindex;
	__be16 port;

	if (!at || bpf_skb_load_bytes(skb, at, &port, sizeof(port)))
		return TC_ACT_UNSPEC;
	place = bpf_ntohs(port) - FIRST_PORT;
	bpf_map_update_elem(&hops, &place, &link, BPF_ANY);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
