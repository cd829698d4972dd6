/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "core/whohas.h"
#include "tests/unit/planned.h"

#define MS 1000ULL
#define START (100 * 1000 * MS)

/* One inquiry, and a clock that the test moves. */
static struct inquiry *inquiry;
static uint64_t now_us;

static int end(void **state)
{
	inquiry = inquiry_free(inquiry);
	return 0;
}

#define BACKEND_TARGET(id) {.kind = WHOHAS_BACKEND, .number = (id)}
#define DEAD_TARGET(id) {.kind = WHOHAS_BACKEND, .number = (id), .dead = true}
#define ROUTER_TARGET(at) {.kind = WHOHAS_ROUTER, .number = (at)}
#define SITE_TARGET(at) {.kind = WHOHAS_ELSEWHERE, .number = (at), .later = true}

#define given(...)                                                                                 \
	given_targets((const struct whohas_target[]){__VA_ARGS__},                                 \
		      sizeof((const struct whohas_target[]){__VA_ARGS__}) /                        \
			      sizeof(struct whohas_target))
static void given_targets(const struct whohas_target *targets, size_t n)
{
	inquiry_free(inquiry);
	inquiry = inquiry_new(targets, n);
	assert_non_null(inquiry);
	now_us = START;
}

/* Exactly these questions are due now, in this order; -1 ends the list. */
#define asks(...) asks_these((const int[]){__VA_ARGS__, -1})
static void asks_these(const int *wanted)
{
	struct whohas_target target;
	unsigned int try;

	for (; *wanted >= 0; wanted++)
		assert_int_equal(inquiry_ask(inquiry, now_us, &target, &try), *wanted);
	assert_int_equal(inquiry_ask(inquiry, now_us, &target, &try), -EAGAIN);
}

static void says(uint32_t question, enum whohas_answer answer, uint16_t backend)
{
	inquiry_answer(inquiry, question, answer, backend);
}

static void is(enum whohas_outcome wanted)
{
	struct whohas_claim claim;

	assert_int_equal(inquiry_outcome(inquiry, &claim), wanted);
}

static void is_claimed(uint16_t wanted, bool closed)
{
	struct whohas_claim claim = {};

	assert_int_equal(inquiry_outcome(inquiry, &claim), WHOHAS_CLAIMED);
	assert_int_equal(claim.backend, wanted);
	assert_int_equal(claim.closed, closed);
	assert_true(inquiry_due_us(inquiry, now_us) == UINT64_MAX);
}

static void is_claimed_by(uint16_t wanted)
{
	is_claimed(wanted, false);
}

static void the_sites_own_are_asked_at_once(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2), ROUTER_TARGET(3));
	asks(0, 1, 2);
	is(WHOHAS_OPEN);
	assert_int_equal(inquiry_due_us(inquiry, now_us), now_us + WHOHAS_TIMEOUT_US);
}

static void whoever_says_mine_has_it_and_that_is_the_end(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2), BACKEND_TARGET(3));
	asks(0, 1, 2);
	says(1, WHOHAS_MINE, 2);
	is_claimed_by(2);
	says(0, WHOHAS_MINE, 1);
	is_claimed_by(2);
	now_us += 10 * WHOHAS_TIMEOUT_US;
	asks(-1);
}

static void a_no_from_everybody_is_a_denial(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2));
	asks(0, 1);
	says(0, WHOHAS_NOT_MINE, 1);
	is(WHOHAS_OPEN);
	says(1, WHOHAS_NOT_MINE, 2);
	is(WHOHAS_DENIED);
}

static void one_who_stays_silent_is_asked_three_times_and_allows_no_denial(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2));
	asks(0, 1);
	says(0, WHOHAS_NOT_MINE, 1);
	now_us += WHOHAS_TIMEOUT_US - 1;
	asks(-1);
	now_us++;
	asks(1);
	now_us += WHOHAS_TIMEOUT_US;
	asks(1);
	is(WHOHAS_OPEN);
	now_us += WHOHAS_TIMEOUT_US;
	asks(-1);
	is(WHOHAS_SILENT);
}

