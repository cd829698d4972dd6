/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What heartbeats come to, as a policy counts, and the words for it. */
#include <endian.h>

#include "core/use.h"
#include "tests/unit/planned.h"

#define SITES(policy)                                                                              \
	TWO_SITES_FLEET                                                                            \
	"policies: {edge: {" policy "}}\n"                                                         \
	"services: {web: {vips: [198.51.100.80], protocol: tcp, ports: 80, policy: edge, "         \
	"backends: {b1: {weight: 3}, b2: {}, b3: {}}}}\n"

#define NOW_US 1000000

static struct planned planned;
static struct plan_service *service;
static struct load *load;

static void given(const char *text)
{
	planned = plan_of("g1", text);
	service = &planned.plan->services[0];
	assert_int_equal(load_new(planned.config, NULL, &load), 0);
}

static int end(void **state)
{
	load = load_free(load);
	planned_free(&planned);
	return 0;
}

static void hear(uint16_t id, uint32_t connections, uint16_t cpu)
{
	struct heartbeat message = {
		.magic = HEARTBEAT_MAGIC,
		.version = HEARTBEAT_VERSION,
		.count = 1,
		.backend = htobe16(id),
		.boot = htobe64(1),
		.sequence = htobe64(1),
		.interval_ms = htobe32(100),
		.cpu = htobe16(cpu),
		.entries = {{.service = htobe64(load_service("web")),
			     .connections = htobe32(connections),
			     .flags = htobe16(HEARTBEAT_CONNECTIONS | HEARTBEAT_OPENED)}},
	};

	assert_int_equal(load_take(load, &message, HEARTBEAT_BYTES(1), NOW_US, &id), LOAD_TAKEN);
}

static struct policy_load use_here(void)
{
	return use_of_site(service, planned.plan->site, load, NOW_US);
}

static void up(bool b1, bool b2, bool b3)
{
	assert_int_equal(plan_healthy_members(planned.plan, service, (const bool[]){b1, b2, b3}, NULL), 0);
}

static void a_backend_s_capacity_is_an_average_one_s(void **state)
{
	given(SITES("capacity: {connections: 100}"));
	hear(1, 120, 0);
	hear(2, 30, 0);
	hear(3, 999, 0);
	assert_int_equal(use_here().capacity, 200);
	assert_int_equal(use_here().used, 150);
	assert_false(use_here().unknown);
}

static void who_is_down_takes_its_part_of_capacity_and_use_along(void **state)
{
	given(SITES("capacity: {connections: 100}"));
	hear(1, 120, 0);
	hear(2, 30, 0);
	up(false, true, true);
	assert_int_equal(use_here().capacity, 50);
	assert_int_equal(use_here().used, 30);
}

static void a_site_s_capacity_is_its_own_whoever_is_there(void **state)
{
	given(SITES("capacity: {connections: 100, per: site}"));
	hear(1, 20, 0);
	hear(2, 30, 0);
	assert_int_equal(use_here().capacity, 100);
	up(true, false, true);
	assert_int_equal(use_here().capacity, 75);
}

static void who_was_not_heard_is_taken_to_be_like_the_others(void **state)
{
	given(SITES("capacity: {connections: 100}"));
	assert_true(use_here().unknown);
	hear(1, 60, 0);
	assert_int_equal(use_here().used, 80);
	assert_false(use_here().unknown);
}

static void load_is_the_mean_by_weight(void **state)
{
	given(SITES("capacity: {load: 800}"));
	hear(1, 0, 400);
	hear(2, 0, 800);
	assert_int_equal(use_here().used, 500);
	assert_int_equal(use_here().capacity, 800);
}

static void it_says_why_in_a_line(void **state)
{
	struct policy_load use;
	char why[USE_TEXT_MAX], shares[USE_SHARES_MAX];

	given(SITES("capacity: {connections: 50, per: backend}, min-healthy: 50%"));
	hear(1, 72, 0);
	hear(2, 24, 0);
	use = use_here();
	assert_string_equal(use_why(service, &use, why), "96 of 100 connections, mark 90 %");
	assert_string_equal(use_shares(service, shares), "all stay");
	service->wanted = (struct policy_shares){.keep = 880, .sites = {120}};
	up(true, true, true);
	assert_string_equal(use_shares(service, shares), "12 % to lon");
	up(false, true, true);
	use = use_here();
	assert_string_equal(use_why(service, &use, why),
			    "25 % of the backends are open, min-healthy 50 %");
	assert_string_equal(use_shares(service, shares), "100 % to lon");
	up(false, false, true);
	use = use_here();
	assert_string_equal(use_why(service, &use, why), "nobody is open here");
	up(false, false, false);
	assert_string_equal(use_shares(service, shares), "nobody takes them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_backend_s_capacity_is_an_average_one_s, end),
		cmocka_unit_test_teardown(who_is_down_takes_its_part_of_capacity_and_use_along, end),
		cmocka_unit_test_teardown(a_site_s_capacity_is_its_own_whoever_is_there, end),
		cmocka_unit_test_teardown(who_was_not_heard_is_taken_to_be_like_the_others, end),
		cmocka_unit_test_teardown(load_is_the_mean_by_weight, end),
		cmocka_unit_test_teardown(it_says_why_in_a_line, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
