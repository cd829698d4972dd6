/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every packet ends in exactly one verdict, and every verdict is one row here: symbol, name, action,
 * help. The counter in the map, the command line and the tests come from the row.
 *
 * Actions: PASS to the host's stack, DROP, SEND out of an interface (XDP_TX or a redirect).
 */
#pragma once

#define GATEWAY_VERDICTS(ROW)                                                                      \
	ROW(NOT_OURS, "not-ours", PASS, "no VIP and no SID of this gateway: left to the host")       \
	ROW(OFF, "off", PASS, "the service is switched off on this gateway: a client's is left to the host") \
	ROW(COOKIE, "cookie", SEND, "hasher: sent to the backend that the packet's timestamp names") \
	ROW(PICKED, "picked", SEND, "hasher: new or stateless, sent to the row's backend")          \
	ROW(TO_ROUTER, "to-router", SEND, "hasher: sent to the gateway that routes the flow")       \
	ROW(PIN, "pin", SEND, "router: sent to the backend that the flow is pinned to")             \
	ROW(PIN_AFTER_ALL, "pin-after-all", SEND,                                                   \
	    "router: the row's backend did not hold it, sent by its pin, which had not been read")  \
	ROW(PIN_NEW, "pin-new", SEND, "router: a new flow, sent to the row's backend and pinned")   \
	ROW(PIN_MIDWAY, "pin-midway", SEND,                                                         \
	    "router: in mid-connection without a pin, pinned to the newest row's backend")          \
	ROW(CANDIDATES, "candidates", SEND, "router: sent along the row's candidates")              \
	ROW(PROBED, "probed", SEND, "another gateway's or the doctor's probe, answered")             \
	ROW(PINNED, "pinned", SEND, "a backend's first reply, which pins its connection here: to its client") \
	ROW(RETURNED, "returned", SEND, "a backend's reply that goes through its gateway: to its client") \
	ROW(RELAYED, "relayed", SEND, "a backend's first reply: to the gateway that routes the flow")  \
	ROW(NO_NEIGHBOUR, "no-neighbour", PASS,                                                     \
	    "a reply to a client behind an unresolved neighbour: left to the host, which asks")     \
	ROW(TOO_BIG, "too-big", SEND, "larger than the path: answered with ICMP packet too big")    \
	ROW(RETURN_TOO_BIG, "return-too-big", SEND,                                                 \
	    "a reply larger than the path to its client: its backend gets ICMP packet too big")     \
	ROW(TOO_BIG_SILENT, "too-big-silent", DROP, "larger than the path, and no ICMP may say so") \
	ROW(MALFORMED, "malformed", DROP, "lengths or headers that do not fit the packet")          \
	ROW(EXTENSIONS, "extensions", DROP, "more IPv6 extension headers than are walked")          \
	ROW(OUTSIDE_SID, "outside-sid", DROP,                                                       \
	    "for a SID, or with a segment routing header, from outside the infrastructure")         \
	ROW(NO_SERVICE, "no-service", DROP, "for a VIP, but no service has this protocol and port") \
	ROW(NO_FRAGMENT, "no-fragment", DROP, "a later fragment whose first one was not seen")      \
	ROW(NO_BACKEND, "no-backend", DROP, "the service has no open backend")                      \
	ROW(NO_ROUTER, "no-router", DROP, "the site has no gateway that routes the flow")           \
	ROW(NO_NEXT_HOP, "no-next-hop", DROP, "no route or no neighbour towards the SID")           \
	ROW(HOP_LIMIT, "hop-limit", DROP, "the packet's hop limit (TTL) ended here")                \
	ROW(SITE_HOPS, "site-hops", DROP, "moved between sites more often than is allowed")         \
	ROW(UNCLAIMED, "unclaimed", DROP,                                                           \
	    "came back: no agent of the list holds the connection, which was asked about already, " \
	    "or ends with this packet")                                                             \
	ROW(WHO_HAS, "who-has", DROP, "came back unclaimed: the nodes are asked who has it")        \
	ROW(WHO_HAS_LIMITED, "who-has-limited", DROP,                                               \
	    "came back unclaimed, and more than may be asked about")                                \
	ROW(WHO_HAS_DENIED, "who-has-denied", SEND,                                                 \
	    "came back unclaimed, and nobody has it: sent to the row's backend, which resets it")   \
	ROW(ASKED_PINNED, "asked-pinned", SEND, "who has it? answered from a pin")                  \
	ROW(ASKED_NOT_PINNED, "asked-not-pinned", SEND, "who has it? we have no pin")               \
	ROW(ASKED_SITE, "asked-site", DROP, "who has it? another site asks: our daemon finds out")  \
	ROW(ASKED_FORGED, "asked-forged", DROP, "who has it? asked without knowing the secret")     \
	ROW(RETURN_REFUSED, "return-refused", DROP,                                                 \
	    "a second backend's answer to one SYN: the first one has the connection")               \
	ROW(NOT_MEMBER, "not-member", DROP, "a reply of a node that is no backend of the service")  \
	ROW(NO_WAY_HOME, "no-way-home", DROP, "a reply, and the kernel has no route to its client") \
	ROW(CONGESTION, "congestion", DROP, "marked congested on the way, but not ECN-capable")     \
	ROW(NO_ROOM, "no-room", DROP, "the driver left no room for the outer header")                 \
	ROW(NO_STAGE, "no-stage", DROP, "for a SID, but the part of the program for those is not there")