static void a_late_answer_counts_while_others_are_open(void **state)
{
	given(BACKEND_TARGET(1), SITE_TARGET(1));
	asks(0);
	now_us += WHOHAS_TIMEOUT_US;
	asks(0);
	now_us += WHOHAS_TIMEOUT_US;
	asks(0);
	now_us += WHOHAS_TIMEOUT_US;
	asks(1);
	says(0, WHOHAS_NOT_MINE, 1);
	says(1, WHOHAS_NOT_MINE, 0);
	is(WHOHAS_DENIED);
}

static void who_is_known_to_be_dead_is_not_asked_and_not_waited_for(void **state)
{
	given(BACKEND_TARGET(1), DEAD_TARGET(2));
	asks(0);
	says(0, WHOHAS_NOT_MINE, 1);
	is(WHOHAS_DENIED);
}

static void when_everybody_is_dead_nobody_has_it(void **state)
{
	given(DEAD_TARGET(1), DEAD_TARGET(2));
	asks(-1);
	is(WHOHAS_DENIED);
}

static void time_wait_counts_once_all_others_have_said_no(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2));
	asks(0, 1);
	says(0, WHOHAS_CLOSED, 1);
	is(WHOHAS_OPEN);
	says(1, WHOHAS_NOT_MINE, 2);
	is_claimed(1, true);
}

static void a_living_connection_goes_before_time_wait(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2));
	asks(0, 1);
	says(0, WHOHAS_CLOSED, 1);
	says(1, WHOHAS_MINE, 2);
	is_claimed_by(2);
}

static void time_wait_does_not_count_while_somebody_is_silent(void **state)
{
	given(BACKEND_TARGET(1), BACKEND_TARGET(2));
	asks(0, 1);
	says(0, WHOHAS_CLOSED, 1);
	for (int i = 1; i < WHOHAS_TRIES; i++) {
		now_us += WHOHAS_TIMEOUT_US;
		asks(1);
	}
	now_us += WHOHAS_TIMEOUT_US;
	asks(-1);
	is(WHOHAS_SILENT);
}

static void other_sites_are_asked_when_nobody_near_by_has_it(void **state)
{
	given(BACKEND_TARGET(1), SITE_TARGET(1), SITE_TARGET(2));
	asks(0);
	says(0, WHOHAS_NOT_MINE, 1);
	asks(1, 2);
	assert_int_equal(inquiry_due_us(inquiry, now_us), now_us + WHOHAS_SITE_TIMEOUT_US);
	says(2, WHOHAS_MINE, 77);
	is_claimed_by(77);
}

static void a_pin_tells_of_one_more_to_ask(void **state)
{
	given(BACKEND_TARGET(1), ROUTER_TARGET(3));
	asks(0, 1);
	says(1, WHOHAS_PINNED, 9);
	asks(2);
	says(0, WHOHAS_NOT_MINE, 1);
	is(WHOHAS_OPEN);
	says(2, WHOHAS_MINE, 9);
	is_claimed_by(9);
}

static void a_pin_to_one_who_is_asked_anyway_adds_nobody(void **state)
{
	given(BACKEND_TARGET(1), ROUTER_TARGET(3));
	asks(0, 1);
	says(0, WHOHAS_NOT_MINE, 1);
	says(1, WHOHAS_PINNED, 1);
	asks(-1);
	is(WHOHAS_DENIED);
}

static void answers_to_what_was_not_asked_are_ignored(void **state)
{
	given(BACKEND_TARGET(1), SITE_TARGET(1));
	asks(0);
	says(1, WHOHAS_MINE, 5);
	says(2, WHOHAS_MINE, 5);
	says(4000000000, WHOHAS_MINE, 5);
	is(WHOHAS_OPEN);
}

