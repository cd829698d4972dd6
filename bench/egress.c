/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/world.h"
#include "wire/srv6.h"

#define TSVAL_IN_OPTIONS 4 /* behind two NOPs: RFC 7323, appendix A */

static int attach(int program, uint32_t priority, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = handle,
		    .priority = priority, .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &options);
}

/* Filters of one priority follow each other in one list, whatever their handles. */
int egress_attach(int begin, int drive, int end)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = LOOPBACK, .attach_point = BPF_TC_EGRESS);
	int r = bpf_tc_hook_create(&hook);

	r = r < 0 && r != -EEXIST ? r : attach(begin, 1, 1);
	for (uint32_t i = 1; r == 0 && i <= DRIVER_CHUNK_PACKETS; i++)
		r = attach(drive, 2, i);
	return r < 0 ? r : attach(end, 3, 1);
}

static int sender(const struct sockets *sockets, enum egress egress, bool v6)
{
	const int *fds = sockets->living + v6 * SOCKETS_EACH;

	return fds[egress == EGRESS_SERVER ? SOCKETS_SERVER : SOCKETS_CLIENT];
}

static int receiver(const struct sockets *sockets, enum egress egress, bool v6)
{
	const int *fds = sockets->living + v6 * SOCKETS_EACH;

	return fds[egress == EGRESS_SERVER ? SOCKETS_CLIENT : SOCKETS_SERVER];
}

struct driver_egress egress_driver(const struct sockets *sockets, enum egress egress, bool v6,
				   uint32_t packets)
{
	struct sockaddr_in6 name = {}; /* the port of both families is at the same place */
	socklen_t size = sizeof(name);
	size_t ip = v6 ? sizeof(struct outer_header) : sizeof(struct iphdr);

	getsockname(sender(sockets, egress, v6), (struct sockaddr *)&name, &size);
	return (struct driver_egress){
		.port = name.sin6_port,
		.tsval_at = ETH_HLEN + ip + sizeof(struct tcphdr) + TSVAL_IN_OPTIONS,
		.left = packets,
		.tsval = EGRESS_LAG_MS + EGRESS_CLOCK + 1,
	};
}

/* One segment, which comes to the other end as the kernel wrote it. */
static int send_one(int from, int to)
{
	uint8_t bytes[64] = {};
	ssize_t n = send(from, bytes, sizeof(bytes), 0);

	if (n > 0)
		n = recv(to, bytes, sizeof(bytes), MSG_WAITALL);
	return n < 0 ? -errno : 0;
}

int egress_send(const struct sockets *sockets, enum egress egress, bool v6, const struct driver *driver)
{
	const volatile struct driver_egress *progress = &driver->egress;
	int r = 0;

	for (uint32_t left = progress->left; left && r == 0; left = progress->left) {
		r = send_one(sender(sockets, egress, v6), receiver(sockets, egress, v6));
		if (r == 0 && (progress->left == left || progress->active))
			r = -ENOMSG;
	}
	return r;
}

/* The segment's checksum is the network card's to finish: the program need not change it. */
const char *egress_check(const struct driver_egress *seen, enum egress egress)
{
	uint8_t expected[DRIVER_SEEN];
	__be32 tsval = htonl(egress == EGRESS_SERVER ? (uint32_t)(EGRESS_CLOCK + 1) << 16 | EGRESS_MARK
						      : seen->tsval - 1);

	memcpy(expected, seen->before, sizeof(expected));
	memcpy(expected + seen->tsval_at, &tsval, sizeof(tsval));
	if (memcmp(seen->after + seen->tsval_at, &tsval, sizeof(tsval)) != 0)
		return egress == EGRESS_SERVER ? "its timestamp is not the cookie" : "its timestamp changed";
	return memcmp(expected, seen->after, sizeof(expected)) == 0 ? NULL
								    : "more than its timestamp has changed";
}