#define AGENT_VERDICTS(ROW)                                                                        \
	ROW(NOT_OURS, "not-ours", PASS, "not for this agent's SID: left to the host")               \
	ROW(CLAIM_SYN, "claim-syn", PASS, "claimed: a new connection for a listening socket")       \
	ROW(CLAIM_SOCKET, "claim-socket", PASS, "claimed: an established or half-open socket")      \
	ROW(CLAIM_SYN_COOKIE, "claim-syn-cookie", PASS, "claimed: an ACK with a valid SYN cookie")  \
	ROW(CLAIM_TIME_WAIT, "claim-time-wait", PASS, "claimed: a closed connection, sole segment") \
	ROW(CLAIM_MUST, "claim-must", PASS, "taken because the segment says must")                  \
	ROW(PASSED_ON, "passed-on", SEND, "not ours: passed to the next segment")                   \
	ROW(UNCLAIMED, "unclaimed", SEND, "not ours, last of the list: back to the gateway")        \
	ROW(PROBED, "probed", SEND, "a probe of holdfast doctor's, answered")                       \
	ROW(ASKED_MINE, "asked-mine", SEND, "who has it? an established socket: ours")              \
	ROW(ASKED_CLOSED, "asked-closed", SEND,                                                    \
	    "who has it? ours if nobody's: TIME_WAIT or half-open")                                \
	ROW(ASKED_NOT_MINE, "asked-not-mine", SEND, "who has it? not we")                           \
	ROW(ASKED_FORGED, "asked-forged", DROP, "who has it? asked without knowing the secret")     \
	ROW(MALFORMED, "malformed", DROP, "lengths or headers that do not fit the packet")          \
	ROW(EXTENSIONS, "extensions", DROP, "more IPv6 extension headers than are walked")          \
	ROW(OUTSIDE_SID, "outside-sid", DROP, "for our SID, from outside the infrastructure")       \
	ROW(NO_SERVICE, "no-service", DROP, "the inner packet is for no service of this backend")   \
	ROW(NO_FRAGMENT, "no-fragment", DROP, "a later fragment whose first one was not seen")      \
	ROW(HOP_LIMIT, "hop-limit", DROP, "the outer hop limit ended here")                         \
	ROW(CONGESTION, "congestion", DROP, "marked congested on the way, but not ECN-capable")     \
	ROW(NO_ROOM, "no-room", DROP, "the frame could not be shortened")

/*
 * What becomes of a reply at the agent's tc egress; SEND: to a gateway, in an outer header. What is no
 * service's is not counted.
 */
#define REPLY_VERDICTS(ROW)                                                                        \
	ROW(NOT_OURS, "reply-not-ours", PASS, "no reply of a service: not counted")                 \
	ROW(STAMPED, "reply-stamped", PASS, "with the cookie in its timestamp, directly to the client") \
	ROW(DIRECT, "reply-direct", PASS, "as it is, directly to the client")                       \
	ROW(IN_BAND, "reply-in-band", SEND, "a SYN-ACK without a cookie: to the router of its SYN")  \
	ROW(THROUGH_GATEWAY, "reply-through-gateway", SEND,                                         \
	    "by the service's `return: gateway`, to where the client's packets come from")          \
	ROW(NO_WAY, "reply-no-way", PASS, "for a gateway, but none is remembered: directly to the client") \
	ROW(TOO_BIG, "reply-too-big", PASS,                                                         \
	    "for a gateway, but the path has no room for its header: directly to the client")       \
	ROW(NO_ROOM, "reply-no-room", PASS, "for a gateway, but the kernel makes no room: directly")  \
	ROW(SPOILT, "reply-spoilt", DROP, "for a gateway, but its header could not be written")

/* GATEWAY_PICKED, AGENT_CLAIM_SYN, ... Zero means: no verdict yet, go on. */
enum gateway_verdict {
	GATEWAY_GO_ON,
#define ROW(symbol, name, action, help) GATEWAY_##symbol,
	GATEWAY_VERDICTS(ROW)
#undef ROW
	GATEWAY_VERDICTS_END,
};

enum agent_verdict {
	AGENT_GO_ON,
#define ROW(symbol, name, action, help) AGENT_##symbol,
	AGENT_VERDICTS(ROW)
#undef ROW
	AGENT_VERDICTS_END,
};

enum reply_verdict {
	REPLY_GO_ON,
#define ROW(symbol, name, action, help) REPLY_##symbol,
	REPLY_VERDICTS(ROW)
#undef ROW
	REPLY_VERDICTS_END,
};