static void no_more_than_some_are_open_at_a_time(void **state)
{
	static struct whohas_target many[WHOHAS_AT_ONCE + 10];
	struct whohas_target target;
	unsigned int try, n = 0;

	for (uint16_t i = 0; i < WHOHAS_AT_ONCE + 10; i++)
		many[i] = (struct whohas_target)BACKEND_TARGET(i + 1);
	given_targets(many, WHOHAS_AT_ONCE + 10);
	while (inquiry_ask(inquiry, now_us, &target, &try) >= 0)
		n++;
	assert_int_equal(n, WHOHAS_AT_ONCE);
	assert_int_equal(inquiry_due_us(inquiry, now_us), now_us + WHOHAS_TIMEOUT_US);
	says(3, WHOHAS_NOT_MINE, 4);
	assert_int_equal(inquiry_due_us(inquiry, now_us), now_us);
	asks(WHOHAS_AT_ONCE);
}

/* Worlds made up at random */

static uint32_t dice(uint32_t sides)
{
	static uint64_t seed = 88172645463325252ULL;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % sides;
}

#define NODES 90
#define DELAY_MAX_US (2 * WHOHAS_TIMEOUT_US)

/* What each node knows, whether its answers arrive, and those on their way. */
struct world {
	size_t n;
	struct whohas_target targets[NODES];
	enum whohas_answer knows[NODES];
	bool mute[NODES];
	uint64_t arrives_us[NODES]; /* 0: nothing is on its way */
	bool said[NODES];	    /* an answer arrived in time to count */
	int questions, holder;
};

static void world_make(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->n = dice(8) ? 1 + dice(8) : 1 + dice(NODES);
	world->holder = dice(3) ? -1 : (int)dice(world->n);
	for (size_t i = 0; i < world->n; i++) {
		world->targets[i] = (struct whohas_target){
			.kind = dice(6) ? WHOHAS_BACKEND : WHOHAS_ELSEWHERE,
			.number = i + 1,
			.dead = dice(10) == 0,
		};
		world->targets[i].later = world->targets[i].kind == WHOHAS_ELSEWHERE;
		world->knows[i] = dice(12) ? WHOHAS_NOT_MINE : WHOHAS_CLOSED;
		world->mute[i] = dice(25) == 0;
	}
	if (world->holder >= 0) {
		world->knows[world->holder] = WHOHAS_MINE;
		world->targets[world->holder].dead = false;
	}
}

static void world_ask(struct world *world)
{
	struct whohas_target target;
	unsigned int try;
	int i;

	while ((i = inquiry_ask(inquiry, now_us, &target, &try)) >= 0) {
		assert_true((size_t)i < world->n && !world->targets[i].dead);
		assert_true(try < WHOHAS_TRIES);
		world->questions++;
		if (!world->mute[i] && dice(5))
			world->arrives_us[i] = now_us + dice(DELAY_MAX_US) + 1;
	}
}

static void world_deliver(struct world *world)
{
	for (size_t i = 0; i < world->n; i++) {
		if (!world->arrives_us[i] || world->arrives_us[i] > now_us)
			continue;
		world->arrives_us[i] = 0;
		world->said[i] = true;
		inquiry_answer(inquiry, i, world->knows[i], i + 1);
	}
}

/* The next time at which anything happens; in the end it must be over. */
static uint64_t world_next(const struct world *world)
{
	uint64_t next = inquiry_due_us(inquiry, now_us);

	for (size_t i = 0; i < world->n; i++)
		if (world->arrives_us[i] && world->arrives_us[i] < next)
			next = world->arrives_us[i];
	return next;
}

static void world_judge(const struct world *world, enum whohas_outcome outcome, uint16_t backend)
{
	switch (outcome) {
	case WHOHAS_CLAIMED:
		assert_in_range(backend, 1, world->n);
		assert_true(world->said[backend - 1]);
		assert_int_not_equal(world->knows[backend - 1], WHOHAS_NOT_MINE);
		if (world->knows[backend - 1] == WHOHAS_MINE)
			return;
		for (size_t i = 0; i < world->n; i++)
			assert_true(world->targets[i].dead || world->said[i]);
		assert_int_equal(world->holder, -1);
		return;
	case WHOHAS_DENIED:
		for (size_t i = 0; i < world->n; i++)
			assert_true(world->targets[i].dead ||
				    (world->said[i] && world->knows[i] == WHOHAS_NOT_MINE));
		return;
	case WHOHAS_SILENT:
		if (world->holder >= 0)
			assert_false(world->said[world->holder]);
		return;
	default:
		fail_msg("it is over, and there is no decision");
	}
}

