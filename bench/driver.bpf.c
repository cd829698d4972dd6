/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The driver: what runs in front of the program under test for every repeat of BPF_PROG_TEST_RUN. The
 * kernel hands the frame of one repeat, as the program left it, to the next; so the driver gives the
 * frame its size again, writes its headers anew for a random flow, and goes on in the program by a
 * tail call. The floor programs do nothing: what they take is the driver's own.
 *
 * The driver reads the clock itself, because the system call has costs of its own, and only once in
 * hundreds of packets, because reading it costs 34 ns.
 */
#include <linux/pkt_cls.h>

#include "bench/driver.h"
#include "bpf/steps/cursor.h"

struct driver driver;

/* The lower half of the timestamp that a flow's server stamped, host order; by family. */
__u16 cookie_marks[2][DRIVER_MARKS];

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} xdp_target SEC(".maps"), tc_target SEC(".maps");

/* At the beginning of a chunk. The index is masked for the verifier: no run has so many chunks. */
step void read_clock(void)
{
	__u64 packet = driver.packets++;

	if (packet % DRIVER_CHUNK_PACKETS == 0)
		driver.clock_ns[packet / DRIVER_CHUNK_PACKETS & DRIVER_CHUNKS] = bpf_ktime_get_ns();
}

step bool write_cookie(void *data, void *end, __u32 flow)
{
	void *echo = data + (driver.frame.cookie_at & 0xff);

	if (echo + sizeof(__be32) > end)
		return false;
	*(__be32 *)echo = flow_echo(cookie_marks[driver.frame.v6 & 1][flow & (DRIVER_MARKS - 1)]);
	return true;
}

step bool write_sequence(void *data, void *end)
{
	void *sequence = data + (driver.frame.sequence_at & 0xff);

	if (sequence + sizeof(__be32) > end)
		return false;
	*(__be32 *)sequence = packet_sequence(driver.packets);
	return true;
}

step bool write_flow(void *data, void *end)
{
	__u32 flow = driver_next_flow(&driver);
	void *client = data + (driver.frame.client_at & 0xff);
	void *port = data + (driver.frame.port_at & 0xff);

	if (client + sizeof(__be64) > end || port + sizeof(__be16) > end)
		return false;
	if (driver.frame.v6)
		*(__be64 *)client = flow_client_low(flow);
	else
		*(__be32 *)client = flow_client_v4(flow);
	*(__be16 *)port = flow_client_port(flow);
	if (driver.frame.sequence_at && !write_sequence(data, end))
		return false;
	return !driver.frame.cookie_at || write_cookie(data, end, flow);
}

/* `n` is a constant. */
step void write_words(void *at, const __u64 *words, __u32 n)
{
#pragma unroll
	for (__u32 i = 0; i < n; i++)
		((__u64 *)at)[i] = words[i];
}

step bool write_frame(void *data, void *end)
{
	const __u64 *words = driver.frame.words;
	const void *ethernet = driver.frame.ethernet;

	if (data + DRIVER_FRAME_SHORT > end)
		return false;
	*(__u64 *)data = *(const __u64 *)ethernet;
	*(__u32 *)(data + 8) = *(const __u32 *)(ethernet + 8);
	*(__u16 *)(data + 12) = *(const __u16 *)(ethernet + 12);
	write_words(data + ETH_HLEN, words, DRIVER_SHORT_WORDS);
	if (driver.frame.size == DRIVER_FRAME_LONG) {
		if (data + DRIVER_FRAME_LONG > end)
			return false;
		write_words(data + DRIVER_FRAME_SHORT, words + DRIVER_SHORT_WORDS,
			    DRIVER_WORDS - DRIVER_SHORT_WORDS);
	}
	return write_flow(data, end);
}

/* What the program under test added to the frame. Pointers are subtracted in 64 bits: hence the asm. */
step int excess(const struct xdp_md *ctx)
{
	__u64 size = frame_size(ctx);

	asm volatile("" : "+r"(size));
	return (int)size - (int)driver.frame.size;
}

