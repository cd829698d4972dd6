/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shipped agent program on a backend of the small world: backend 1, in a network namespace of
 * its own with real sockets. The VIPs are on lo; clients live behind a TAP device, where the test
 * plays them packet by packet (client.h).
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/packet/run.h"
#include "tests/packet/world.h"
#include "wire/verdicts.h"

/* To and from the fabric; the agent answers with the addresses exchanged. */
#define FROM_FABRIC ETHERNET(.from = FABRIC_MAC, .to = OUR_MAC)
#define TO_FABRIC ETHERNET(.from = OUR_MAC, .to = FABRIC_MAC)

/* The outer header as a gateway writes it; what the test adds comes last. */
#define FROM_GATEWAY(...) IPV6(.from = ROUTE_SID, .label = 0x12345, __VA_ARGS__)

#define through_agent(in, verdict, out)                                                            \
	do {                                                                                       \
		const struct frame in_ = (in), out_ = (out);                                       \
		agent_check(&in_, verdict, &out_, __FILE__, __LINE__);                             \
	} while (0)
void agent_check(const struct frame *in, int verdict, const struct frame *out, const char *file,
		 int line);

/* The verdict; *ret_out is the packet as it left, where it cannot be written down beforehand. */
int agent_run(const struct frame *in, struct frame *ret_out, const char *file, int line);

/* Of the agent's secret. */
#define FINGERPRINT 0x1122334455667788
extern const struct hash_key agent_hash_key;
extern const struct cookie_keys agent_cookie_keys;

#define OWN_ID 1 /* the agent's backend */

/* A map of the program's, that another program shall use too. */
int agent_map(const char *name);

/* The TAP device that clients live behind: its name, and its other end. */
#define AGENT_LINK "clients"
int agent_tap(void);

/* Writes to a file under /proc/sys/net of the namespace. */
void given_sysctl(const char *path, const char *value);

/* `load` and `unload` are the test's own, within the agent's; NULL: there is nothing else to load. */
int agent_tests(const struct CMUnitTest *tests, size_t count, int (*load)(void **),
		int (*unload)(void **));

#define AGENT_TESTS(...) AGENT_TESTS_WITH(NULL, NULL, __VA_ARGS__)
#define AGENT_TESTS_WITH(load, unload, ...)                                                        \
	int main(void)                                                                             \
	{                                                                                          \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                                   \
		return agent_tests(tests, sizeof(tests) / sizeof(tests[0]), load, unload);         \
	}