/* Returns the outcome. */
static enum whohas_outcome world_run(struct world *world)
{
	uint64_t most_us = (1 + NODES / WHOHAS_AT_ONCE) * WHOHAS_TRIES * WHOHAS_TIMEOUT_US +
			   WHOHAS_SITE_TRIES * WHOHAS_SITE_TIMEOUT_US;
	enum whohas_outcome outcome;
	struct whohas_claim claim = {};

	given_targets(world->targets, world->n);
	for (;;) {
		world_deliver(world);
		world_ask(world);
		outcome = inquiry_outcome(inquiry, &claim);
		if (outcome != WHOHAS_OPEN)
			break;
		now_us = world_next(world);
		assert_in_range(now_us, START, START + most_us);
	}
	assert_true(world->questions <= (int)world->n * WHOHAS_TRIES);
	world_judge(world, outcome, claim.backend);
	return outcome;
}

/* 20,000 worlds: with losses, delays and dead nodes no decision is ever wrong, and all come in time. */
static void no_world_leads_to_a_wrong_decision(void **state)
{
	int outcomes[4] = {};

	for (int i = 0; i < 20000; i++) {
		struct world world;

		world_make(&world);
		outcomes[world_run(&world)]++;
	}
	for (int i = WHOHAS_CLAIMED; i <= WHOHAS_SILENT; i++)
		assert_true(outcomes[i] > 1000);
}

/* Whom to ask */

