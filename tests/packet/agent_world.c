/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"

#include "agent_accept.skel.h"

const struct hash_key agent_hash_key = {
	.words = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
	.finish = 0xbe5466cf34e90c6cULL,
};

const struct cookie_keys agent_cookie_keys = {
	.epochs = {{{1, 2}}, {{7, 8}}},
	.live = 3,
	.current = 1,
};

static struct agent_accept *skeleton;
static struct subject subject;
static int (*also_load)(void **), (*also_unload)(void **);
static int tap = -1;

#define ROW(symbol, name, action, help) VERDICT_ROW(AGENT, symbol, name, action)
static const struct verdict_row verdicts[] = {AGENT_VERDICTS(ROW)};
#undef ROW

int agent_map(const char *name)
{
	return bpf_object__find_map_fd_by_name(skeleton->obj, name);
}

int agent_tap(void)
{
	return tap;
}

void given_sysctl(const char *path, const char *value)
{
	char file[128];
	int fd;

	snprintf(file, sizeof(file), "/proc/sys/net/%s", path);
	fd = open(file, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), (int)strlen(value));
	close(fd);
}

void agent_check(const struct frame *in, int verdict, const struct frame *out, const char *file,
		 int line)
{
	subject_check(&subject, in, verdict, out, file, line);
}

int agent_run(const struct frame *in, struct frame *ret_out, const char *file, int line)
{
	return subject_run(&subject, in, ret_out, file, line);
}

static void tap_open(void)
{
	struct ifreq request = {.ifr_name = AGENT_LINK, .ifr_flags = IFF_TAP | IFF_NO_PI};

	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	assert_true(tap >= 0);
	assert_int_equal(ioctl(tap, TUNSETIFF, &request), 0);
}

static void command(const char *line)
{
	assert_int_equal(system(line), 0);
}

/* Addresses of the VIPs on lo, as an agent's host has them; the way to the clients. */
static void network_build(void)
{
	given_sysctl("ipv4/conf/all/rp_filter", "0");
	given_sysctl("ipv4/conf/default/rp_filter", "0");
	given_sysctl("ipv6/conf/default/accept_dad", "0");
	tap_open();
	command("ip link set lo up && ip link set clients address " OUR_MAC " up");
	command("ip addr add 192.0.2.1/32 dev lo && ip addr add 2001:db8:1::1/128 dev lo nodad");
	command("ip route add 203.0.113.0/24 dev clients src 192.0.2.1");
	command("ip route add 2001:db8:c::/64 dev clients src 2001:db8:1::1");
	command("ip neigh add 203.0.113.7 lladdr " FABRIC_MAC " dev clients nud permanent");
	command("ip neigh add 2001:db8:c::7 lladdr " FABRIC_MAC " dev clients nud permanent");
}

static int agent_load(void **state)
{
	struct agent_settings *settings;

	network_build();
	skeleton = agent_accept__open();
	assert_non_null(skeleton);
	settings = (struct agent_settings *)&skeleton->rodata->settings;
	settings->infrastructure = prefix_of(INFRASTRUCTURE, INFRASTRUCTURE_BITS);
	settings->accept = address_of(BACKEND_1);
	settings->vip_prefixes = 1;
	settings->fingerprint = FINGERPRINT;
	settings->id = OWN_ID;
	settings->key = agent_hash_key;
	settings->cookie = agent_cookie_keys;
	settings->who_has = whohas_key;
	assert_int_equal(agent_accept__load(skeleton), 0);
	world_vips(bpf_map__fd(skeleton->maps.vips), bpf_map__fd(skeleton->maps.vip_prefixes),
		   bpf_map__fd(skeleton->maps.intervals));
	return also_load ? also_load(state) : 0;
}

static int agent_begin(void **state)
{
	subject = (struct subject){
		.program = bpf_program__fd(skeleton->progs.agent_accept),
		.counters = bpf_map__fd(skeleton->maps.counters),
		.verdicts = verdicts,
		.verdicts_end = AGENT_VERDICTS_END,
		.send_action = XDP_TX,
	};
	given_sysctl("ipv4/tcp_syncookies", "1");
	server_close_all();
	return 0;
}

static int agent_unload(void **state)
{
	if (also_unload)
		also_unload(state);
	agent_accept__destroy(skeleton);
	close(tap);
	return 0;
}

int agent_tests(const struct CMUnitTest *tests, size_t count, int (*load)(void **),
		int (*unload)(void **))
{
	also_load = load;
	also_unload = unload;
	return world_run("agent", tests, count, agent_load, agent_begin, agent_unload);
}
