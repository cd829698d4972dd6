/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any packet through the gateway (mutation.h): what is nobody's, wrong, cut short, or a lie. */
#include "tests/packet/gateway_world.h"
#include "tests/packet/mutation.h"
#include "wire/probe.h"

#define PROBE_SID "fdf0:0:0:1:f00e::"
#define PIN_SID_1 "fdf0:0:0:1:f004:0:1:0"

#define QUOTED(v) ICMP(.type = (v) ? 2 : 3, .code = (v) ? 0 : 4, .rest = 1400), FROM_SERVER(v), SEGMENT()

#define ROW(symbol, name, action, help) VERDICT_ROW(GATEWAY, symbol, name, action)
static const struct verdict_row verdicts[] = {GATEWAY_VERDICTS(ROW)};

static void any_packet_ends_in_one_verdict_and_what_is_sent_is_one(void **state)
{
	static const struct probe probe = {.magic = PROBE_MAGIC, .kind = PROBE_QUESTION};
	int v = FAMILY(state);
	const struct frame frames[] = {
		FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN()),
		FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN()),
		FRAME(FROM_FABRIC, FROM_CLIENT(v), SEGMENT(), PAYLOAD(60)),
		FRAME(FROM_FABRIC, VLAN(.tag = 7), FROM_CLIENT(v), UDP(.to_port = 53), PAYLOAD(20)),
		FRAME(FROM_FABRIC, FROM_CLIENT(v), QUOTED(v)),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = ROUTE_SID), FROM_CLIENT(v), SEGMENT()),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = SITE_SID), FROM_CLIENT(v), SYN()),
		FRAME(FROM_FABRIC, IPV6(.from = BACKEND_2, .to = UNCLAIMED_SID),
		      SRH(.segments = {UNCLAIMED_SID, BACKEND_2}), FROM_CLIENT(v), SEGMENT()),
		FRAME(FROM_FABRIC, IPV6(.from = BACKEND_1, .to = PIN_SID_1), FROM_SERVER(v),
		      TCP(.flags = TCP_SYN | TCP_ACK, .from_port = 80, .to_port = CLIENT_PORT)),
		FRAME(FROM_FABRIC, IPV6(.from = OTHER_SID, .to = PROBE_SID, .next = PROBE_PROTOCOL),
		      BYTES(&probe, sizeof(probe))),
		v ? FRAME(FROM_FABRIC, FROM_CLIENT(v), HOP_BY_HOP(), DESTINATION_OPTIONS(.size = 24),
			  FRAGMENT(.more = true), SYN())
		  : FRAME(FROM_FABRIC, FROM_CLIENT(v, .more = true, OPTIONS("\x94\x04\x00\x00")), SYN()),
	};
	int sent = 0, ended[GATEWAY_VERDICTS_END] = {};

	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		for (unsigned int number = 0; number < MUTATIONS; number++) {
			struct frame in = mutation_of(&frames[i], number), out;
			int verdict = gateway_run(&in, &out);

			ended[verdict]++;
			if (verdicts[verdict].action == ACTION_SEND && is_packet(&in) && ++sent &&
			    !is_packet(&out)) {
				mutation_print("in", i, number, &in);
				mutation_print("out", i, number, &out);
				fail();
			}
		}
	/* They get everywhere: what is forwarded, dropped and left alone. */
	assert_true(sent > 100);
	assert_true(ended[GATEWAY_MALFORMED] > 10 && ended[GATEWAY_NOT_OURS] > 10);
}

GATEWAY_TESTS(IN_BOTH(any_packet_ends_in_one_verdict_and_what_is_sent_is_one))
