/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any packet through the agent (mutation.h), from a gateway that may lie. */
#include "tests/packet/agent_world.h"
#include "tests/packet/mutation.h"
#include "wire/probe.h"

#define PROBE_SID "fdf0:0:0:b1:f00e::"

#define ROW(symbol, name, action, help) VERDICT_ROW(AGENT, symbol, name, action)
static const struct verdict_row verdicts[] = {AGENT_VERDICTS(ROW)};

static void any_packet_ends_in_one_verdict_and_what_is_sent_is_one(void **state)
{
	static const struct probe probe = {.magic = PROBE_MAGIC, .kind = PROBE_QUESTION};
	int v = FAMILY(state);
	const struct frame frames[] = {
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v), SYN()),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1_MUST), FROM_CLIENT(v), SEGMENT()),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1),
		      SRH(.segments = {BACKEND_2, BACKEND_1}, .segments_left = 1), FROM_CLIENT(v), SYN()),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v), UDP(.to_port = 53),
		      PAYLOAD(20)),
		FRAME(FROM_FABRIC, FROM_GATEWAY(.to = BACKEND_1), FROM_CLIENT(v, .more = v == V4), SYN()),
		FRAME(FROM_FABRIC, IPV6(.from = ROUTE_SID, .to = PROBE_SID, .next = PROBE_PROTOCOL),
		      BYTES(&probe, sizeof(probe))),
	};
	int kinds = 0, ended[AGENT_VERDICTS_END] = {};

	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		for (unsigned int number = 0; number < MUTATIONS; number++) {
			struct frame in = mutation_of(&frames[i], number), out;
			int verdict = agent_run(&in, &out, __FILE__, __LINE__);

			kinds += !ended[verdict]++;
			if (verdicts[verdict].action == ACTION_SEND && is_packet(&in) && !is_packet(&out)) {
				mutation_print("in", i, number, &in);
				mutation_print("out", i, number, &out);
				fail();
			}
		}
	assert_true(kinds > 5);
}

AGENT_TESTS(IN_BOTH(any_packet_ends_in_one_verdict_and_what_is_sent_is_one))