#define SITES                                                                                      \
	"infrastructure: fd48::/32\n"                                                              \
	"secret: s\n"                                                                              \
	"sites:\n"                                                                                 \
	"  ams: {locator: \"fd48:0:0:1::/64\"}\n"                                                  \
	"  fra: {locator: \"fd48:0:0:2::/64\"}\n"                                                  \
	"  lon: {locator: \"fd48:0:0:3::/64\"}\n"                                                  \
	"  par: {locator: \"fd48:0:0:4::/64\"}\n"                                                  \
	"gateways:\n"                                                                              \
	"  g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}\n"                  \
	"  g2: {site: fra, locator: \"fd48:0:0:102::/64\", interfaces: [eth0]}\n"                  \
	"  g3: {site: par, locator: \"fd48:0:0:103::/64\", interfaces: [eth0]}\n"                  \
	"backends:\n"                                                                              \
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"           \
	"  b2: {site: fra, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"           \
	"  b3: {site: lon, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"           \
	"  b4: {site: ams, id: 4, locator: \"fd48:0:0:204::/64\", interfaces: [eth0]}\n"           \
	"  b5: {site: par, id: 5, locator: \"fd48:0:0:205::/64\", interfaces: [eth0]}\n"           \
	"services:\n"                                                                              \
	"  web: {vips: [198.51.100.1], protocol: tcp, ports: 80, backends: {b1: {}, b2: {}, "      \
	"b3: {}, b4: {enabled: false}}}\n"

static void is_target(const struct whohas_target *target, enum whohas_target_kind kind,
		      uint16_t number, bool later)
{
	assert_int_equal(target->kind, kind);
	assert_int_equal(target->number, number);
	assert_int_equal(target->later, later);
}

static void own_backends_then_a_gateway_of_each_site_that_serves_it(void **state)
{
	_cleanup_config_ struct config *config = config_of(SITES);
	struct whohas_target targets[8];

	assert_int_equal(whohas_targets(config, &config->services[0], &config->sites[0], true,
					targets, 8),
			 4);
	is_target(&targets[0], WHOHAS_BACKEND, 1, false);
	is_target(&targets[1], WHOHAS_BACKEND, 4, false); /* closed to new connections */
	is_target(&targets[2], WHOHAS_ELSEWHERE, 1, true);
	is_target(&targets[3], WHOHAS_BACKEND, 3, true); /* of a site without gateways */
}

static void who_is_asked_for_another_site_asks_no_further(void **state)
{
	_cleanup_config_ struct config *config = config_of(SITES);
	struct whohas_target targets[8];

	assert_int_equal(whohas_targets(config, &config->services[0], &config->sites[1], false,
					targets, 8),
			 1);
	is_target(&targets[0], WHOHAS_BACKEND, 2, false);
}

static void what_does_not_fit_is_counted(void **state)
{
	_cleanup_config_ struct config *config = config_of(SITES);
	struct whohas_target targets[1];

	assert_int_equal(whohas_targets(config, &config->services[0], &config->sites[0], true,
					targets, 1),
			 4);
}

/* The backend has been down for so long, and why. */
static bool dead_after(enum health_reason reason, uint64_t down_us)
{
	struct health health = {.since_us = START, .reason = reason};

	return whohas_is_dead(&health, START + down_us);
}

static void a_host_that_has_not_answered_for_a_minute_is_known_to_be_dead(void **state)
{
	assert_true(dead_after(HEALTH_TIMEOUT, 60 * 1000 * MS));
	assert_true(dead_after(HEALTH_UNREACHABLE, 60 * 1000 * MS));
	assert_false(dead_after(HEALTH_TIMEOUT, 60 * 1000 * MS - 1));
}

static void one_that_refuses_or_answers_wrongly_is_alive(void **state)
{
	assert_false(dead_after(HEALTH_REFUSED, 3600 * 1000 * MS));
	assert_false(dead_after(HEALTH_WRONG, 3600 * 1000 * MS));
	assert_false(dead_after(HEALTH_NO_LISTENER, 3600 * 1000 * MS));
	assert_false(dead_after(HEALTH_UNKNOWN, 3600 * 1000 * MS));
}

static void so_is_one_that_is_up_or_not_watched(void **state)
{
	struct health up = {.up = true, .since_us = START, .reason = HEALTH_TIMEOUT};

	assert_false(whohas_is_dead(&up, START + 3600 * 1000 * MS));
	assert_false(whohas_is_dead(NULL, START));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sites_own_are_asked_at_once),
		cmocka_unit_test(whoever_says_mine_has_it_and_that_is_the_end),
		cmocka_unit_test(a_no_from_everybody_is_a_denial),
		cmocka_unit_test(one_who_stays_silent_is_asked_three_times_and_allows_no_denial),
		cmocka_unit_test(a_late_answer_counts_while_others_are_open),
		cmocka_unit_test(who_is_known_to_be_dead_is_not_asked_and_not_waited_for),
		cmocka_unit_test(when_everybody_is_dead_nobody_has_it),
		cmocka_unit_test(time_wait_counts_once_all_others_have_said_no),
		cmocka_unit_test(a_living_connection_goes_before_time_wait),
		cmocka_unit_test(time_wait_does_not_count_while_somebody_is_silent),
		cmocka_unit_test(other_sites_are_asked_when_nobody_near_by_has_it),
		cmocka_unit_test(a_pin_tells_of_one_more_to_ask),
		cmocka_unit_test(a_pin_to_one_who_is_asked_anyway_adds_nobody),
		cmocka_unit_test(answers_to_what_was_not_asked_are_ignored),
		cmocka_unit_test(no_more_than_some_are_open_at_a_time),
		cmocka_unit_test(no_world_leads_to_a_wrong_decision),
		cmocka_unit_test(own_backends_then_a_gateway_of_each_site_that_serves_it),
		cmocka_unit_test(who_is_asked_for_another_site_asks_no_further),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(a_host_that_has_not_answered_for_a_minute_is_known_to_be_dead),
		cmocka_unit_test(one_that_refuses_or_answers_wrongly_is_alive),
		cmocka_unit_test(so_is_one_that_is_up_or_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
