/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/crosscheck.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/connection.h"
#include "wire/verdicts.h"

#define LINK "near"
#define ROUNDS 20000 /* a question and an answer each */
#define MESSAGE 64   /* bytes */
#define MARK 0xffff

static int own = -1, clients = -1; /* network namespaces */

static const char *const here[] = {
	"ip link add " LINK " mtu 1600 type veth peer name client mtu 1600",
	"ip link set client netns /proc/$PPID/fd/%d",
	"sysctl -qw net.ipv6.conf." LINK ".accept_dad=0 net.ipv4.conf.all.rp_filter=0"
	" net.ipv4.conf." LINK ".rp_filter=0 net.ipv4.tcp_timestamps=2",
	"ip link set " LINK " up",
	"ip addr add 198.18.0.1/24 dev " LINK " && ip addr add fd00:9::1/64 dev " LINK " nodad",
	"ip route add 2001:db8:f::/64 via fd00:9::2",
	"tc qdisc add dev " LINK " clsact",
	NULL,
};

static const char *const there[] = {
	"sysctl -qw net.ipv6.conf.client.accept_dad=0",
	"ip link set lo up && ip link set client up",
	"ip addr add 198.18.0.2/24 dev client && ip addr add fd00:9::2/64 dev client nodad",
	"ip addr add 2001:db8:f::2/128 dev client nodad",
	"ip sr tunsrc set fd48:0:0:102:f001::",
	"ip route add fd48::/32 via fd00:9::1",
	"ip route add 192.0.2.1/32 encap seg6 mode encap.red segs fd48:0:0:201:f003:: dev client"
	" src 198.18.0.2",
	"ip route add 2001:db8:1::1/128 encap seg6 mode encap.red segs fd48:0:0:201:f003:: dev client"
	" src 2001:db8:f::2",
	NULL,
};

static int run_commands(const char *const *commands)
{
	char command[512];

	for (size_t i = 0; commands[i]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(command, sizeof(command), commands[i], clients);
#pragma GCC diagnostic pop
		if (system(command) == 0)
			continue;
		log_error("cannot build the client's network: %s", command);
		return -EIO;
	}
	return 0;
}

static int enter(int namespace)
{
	return setns(namespace, CLONE_NEWNET) < 0 ? -errno : 0;
}

int crosscheck_prepare(void)
{
	int r = 0;

	own = open("/proc/self/ns/net", O_RDONLY); /* both stay open, and commands inherit them */
	if (own < 0 || unshare(CLONE_NEWNET) < 0)
		r = -errno;
	clients = open("/proc/self/ns/net", O_RDONLY);
	if (r == 0)
		r = enter(own);
	if (r == 0)
		r = run_commands(here);
	if (r == 0)
		r = enter(clients);
	if (r == 0)
		r = run_commands(there);
	return r == 0 ? enter(own) : r;
}

static int attach_tc(enum bpf_tc_attach_point point, int program, uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(LINK), .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = 1, .priority = priority,
		    .flags = BPF_TC_F_REPLACE);

	return bpf_tc_attach(&hook, &options);
}

/* As the agent does; and behind each at tc the program that does nothing. */
static int attach(const struct programs *programs)
{
	int empty = programs_fd(programs, TARGET_FLOOR_SKB);
	int r = bpf_xdp_attach(if_nametoindex(LINK), programs_fd(programs, TARGET_ACCEPT),
			       XDP_FLAGS_DRV_MODE, NULL);

	if (r == 0)
		r = attach_tc(BPF_TC_INGRESS, programs_fd(programs, TARGET_RESTORE), 1);
	if (r == 0)
		r = attach_tc(BPF_TC_EGRESS, programs_fd(programs, TARGET_STAMP), 1);
	return r == 0 ? attach_tc(BPF_TC_EGRESS, empty, 2) : r;
}

/* To the service with cookies. The client's is ret[0], the server's ret[1]. */
static int connect_there(const struct sockets *sockets, bool v6, int ret[2])
{
	int listener = sockets->living[v6 * SOCKETS_EACH];
	struct timeval most = {.tv_sec = 3};
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	int r = enter(clients);

	if (r == 0)
		ret[0] = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r == 0)
		r = enter(own);
	if (r < 0 || getsockname(listener, (struct sockaddr *)&name, &size) < 0 ||
	    setsockopt(ret[0], SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) < 0 ||
	    setsockopt(ret[0], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) < 0 ||
	    connect(ret[0], (struct sockaddr *)&name, size) < 0)
		return r < 0 ? r : -errno;
	ret[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ret[1] < 0 || setsockopt(ret[1], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) < 0)
		return -errno;
	return sockets_hasten(ret[0], ret[1]);
}

