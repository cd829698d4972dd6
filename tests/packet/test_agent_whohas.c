/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has it? (wire/whohas.h): what the agent answers, from the host's sockets, and whom not at all.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/packet/agent_world.h"
#include "tests/packet/client.h"

#define WHOHAS_SID "fdf0:0:0:b1:f005::"
#define ASKER "fdf0:0:0:1::9"
#define OUTSIDER "2001:db8:c::7"
#define TOKEN 0xfeedfacecafebeef

/* The address is written twice, since the tag is over it as well. */
#define ASKED_BY(asker, ...)                                                                       \
	FRAME(FROM_FABRIC, IPV6(.from = (asker), .to = WHOHAS_SID, .next = WHOHAS_PROTOCOL),       \
	      __VA_ARGS__)
#define ANSWERED(...)                                                                              \
	FRAME(TO_FABRIC, IPV6(.from = WHOHAS_SID, .to = ASKER, .next = WHOHAS_PROTOCOL),           \
	      __VA_ARGS__)

static struct whohas question_about(struct flow flow)
{
	return (struct whohas){.kind = WHOHAS_QUESTION, .token = TOKEN, .flow = flow};
}

static struct flow flow_of_client(const struct client *client)
{
	struct flow flow = flow_of(client->v, IPPROTO_TCP, 80);

	flow.client_port = htons(client->port);
	return flow;
}

static void is_answered(struct flow flow, int verdict, enum whohas_answer answer)
{
	struct whohas question = whohas_sealed(ASKER, WHOHAS_SID, question_about(flow));
	struct whohas wanted = question_about(flow);

	wanted.kind = WHOHAS_ANSWER;
	wanted.answer = answer;
	wanted.backend = htons(OWN_ID);
	wanted = whohas_sealed(WHOHAS_SID, ASKER, wanted);
	through_agent(ASKED_BY(ASKER, BYTES(&question, sizeof(question))), verdict,
		      ANSWERED(BYTES(&wanted, sizeof(wanted))));
}

/* Nothing may come back, whoever holds the connection. */
static void is_dropped(struct flow flow, struct whohas question, const char *asker, int verdict)
{
	through_agent(ASKED_BY(asker, BYTES(&question, sizeof(question))), verdict, NOTHING);
}

static void an_established_socket_is_ours(void **state)
{
	struct client client = client_new(FAMILY(state));

	server_listen(client.v, 80);
	client_open(&client);
	is_answered(flow_of_client(&client), AGENT_ASKED_MINE, WHOHAS_MINE);
}

/* Of a forged SYN, perhaps: the connection itself may be another's. */
static void a_half_open_connection_is_ours_if_nobody_has_more(void **state)
{
	struct client client = client_new(FAMILY(state));

	server_listen(client.v, 80);
	client_half_open(&client);
	is_answered(flow_of_client(&client), AGENT_ASKED_CLOSED, WHOHAS_CLOSED);
}

static void a_listener_alone_has_no_connection(void **state)
{
	struct client client = client_new(FAMILY(state));

	server_listen(client.v, 80);
	is_answered(flow_of_client(&client), AGENT_ASKED_NOT_MINE, WHOHAS_NOT_MINE);
}

static void without_any_socket_it_is_not_ours(void **state)
{
	struct client client = client_new(FAMILY(state));

	is_answered(flow_of_client(&client), AGENT_ASKED_NOT_MINE, WHOHAS_NOT_MINE);
}

static void another_port_of_the_same_client_is_not_ours(void **state)
{
	struct client client = client_new(FAMILY(state)), other = client_new(FAMILY(state));

	server_listen(client.v, 80);
	client_open(&client);
	is_answered(flow_of_client(&other), AGENT_ASKED_NOT_MINE, WHOHAS_NOT_MINE);
}

static void a_connection_in_time_wait_was_ours(void **state)
{
	struct client client = client_new(FAMILY(state));
	int listener = server_listen(client.v, 80);

	client_open(&client);
	client_let_server_close(&client, server_accept(listener));
	is_answered(flow_of_client(&client), AGENT_ASKED_CLOSED, WHOHAS_CLOSED);
}

