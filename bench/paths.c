/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/paths.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "wire/srv6.h"
#include "wire/verdicts.h"

#define SENT(symbol) .target = TARGET_GATEWAY, .verdict = GATEWAY_##symbol, .action = XDP_TX
#define TAKEN(symbol)                                                                              \
	.target = TARGET_ACCEPT, .verdict = AGENT_##symbol, .action = XDP_PASS,                    \
	.outcome = OUTCOME_DELIVERED

#define HOMEWARD(symbol)                                                                           \
	.target = TARGET_GATEWAY, .verdict = GATEWAY_##symbol, .action = XDP_REDIRECT,             \
	.outer = OUTER_PIN, .outcome = OUTCOME_DELIVERED

const struct path paths[] = {
	{"cookie", SENT(COOKIE), .kind = FRAME_STAMPED, .port = PORT_STAMPED,
	 .outcome = OUTCOME_TO_BACKENDS,
	 .marks = {30, 40}},
	{"pick", SENT(PICKED), .kind = FRAME_SYN, .port = PORT_STAMPED,
	 .outcome = OUTCOME_TO_BACKENDS,
	 .marks = {40, 60}},
	{"pick-udp", SENT(PICKED), .kind = FRAME_DATAGRAM, .port = PORT_DATAGRAMS,
	 .outcome = OUTCOME_TO_BACKENDS},
	{"to-router", SENT(TO_ROUTER), .kind = FRAME_MIDWAY, .port = PORT_LISTENING,
	 .router = ROUTER_OTHER, .outcome = OUTCOME_TO_ROUTER,
	 .marks = {35, 50}},
	/* On a port of their own: `return-pin` pins the flows of its port. */
	{"candidates", SENT(CANDIDATES), .kind = FRAME_MIDWAY, .port = PORT_SILENT,
	 .router = ROUTER_SELF, .outcome = OUTCOME_TO_BACKENDS},
	{"route", SENT(CANDIDATES), .kind = FRAME_MIDWAY, .port = PORT_SILENT,
	 .outer = OUTER_ROUTE, .outcome = OUTCOME_TO_BACKENDS},
	/* In a table that is half full some bucket has more flows than it holds. */
	{"pin-hit", SENT(PIN), .kind = FRAME_MIDWAY, .port = PORT_LISTENING, .router = ROUTER_SELF,
	 .outcome = OUTCOME_TO_BACKENDS, .pins = PORT_LISTENING, .recent = true, .strays = 100,
	 .marks = {40, 150}},
	{"pin-read", SENT(PIN), .kind = FRAME_MIDWAY, .port = PORT_AGENTLESS, .router = ROUTER_SELF,
	 .outcome = OUTCOME_TO_BACKENDS, .pins = PORT_AGENTLESS, .strays = 100},
	{"pin-insert", SENT(PIN_NEW), .kind = FRAME_NEW_SYN, .port = PORT_AGENTLESS_NEW,
	 .router = ROUTER_SELF, .outcome = OUTCOME_TO_BACKENDS, .pins = PORT_AGENTLESS,
	 .marks = {100, 300}},
	/* Came back, and its flow was asked about already; and of flows that nobody may ask about any more. */
	{"unclaimed", .target = TARGET_GATEWAY, .verdict = GATEWAY_UNCLAIMED, .action = XDP_DROP,
	 .kind = FRAME_MIDWAY, .port = PORT_SILENT, .outer = OUTER_UNCLAIMED,
	 .asked = ASKED_MOMENT_AGO, .one_flow = true},
	{"who-has-limited", .target = TARGET_GATEWAY, .verdict = GATEWAY_WHO_HAS_LIMITED,
	 .action = XDP_DROP, .kind = FRAME_MIDWAY, .port = PORT_SILENT, .outer = OUTER_UNCLAIMED,
	 .asked = ASKED_TOO_MUCH},
	/* A cookie's backend did not know it: down the ladder. */
	{"cookie-bounced", SENT(CANDIDATES), .kind = FRAME_STAMPED, .port = PORT_STAMPED,
	 .outer = OUTER_BOUNCED, .router = ROUTER_SELF, .outcome = OUTCOME_TO_BACKENDS},
	{"pass", .target = TARGET_GATEWAY, .verdict = GATEWAY_NOT_OURS, .action = XDP_PASS,
	 .kind = FRAME_MIDWAY, .port = PORT_LISTENING, .stranger = true,
	 .marks = {15, 15}},
	{"no-service", .target = TARGET_GATEWAY, .verdict = GATEWAY_NO_SERVICE, .action = XDP_DROP,
	 .kind = FRAME_MIDWAY, .port = PORT_NOTHING},
	{"return", HOMEWARD(RETURNED), .kind = FRAME_SYN_ACK, .port = PORT_STAMPED},
	{"return-pin", HOMEWARD(PINNED), .kind = FRAME_SYN_ACK, .port = PORT_LISTENING,
	 .router = ROUTER_SELF},
	{"agent-claim", TAKEN(CLAIM_SOCKET), .kind = FRAME_MIDWAY, .port = PORT_LISTENING,
	 .outer = OUTER_ACCEPT, .one_flow = true,
	 .marks = {150}},
	{"agent-must", TAKEN(CLAIM_MUST), .kind = FRAME_SYN, .port = PORT_SILENT,
	 .outer = OUTER_ACCEPT_MUST},
	{"agent-pass-on", .target = TARGET_ACCEPT, .verdict = AGENT_PASSED_ON, .action = XDP_TX,
	 .kind = FRAME_MIDWAY, .port = PORT_SILENT, .outer = OUTER_ACCEPT_LIST,
	 .outcome = OUTCOME_NEXT_SEGMENT},
	{"agent-unclaimed", .target = TARGET_ACCEPT, .verdict = AGENT_UNCLAIMED, .action = XDP_TX,
	 .kind = FRAME_MIDWAY, .port = PORT_SILENT, .outer = OUTER_ACCEPT,
	 .outcome = OUTCOME_BOUNCED},
	{"agent-stamp", .target = TARGET_STAMP_EGRESS, .action = TC_ACT_UNSPEC, .egress = EGRESS_SERVER,
	 .verdict = REPLY_STAMPED, .one_flow = true,
	 .marks = {100}},
	/* No cookie, so its way back is looked for. */
	{"agent-syn-ack", .target = TARGET_STAMP, .action = TC_ACT_UNSPEC, .kind = FRAME_SYN_ACK,
	 .port = PORT_LISTENING, .verdict = REPLY_NO_WAY, .outcome = OUTCOME_CLAMPED},
	/* What the host sends and gets besides: at tc egress, at tc ingress, and in XDP. */
	{"agent-other-out", .target = TARGET_STAMP_EGRESS, .action = TC_ACT_UNSPEC,
	 .egress = EGRESS_OTHER, .one_flow = true},
	{"agent-other-in", .target = TARGET_RESTORE, .action = TC_ACT_UNSPEC, .kind = FRAME_MIDWAY,
	 .port = PORT_LISTENING, .stranger = true, .one_flow = true},
	{"agent-other-xdp", .target = TARGET_ACCEPT, .verdict = AGENT_NOT_OURS, .action = XDP_PASS,
	 .kind = FRAME_MIDWAY, .port = PORT_LISTENING, .stranger = true, .one_flow = true},
	{"agent-restore", .target = TARGET_RESTORE, .action = TC_ACT_UNSPEC, .kind = FRAME_STAMPED,
	 .port = PORT_LISTENING, .outcome = OUTCOME_RESTORED, .one_flow = true},
	{"ref-encap", .target = TARGET_REFERENCE_ENCAP, .action = XDP_TX, .kind = FRAME_MIDWAY,
	 .port = PORT_LISTENING, .verdict = 1, .outcome = OUTCOME_TO_BACKENDS},
	{"ref-line", .target = TARGET_REFERENCE_LINE, .action = XDP_TX, .kind = FRAME_MIDWAY,
	 .port = PORT_LISTENING, .verdict = 1, .outcome = OUTCOME_TO_BACKENDS},
	{"ref-lru-hash", .target = TARGET_REFERENCE_LRU_HASH, .action = XDP_TX,
	 .kind = FRAME_MIDWAY, .port = PORT_LISTENING, .verdict = 1, .outcome = OUTCOME_TO_BACKENDS},
	{"ref-claim", .target = TARGET_REFERENCE_CLAIM, .verdict = 1, .action = XDP_PASS,
	 .kind = FRAME_MIDWAY, .port = PORT_LISTENING, .outer = OUTER_ACCEPT, .one_flow = true,
	 .outcome = OUTCOME_DELIVERED},
	{"ref-stamp", .target = TARGET_REFERENCE_STAMP, .verdict = 1, .action = TC_ACT_UNSPEC,
	 .egress = EGRESS_SERVER, .one_flow = true},
};

const size_t n_paths = sizeof(paths) / sizeof(*paths);

void path_frame(const struct path *path, bool v6, struct driver_frame *ret)
{
	union address other = world_gateway_sid(2), own = world_gateway_sid(1);
	union address first = world_backend_sid(1), second = world_backend_sid(2);
	union address pin = sid_make(&own, SRV6_PIN);
	struct frame_shape shape = {
		.v6 = v6,
		.kind = path->kind,
		.outer = path->outer,
		.server = path->stranger ? world_stranger(v6) : world_vip(v6),
		.port = path->port,
		.source = &other,
		.sid = path->outer == OUTER_ROUTE ? &own : &first,
		.next = &second,
	};

	if (path->outer == OUTER_PIN) {
		shape.source = &first; /* REPLYING_BACKEND */
		shape.sid = &pin;
	}
	if (path->outer == OUTER_UNCLAIMED || path->outer == OUTER_BOUNCED) {
		shape.source = &first;
		shape.sid = &own;
	}
	frame_build(&shape, ret);
}