/* What agent_birth would have stored, but for the mark: one that is behind that of the SYN-ACK in any case. */
static int store(const struct programs *programs, int server)
{
	struct connection connection = {.mark = MARK};
	struct timespec now;
	uint32_t kernel;

	clock_gettime(CLOCK_MONOTONIC, &now);
	kernel = now.tv_sec * 1000 + now.tv_nsec / 1000000;
	clock_born(&connection.clock, 0, kernel);
	return bpf_map_update_elem(programs_connections(programs), &server, &connection, BPF_ANY);
}

static int talk(const int fds[2], int rounds)
{
	uint8_t message[MESSAGE] = {};

	for (int i = 0; i < rounds; i++)
		for (int from = 0; from < 2; from++)
			if (send(fds[from], message, MESSAGE, 0) != MESSAGE ||
			    recv(fds[!from], message, MESSAGE, MSG_WAITALL) != MESSAGE)
				return -errno;
	return 0;
}

struct totals {
	uint64_t runs, ns;
};

static int read_totals(int program, struct totals *ret)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int r = bpf_obj_get_info_by_fd(program, &info, &size);

	*ret = (struct totals){.runs = info.run_cnt, .ns = info.run_time_ns};
	return r;
}

#define PARTS 4

static const enum target parts[PARTS] = {TARGET_FLOOR_SKB, TARGET_ACCEPT, TARGET_RESTORE, TARGET_STAMP};
static const char *const part_paths[PARTS] = {NULL, "agent-claim", "agent-restore", "agent-stamp"};

static int read_parts(const struct programs *programs, struct totals ret[PARTS])
{
	int r = 0;

	for (int i = 0; i < PARTS && r == 0; i++)
		r = read_totals(programs_fd(programs, parts[i]), &ret[i]);
	return r;
}

static void tell(const struct totals before[PARTS], const struct totals after[PARTS], bool v6,
		 struct crosscheck *ret)
{
	double ns[PARTS];
	uint64_t runs[PARTS];

	for (int i = 0; i < PARTS; i++) {
		runs[i] = after[i].runs - before[i].runs;
		ns[i] = runs[i] ? (double)(after[i].ns - before[i].ns) / runs[i] : 0;
	}
	for (int i = 1; i < PARTS; i++)
		ret[i - 1] = (struct crosscheck){
			.path = part_paths[i],
			.v6 = v6,
			.runs = runs[i],
			.ns = ns[i] - ns[0],
			.empty_ns = ns[0],
		};
}

/* Every answer carries its stamp, and every packet of the client was claimed: else it is no such traffic. */
static int talk_counted(const struct programs *programs, const int fds[2])
{
	uint64_t stamped = 0, claimed = 0, before_stamped = 0, before_claimed = 0;
	int r = programs_count(programs, TARGET_STAMP, REPLY_STAMPED, &before_stamped);

	if (r == 0)
		r = programs_count(programs, TARGET_ACCEPT, AGENT_CLAIM_SOCKET, &before_claimed);
	if (r == 0)
		r = talk(fds, ROUNDS);
	if (r == 0)
		r = programs_count(programs, TARGET_STAMP, REPLY_STAMPED, &stamped);
	if (r == 0)
		r = programs_count(programs, TARGET_ACCEPT, AGENT_CLAIM_SOCKET, &claimed);
	if (r == 0 && (stamped - before_stamped < ROUNDS || claimed - before_claimed < ROUNDS))
		r = -EBADMSG;
	return r;
}

static int run_one(const struct programs *programs, const struct sockets *sockets, bool v6,
		   struct crosscheck *ret)
{
	struct totals before[PARTS], after[PARTS];
	int fds[2] = {-1, -1};
	int r = connect_there(sockets, v6, fds);

	if (r == 0)
		r = store(programs, fds[1]);
	if (r == 0)
		r = talk(fds, ROUNDS / 10);
	if (r == 0)
		r = read_parts(programs, before);
	if (r == 0)
		r = talk_counted(programs, fds);
	if (r == 0)
		r = read_parts(programs, after);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (r == 0)
		tell(before, after, v6, ret);
	return r;
}

int crosscheck_run(const struct programs *programs, const struct sockets *sockets,
		   struct crosscheck *ret)
{
	_cleanup_close_ int statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
	int r = statistics < 0 ? -errno : attach(programs);

	for (int v6 = 0; v6 < 2 && r == 0; v6++)
		r = run_one(programs, sockets, v6, ret + v6 * (PARTS - 1));
	bpf_xdp_detach(if_nametoindex(LINK), XDP_FLAGS_DRV_MODE, NULL);
	if (r < 0)
		log_error("cannot measure under real traffic: %s", strerror(-r));
	return r;
}
