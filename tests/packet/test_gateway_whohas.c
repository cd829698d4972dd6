/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has it? (wire/whohas.h): what a gateway answers to another one, and whom not at all. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "tests/packet/pin_world.h"
#include "wire/srv6.h"

#define WHOHAS_SID "fdf0:0:0:1:f005::"
#define ASKER "fdf0:0:0:2::9"
#define OUTSIDER "2001:db8:c::7"
#define TOKEN 0xfeedfacecafebeef
#define SECOND 1000000000ULL

#define ASKED_BY(asker, ...)                                                                       \
	FRAME(FROM_FABRIC, IPV6(.from = (asker), .to = WHOHAS_SID, .next = WHOHAS_PROTOCOL),       \
	      __VA_ARGS__)

static struct whohas question_about(struct flow flow, enum whohas_scope scope)
{
	return (struct whohas){
		.kind = WHOHAS_QUESTION, .scope = scope, .token = TOKEN, .flow = flow};
}

static void is_dropped(struct whohas question, const char *asker, int verdict)
{
	through_gateway(ASKED_BY(asker, BYTES(&question, sizeof(question))), verdict, NOTHING);
}

static int on_event(void *userdata, void *data, size_t size)
{
	assert_int_equal(size, sizeof(struct whohas_event));
	memcpy(userdata, data, size);
	return 0;
}

static int told(struct whohas_event *ret)
{
	struct ring_buffer *ring =
		ring_buffer__new(gateway_map("whohas_events"), on_event, ret, NULL);
	int n;

	assert_non_null(ring);
	n = ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return n;
}

static void given_asking(__u64 per_second)
{
	struct whohas_budget budget = {};
	struct whohas_event event;
	__u32 service = WEB;

	gateway_service(service)->ask_interval_ns = per_second ? SECOND / per_second : 0;
	assert_int_equal(
		bpf_map_update_elem(gateway_map("whohas_budgets"), &service, &budget, BPF_ANY), 0);
	told(&event);
}

static void is_answered(int v, int verdict, enum whohas_answer answer, int backend)
{
	struct flow flow = flow_of(v, IPPROTO_TCP, 80);
	struct whohas question =
		whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_NODE));
	struct whohas wanted = question_about(flow, WHOHAS_NODE);

	wanted.kind = WHOHAS_ANSWER;
	wanted.answer = answer;
	wanted.backend = htons(backend);
	wanted = whohas_sealed(WHOHAS_SID, ASKER, wanted);
	through_gateway(ASKED_BY(ASKER, BYTES(&question, sizeof(question))), verdict,
			FRAME(TO_FABRIC,
			      IPV6(.from = WHOHAS_SID, .to = ASKER, .next = WHOHAS_PROTOCOL),
			      BYTES(&wanted, sizeof(wanted))));
}

static void without_a_pin_it_says_so(void **state)
{
	is_answered(FAMILY(state), GATEWAY_ASKED_NOT_PINNED, WHOHAS_NOT_MINE, 0);
}

static void a_pin_names_the_one_to_ask(void **state)
{
	given_pin(WEB_FLOW(FAMILY(state)), 3, 0, PIN_ESTABLISHED, 0);
	is_answered(FAMILY(state), GATEWAY_ASKED_PINNED, WHOHAS_PINNED, 3);
}

/* A pin may be out of date, and another backend of ours may have the connection. */
static void another_site_is_not_answered_from_a_pin(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 80);

	given_asking(1000);
	given_pin(WEB_FLOW(FAMILY(state)), 3, 0, PIN_ESTABLISHED, 0);
	is_dropped(whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_SITE)), ASKER,
		   GATEWAY_ASKED_SITE);
}

static void another_sites_question_is_the_daemons_to_answer(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 80);
	union address asker = address_of(ASKER);
	struct whohas_event event;

	given_asking(1000);
	is_dropped(whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_SITE)), ASKER,
		   GATEWAY_ASKED_SITE);
	assert_int_equal(told(&event), 1);
	assert_memory_equal(&event.flow, &flow, sizeof(flow));
	assert_memory_equal(&event.asker, &asker, sizeof(asker));
	assert_true(event.token == TOKEN);
	assert_int_equal(event.service, WEB);
	assert_int_equal(event.may_be_reset, 0);
}

static void other_sites_have_a_budget_of_their_own(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 80);
	struct whohas question =
		whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_SITE));

	given_asking(1);
	is_dropped(question, ASKER, GATEWAY_ASKED_SITE);
	is_dropped(question, ASKER, GATEWAY_ASKED_SITE);
	is_dropped(question, ASKER, GATEWAY_WHO_HAS_LIMITED);
	given_asking(0);
	is_dropped(question, ASKER, GATEWAY_WHO_HAS_LIMITED);
}

static void a_changed_bit_anywhere_makes_it_forged(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 80);

	for (size_t at = offsetof(struct whohas, scope); at < sizeof(struct whohas); at++) {
		struct whohas question =
			whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_NODE));

		((uint8_t *)&question)[at] ^= 1 << at % 8;
		is_dropped(question, ASKER, GATEWAY_ASKED_FORGED);
	}
}

static void from_outside_nobody_is_answered_even_with_the_secret(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 80);

	is_dropped(whohas_sealed(OUTSIDER, WHOHAS_SID, question_about(flow, WHOHAS_NODE)), OUTSIDER,
		   GATEWAY_OUTSIDE_SID);
}

static void an_answer_is_not_answered(void **state)
{
	struct whohas answer = question_about(flow_of(FAMILY(state), IPPROTO_TCP, 80), WHOHAS_SITE);

	answer.kind = WHOHAS_ANSWER;
	is_dropped(whohas_sealed(ASKER, WHOHAS_SID, answer), ASKER, GATEWAY_MALFORMED);
}

static void what_is_no_service_or_no_tcp_is_not_answered_for(void **state)
{
	struct flow flow = flow_of(FAMILY(state), IPPROTO_TCP, 81);
	struct flow datagram = flow_of(FAMILY(state), IPPROTO_UDP, 53);

	is_dropped(whohas_sealed(ASKER, WHOHAS_SID, question_about(flow, WHOHAS_NODE)), ASKER,
		   GATEWAY_NO_SERVICE);
	is_dropped(whohas_sealed(ASKER, WHOHAS_SID, question_about(datagram, WHOHAS_NODE)), ASKER,
		   GATEWAY_NO_SERVICE);
}

GATEWAY_TESTS(IN_BOTH(without_a_pin_it_says_so),
	      IN_BOTH(a_pin_names_the_one_to_ask),
	      IN_BOTH(another_site_is_not_answered_from_a_pin),
	      IN_BOTH(another_sites_question_is_the_daemons_to_answer),
	      IN_V4(other_sites_have_a_budget_of_their_own),
	      IN_V4(a_changed_bit_anywhere_makes_it_forged),
	      IN_V4(from_outside_nobody_is_answered_even_with_the_secret),
	      IN_V4(an_answer_is_not_answered),
	      IN_BOTH(what_is_no_service_or_no_tcp_is_not_answered_for))