SEC("xdp")
int drive_xdp(struct xdp_md *ctx)
{
	read_clock();
	if (bpf_xdp_adjust_head(ctx, excess(ctx)))
		return XDP_ABORTED;
	if (write_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		bpf_tail_call(ctx, &xdp_target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int floor_xdp(struct xdp_md *ctx)
{
	return XDP_TX;
}

/* No program of ours changes the size of an skb yet, so there is nothing to undo. */
SEC("tc")
int drive_tc(struct __sk_buff *skb)
{
	read_clock();
	if (write_frame((void *)(long)skb->data, (void *)(long)skb->data_end))
		bpf_tail_call(skb, &tc_target, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int floor_tc(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

/*
 * A test run's packet has no socket of a connection. So there is a driver where the host's sockets send, too:
 * filters of a device's egress, a first one, DRIVER_CHUNK_PACKETS times the one in the middle, and a last
 * one. They take one real segment, have the program under test go over it in each, and let it go as it came.
 */
step bool write_timestamp(struct __sk_buff *skb, __be32 tsval)
{
	void *at = (void *)(long)skb->data + (driver.egress.tsval_at & 0xff);

	if (at + sizeof(tsval) > (void *)(long)skb->data_end)
		return false;
	*(__be32 *)at = tsval;
	return true;
}

/* The first bytes. */
step void see(struct __sk_buff *skb, __u8 *ret)
{
	__u32 size = skb->len < DRIVER_SEEN ? skb->len : DRIVER_SEEN;

	if (size > 0 && size <= DRIVER_SEEN)
		bpf_skb_load_bytes(skb, 0, ret, size);
}

step bool is_awaited(struct __sk_buff *skb)
{
	__u32 at = ETH_HLEN + (skb->protocol == bpf_htons(ETH_P_IPV6) ? 40 : 20);
	__be16 port = 0;

	return driver.egress.left && !bpf_skb_load_bytes(skb, at, &port, sizeof(port)) &&
	       port == driver.egress.port;
}

SEC("tc")
int egress_begin(struct __sk_buff *skb)
{
	if (!is_awaited(skb))
		return TC_ACT_UNSPEC;
	driver.egress.active = 1;
	bpf_skb_load_bytes(skb, driver.egress.tsval_at & 0xff, &driver.egress.own_tsval, sizeof(__be32));
	see(skb, driver.egress.before);
	driver.egress.began_ns = bpf_ktime_get_ns();
	return TC_ACT_UNSPEC;
}

SEC("tc")
int drive_egress(struct __sk_buff *skb)
{
	if (!driver.egress.active || !driver.egress.left)
		return TC_ACT_UNSPEC;
	driver.egress.left--;
	if (write_timestamp(skb, bpf_htonl(driver.egress.tsval++)))
		bpf_tail_call(skb, &tc_target, 0);
	return TC_ACT_SHOT;
}

/* The chunks' times are told as if one had followed the other. */
SEC("tc")
int egress_end(struct __sk_buff *skb)
{
	__u32 chunk = driver.egress.chunks;

	if (!driver.egress.active)
		return TC_ACT_UNSPEC;
	driver.clock_ns[(chunk + 1) & DRIVER_CHUNKS] =
		driver.clock_ns[chunk & DRIVER_CHUNKS] + bpf_ktime_get_ns() - driver.egress.began_ns;
	driver.egress.chunks = chunk + 1;
	see(skb, driver.egress.after);
	write_timestamp(skb, driver.egress.own_tsval);
	driver.egress.active = 0;
	return TC_ACT_UNSPEC;
}

/* With live frames, which are sent where the test run says that they came from: see bench/live.c. */
SEC("xdp")
int send_xdp(struct xdp_md *ctx)
{
	return write_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_TX : XDP_ABORTED;
}

__u64 counted;

SEC("xdp")
int count_xdp(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&counted, 1);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
