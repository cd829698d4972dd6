/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shipped gateway program in the small world. It begins anew for each test: every service has
 * one generation, all of backend 1; this gateway routes every flow; one next hop, MTU 1500, on the
 * interface that packets come from. A test says what is otherwise, then: a packet in, a verdict, a
 * packet out.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pin_table.h"
#include "tests/packet/run.h"
#include "tests/packet/world.h"
#include "wire/recent.h"
#include "wire/verdicts.h"

#define ROW_SIZE 7 /* rows, unless a test says otherwise */

#define FINGERPRINT 0x1122334455667788 /* of the gateway's secret */

/* Another site, as a candidate. */
#define AWAY (ROW_SITE | 1)
#define AWAY_SID "fdf0:0:0:6:f002::"
#define AWAY_SID_1 "fdf0:0:0:6:f002:1::" /* after one move */

#define ROUTER_SELF 1
#define ROUTER_OTHER 2

/* The candidates of each of the service's rows, newest generation first. None: no open backend. */
#define given_candidates(service, ...)                                                             \
	given_generations(service, (const int[]){__VA_ARGS__},                                     \
			  sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
void given_generations(int service, const int *backends, int count);

/* What packets from other sites go by, of the service's generations. None, unless a test gives it. */
#define given_home(service, ...)                                                                   \
	given_home_of(service, (const int[]){__VA_ARGS__},                                         \
		      sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
void given_home_of(int service, const int *backends, int count);

/* Three generations, and what was before them, say the same. */
void given_agreement(int service, int backend);

/* One generation of `size` rows, whose backends are a function of the row. */
void given_rows(int service, int size, int (*backend_of)(int row));

/* Nobody is open any more, and the rows are as they were. */
void given_closed(int service);

void given_router(int router);
void given_no_router(void);
void given_next_hop(const struct next_hop *hop);

/* The device is a VLAN's of this id, above another (0: none that can send). Id 0: it is no VLAN's. */
void given_vlan_device(__u32 ifindex, __u32 below, __u16 id);
void given_unreachable_backend(int backend);
void given_dark_backend(int backend);

/* The program that it goes on in for SIDs is not there. */
void given_no_stages(void);

/* Metadata before the packet leaves the driver's headroom too small. False: this kernel takes none so large. */
bool given_no_headroom(void);
void given_send_action(int action);

/* Who holds the service's connections. A test begins with all four. */
#define given_members(service, ...)                                                                \
	given_members_of(service, (const int[]){__VA_ARGS__},                                      \
			 sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
void given_members_of(int service, const int *members, int count);

/* The service takes cookies, of these members. A test begins with cookies for TCP. */
#define given_cookies(service, ...)                                                                \
	given_cookies_of(service, (const int[]){__VA_ARGS__},                                      \
			 sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
void given_cookies_of(int service, const int *members, int count);
void given_no_cookies(int service);

/* The operator has switched the service off. */
void given_off(int service);

/* Agents may send nothing back. */
void given_one_way(int service);

/* A flow's first packet pins it. A test begins with that for PLAIN. */
void given_sticky(int service);

extern const struct cookie_keys cookie_keys;

/* Before the program is loaded: its pins have one bucket. */
void gateway_one_bucket(void);

/* Before the program is loaded: it tells of every packet. */
void gateway_tracing(void);

/* For what runs it by itself. */
int gateway_program(void);

/* A map of the program's, for a test of what only it is about. */
int gateway_map(const char *name);

/* Its entry in the table. */
struct service *gateway_service(int service);

/* The words of flows whose pins were just read (wire/recent.h), of which a test begins with none. */
__u64 *gateway_recents(void);

/* The program's own pins, of which a test begins with none. */
const struct pin_table *gateway_pins(void);

__u64 hash_of(const struct flow *flow);

/* The flow label of the client's flow, for an expected outer header. */
__u32 label_of(int v, int protocol, int vip_port);

#define FROM_FABRIC ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC)
#define TO_FABRIC ETHERNET(.from = OUR_MAC, .to = FABRIC_MAC) /* an answer */
#define TO_NEXT ETHERNET(.from = OUR_MAC, .to = NEXT_MAC)

/* The outer header that the gateway writes for the client's flow to `port`; what the test adds
 * comes last. */
#define OUTER(v, protocol, port, ...)                                                              \
	IPV6(.from = ROUTE_SID, .label = label_of(v, protocol, port), __VA_ARGS__)

/* The outer header of a packet that another gateway sent here. */
#define FROM_GATEWAY(...) IPV6(.from = OTHER_SID, __VA_ARGS__)

/* An error about a packet of ours, from a router on its way. */
#define ERROR(v) ICMP(.type = (v) ? 2 : 3, .code = (v) ? 0 : 4, .rest = 1280)
#define FROM_ROUTER(v, ...) IP(v, .from = STRANGER(v), .to = VIP(v), __VA_ARGS__)

#define through_gateway(in, verdict, out)                                                          \
	do {                                                                                       \
		const struct frame in_ = (in), out_ = (out);                                       \
		gateway_check(&in_, verdict, &out_, __FILE__, __LINE__);                           \
	} while (0)
void gateway_check(const struct frame *in, int verdict, const struct frame *out, const char *file,
		   int line);

/* The verdict and the packet as it left, for tests that send many. */
int gateway_run(const struct frame *in, struct frame *ret_out);

int gateway_tests(const struct CMUnitTest *tests, size_t count);

#define GATEWAY_TESTS(...)                                                                         \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		return gateway_tests(tests, sizeof(tests) / sizeof(tests[0]));                     \
	}
