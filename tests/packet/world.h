/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The small world of the packet tests: one gateway or one agent, its neighbours, VIPs and services.
 *
 *   infrastructure fdf0::/40                        clients 203.0.113.7, 2001:db8:c::7
 *
 *   fdf0:0:0:1    this gateway       VIPs     192.0.2.1        2001:db8:1::1
 *   fdf0:0:0:2    another gateway             198.51.100.0/28  2001:db8:f::/48
 *   fdf0:0:0:5    the site (anycast)
 *   fdf0:0:0:b1   backend 1; 2, 3 and 4 likewise
 *
 * Each VIP, of either family, has the same services. What a test does not say is IPv4 or IPv6 runs
 * in both: its name appears twice.
 */
#pragma once

#include "tests/address_of.h"
#include "tests/packet/packets.h"
#include "wire/hash.h"
#include "wire/maps.h"
#include "wire/whohas.h"

enum {
	V4,
	V6,
};

#define CLIENT(v) ((v) ? "2001:db8:c::7" : "203.0.113.7")
#define VIP(v) ((v) ? "2001:db8:1::1" : "192.0.2.1")
#define PREFIX_VIP(v)                                                                              \
	((v) ? "2001:db8:f::abc" : "198.51.100.9") /* inside a VIP that is a network */
#define BEYOND_PREFIX_VIP(v) ((v) ? "2001:db8:10::" : "198.51.100.16")
#define STRANGER(v) ((v) ? "2001:db8:ffff::1" : "198.18.0.1") /* no address of ours */

#define FROM_CLIENT(v, ...) IP(v, .from = CLIENT(v), .to = VIP(v), __VA_ARGS__)
#define FROM_SERVER(v, ...) IP(v, .from = VIP(v), .to = CLIENT(v), __VA_ARGS__)

/* Services, and their numbers. */
enum {
	WEB,   /* TCP 80           */
	MANY,  /* TCP 8000 to 8100; to an agent, with cookies */
	PLAIN, /* TCP 443, agentless */
	NAMES, /* UDP 53           */
	ANY,   /* UDP, every port from 1024 upwards */
	BACK,  /* TCP 9000, to an agent with cookies and replies through the gateway */
	BACK_NAMES, /* UDP 500, likewise */
	SERVICES,
};

/* SIDs: locator, function, argument (wire/srv6.h). */
#define INFRASTRUCTURE "fdf0::"
#define INFRASTRUCTURE_BITS 40
#define ROUTE_SID "fdf0:0:0:1:f001::"
#define UNCLAIMED_SID "fdf0:0:0:1:f001:200::"
#define UNCLAIMED_COOKIE_SID "fdf0:0:0:1:f001:600::" /* the cookie had named the agent */
#define UNCLAIMED_PIN_SID "fdf0:0:0:1:f001:a00::" /* the pin had named the agent */
#define UNCLAIMED_ROW_SID "fdf0:0:0:1:f001:2200::" /* the row had, in place of a pin */
#define OTHER_SID "fdf0:0:0:2:f001::"
#define OTHER_COOKIE_SID "fdf0:0:0:2:f001:400::" /* the cookie was tried */
#define SITE_COOKIE_SID "fdf0:0:0:5:f002:400::"
#define SITE_SID "fdf0:0:0:5:f002::"
#define BACKEND_1 "fdf0:0:0:b1:f003::"
#define BACKEND_1_COOKIE "fdf0:0:0:b1:f003:400::"
#define BACKEND_1_PIN "fdf0:0:0:b1:f003:800::"
#define BACKEND_1_ROW "fdf0:0:0:b1:f003:2000::"
#define BACKEND_1_MUST "fdf0:0:0:b1:f003:100::"
#define BACKEND_2 "fdf0:0:0:b2:f003::"
#define BACKEND_2_COOKIE "fdf0:0:0:b2:f003:400::"
#define BACKEND_2_PIN "fdf0:0:0:b2:f003:800::"
#define BACKEND_2_MUST "fdf0:0:0:b2:f003:100::"
#define BACKEND_3 "fdf0:0:0:b3:f003::"
#define BACKEND_3_COOKIE "fdf0:0:0:b3:f003:400::"
#define BACKEND_3_PIN "fdf0:0:0:b3:f003:800::"
#define BACKEND_3_MUST "fdf0:0:0:b3:f003:100::"

#define BACKEND_4_PLAIN(v) ((v) ? "fdf0:0:0:b4:f0d6::" : "fdf0:0:0:b4:f0d4::")

#define FABRIC_MAC "02:00:00:00:00:fa" /* the router that frames come from */
#define OUR_MAC "02:00:00:00:00:01"
#define NEXT_MAC "02:00:00:00:00:ee" /* the next hop that frames go to */

/* A SYN's options as Linux writes them; a segment's; a SYN's without timestamps. */
#define SYN_OPTIONS                                                                                \
	OPTIONS("\x02\x04\x05\xb4\x04\x02\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x01\x03\x03"     \
		"\x07")
#define SEGMENT_OPTIONS OPTIONS("\x01\x01\x08\x0a\x00\x00\x00\x02\x00\x00\x00\x01")
#define MSS_OPTION OPTIONS("\x02\x04\x05\xb4")

/* A client's first packet, one without timestamps, and one in mid-connection. */
#define SYN(...) TCP(.flags = TCP_SYN, SYN_OPTIONS, __VA_ARGS__)
#define PLAIN_SYN(...) TCP(.flags = TCP_SYN, MSS_OPTION, __VA_ARGS__)
#define SEGMENT(...) TCP(.flags = TCP_ACK, SEGMENT_OPTIONS, __VA_ARGS__)

struct prefix prefix_of(const char *text, int bits);

/* The client's flow to a VIP, from CLIENT_PORT, as flow_hash reads it. */
struct flow flow_of(int v, int protocol, int vip_port);

/* What the kernel writes as TSval, with tcp_timestamps=2. */
__u32 kernel_clock(void);

/* Of both programs. */
extern const struct siphash_key whohas_key;

/* What goes from one address to another about the client's flow to a VIP, with its tag. */
struct whohas whohas_sealed(const char *from, const char *to, struct whohas message);

/* A table (bpf/steps/table.h) as memory. It stays mapped as long as the process lives. */
void *table_memory(int map);

/* The maps of both programs: VIPs and what each offers. The agent reads no more. */
void world_vips(int vips, int vip_prefixes, int intervals);

/* A case in both families: the family is the test's state. */
#define IN_V4(test)                                                                                \
	{                                                                                          \
		.name = #test " (IPv4)", .test_func = test, .initial_state = &families[V4]         \
	}
#define IN_V6(test)                                                                                \
	{                                                                                          \
		.name = #test " (IPv6)", .test_func = test, .initial_state = &families[V6]         \
	}
#define IN_BOTH(test) IN_V4(test), IN_V6(test)
#define FAMILY(state) (*(const int *)*(state))

extern int families[2];

/* A test of one family, or of none. */
#define ONCE(test)                                                                                 \
	{                                                                                          \
		.name = #test, .test_func = test                                                   \
	}

struct CMUnitTest;

/* Runs the tests, each begun by `begin`. Returns what main returns. */
int world_run(const char *group, const struct CMUnitTest *tests, size_t count, int (*load)(void **),
	      int (*begin)(void **), int (*unload)(void **));