static void a_changed_bit_anywhere_makes_it_forged(void **state)
{
	struct client client = client_new(FAMILY(state));
	struct flow flow = flow_of_client(&client);

	for (size_t at = offsetof(struct whohas, scope); at < sizeof(struct whohas); at++) {
		struct whohas question = whohas_sealed(ASKER, WHOHAS_SID, question_about(flow));

		((uint8_t *)&question)[at] ^= 1 << at % 8;
		is_dropped(flow, question, ASKER, AGENT_ASKED_FORGED);
	}
}

static void a_question_that_was_seen_is_of_no_use_to_another_asker(void **state)
{
	struct client client = client_new(FAMILY(state));
	struct flow flow = flow_of_client(&client);

	is_dropped(flow, whohas_sealed(ASKER, WHOHAS_SID, question_about(flow)), "fdf0:0:0:1::8",
		   AGENT_ASKED_FORGED);
}

static void nor_at_another_backend(void **state)
{
	struct client client = client_new(FAMILY(state));
	struct flow flow = flow_of_client(&client);

	is_dropped(flow, whohas_sealed(ASKER, "fdf0:0:0:b2:f005::", question_about(flow)), ASKER,
		   AGENT_ASKED_FORGED);
}

static void from_outside_nobody_is_answered_even_with_the_secret(void **state)
{
	struct client client = client_new(FAMILY(state));
	struct flow flow = flow_of_client(&client);

	is_dropped(flow, whohas_sealed(OUTSIDER, WHOHAS_SID, question_about(flow)), OUTSIDER,
		   AGENT_OUTSIDE_SID);
}

static void an_answer_is_not_answered(void **state)
{
	struct client client = client_new(FAMILY(state));
	struct whohas answer = question_about(flow_of_client(&client));

	answer.kind = WHOHAS_ANSWER;
	is_dropped(answer.flow, whohas_sealed(ASKER, WHOHAS_SID, answer), ASKER, AGENT_MALFORMED);
}

/* Silence, not a no: our configuration may be the one that lags. */
static void a_service_that_is_not_ours_is_not_answered_for(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 81);
	struct flow stranger = flow_of(FAMILY(state), IPPROTO_TCP, 80);
	struct flow datagram = flow_of(FAMILY(state), IPPROTO_UDP, 53);

	stranger.vip = address_of(STRANGER(FAMILY(state)));
	is_dropped(flow, whohas_sealed(ASKER, WHOHAS_SID, question_about(flow)), ASKER,
		   AGENT_NO_SERVICE);
	is_dropped(stranger, whohas_sealed(ASKER, WHOHAS_SID, question_about(stranger)), ASKER,
		   AGENT_NO_SERVICE);
	is_dropped(datagram, whohas_sealed(ASKER, WHOHAS_SID, question_about(datagram)), ASKER,
		   AGENT_NO_SERVICE);
}

static void what_is_no_question_is_dropped(void **state)
{
	struct whohas question = whohas_sealed(ASKER, WHOHAS_SID,
					       question_about(flow_of(V4, IPPROTO_TCP, 80)));

	through_agent(ASKED_BY(ASKER, PAYLOAD(72)), AGENT_MALFORMED, NOTHING);
	through_agent(ASKED_BY(ASKER, BYTES(&question, sizeof(question) - 1)), AGENT_MALFORMED,
		      NOTHING);
	through_agent(FRAME(FROM_FABRIC, IPV6(.from = ASKER, .to = WHOHAS_SID, .next = 253),
			    BYTES(&question, sizeof(question))),
		      AGENT_MALFORMED, NOTHING);
}

AGENT_TESTS(IN_BOTH(an_established_socket_is_ours), IN_BOTH(a_half_open_connection_is_ours_if_nobody_has_more),
	    IN_BOTH(a_listener_alone_has_no_connection), IN_BOTH(without_any_socket_it_is_not_ours),
	    IN_BOTH(another_port_of_the_same_client_is_not_ours),
	    IN_BOTH(a_connection_in_time_wait_was_ours),
	    IN_V4(a_changed_bit_anywhere_makes_it_forged),
	    IN_V4(a_question_that_was_seen_is_of_no_use_to_another_asker),
	    IN_V4(nor_at_another_backend),
	    IN_V4(from_outside_nobody_is_answered_even_with_the_secret),
	    IN_V4(an_answer_is_not_answered),
	    IN_BOTH(a_service_that_is_not_ours_is_not_answered_for),
	    ONCE(what_is_no_question_is_dropped))
