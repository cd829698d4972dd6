/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/unit/planned.h"
#include "wire/srv6.h"

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}, b3: {}")

static void two_gateways_plan_the_same_rows(void **state)
{
	struct planned g1 = plan_of("g1", FLEET WEB);
	struct planned g2 = plan_of("g2", FLEET WEB);

	assert_int_equal(g1.plan->services[0].size, g2.plan->services[0].size);
	assert_memory_equal(g1.plan->services[0].rows, g2.plan->services[0].rows,
			    g1.plan->services[0].size * sizeof(uint16_t));
	assert_memory_equal(g1.plan->router_rows, g2.plan->router_rows,
			    g1.plan->router_size * sizeof(uint16_t));
	planned_free(&g1);
	planned_free(&g2);
}

static void rows_hold_ids_of_enabled_backends_only(void **state)
{
	struct planned planned = plan_of(
		"g1", FLEET SERVICE("web", "198.51.100.80", "80",
				    "b1: {}, b2: {enabled: false}, b3: {weight: 0}"));
	const struct plan_service *web = &planned.plan->services[0];

	for (uint32_t i = 0; i < web->size; i++)
		assert_int_equal(web->rows[i], 1);
	planned_free(&planned);
}

static void a_service_without_an_enabled_backend_has_no_rows(void **state)
{
	struct planned planned =
		plan_of("g1", FLEET SERVICE("web", "198.51.100.80", "80", "b1: {enabled: false}"));

	assert_null(planned.plan->services[0].rows);
	planned_free(&planned);
}

static void services_that_share_a_vip_share_its_entry(void **state)
{
	struct planned planned =
		plan_of("g1", FLEET SERVICE("web", "198.51.100.80", "80", "b1: {enabled: false}")
				      SERVICE("alt", "198.51.100.80", "81", "b1: {}"));

	assert_int_equal(planned.plan->n_vips, 1);
	assert_int_equal(planned.plan->vips[0].n_intervals, 2);
	planned_free(&planned);
}

static void vips_stand_in_the_order_of_the_file(void **state)
{
	struct planned planned = plan_of(
		"g1", FLEET SERVICE("web", "198.51.100.90", "80", "b1: {}")
			      SERVICE("alt", "198.51.100.80", "80", "b1: {}")
				      SERVICE("old", "198.51.100.90", "81", "b1: {}"));
	const struct plan_vip *vips = planned.plan->vips;

	assert_int_equal(planned.plan->n_vips, 2);
	assert_int_equal(vips[0].network.address.bytes[15], 90);
	assert_int_equal(vips[0].n_intervals, 2);
	assert_int_equal(vips[1].network.address.bytes[15], 80);
	planned_free(&planned);
}

static void tables_are_as_large_as_the_services_ask_and_a_quarter_more(void **state)
{
	struct planned few = plan_of("g1", FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}"));
	struct plan_service services[2000] = {};
	const struct plan many = {.services = services, .n_services = 2000, .router_size = 6421};
	uint32_t rows = 2000 * 1009 + 6421;

	for (size_t i = 0; i < many.n_services; i++)
		services[i].size = 1009;
	assert_int_equal(plan_sizes(few.plan).rows, ROWS_MIN);
	assert_int_equal(plan_sizes(few.plan).services, SERVICES_MIN);
	assert_int_equal(plan_sizes(&many).rows, rows + rows / 4);
	assert_int_equal(plan_sizes(&many).services, 4096);
	planned_free(&few);
}

static void backends_with_agents_are_reached_by_accept_and_others_by_the_kernels_functions(void **state)
{
	struct planned planned = plan_of("g1", FLEET WEB);
	const struct plan_node *agent = &planned.plan->backends[0];
	const struct plan_node *agentless = &planned.plan->backends[3];
	union address accept = address_of("fd48:0:0:201:f003::");
	union address v4 = address_of("fd48:0:0:204:f0d4::");
	union address v6 = address_of("fd48:0:0:204:f0d6::");

	assert_true(address_equal(&agent->sids[0], &accept));
	assert_true(address_equal(&agent->sids[1], &accept));
	assert_true(address_equal(&agentless->sids[0], &v4));
	assert_true(address_equal(&agentless->sids[1], &v6));
	planned_free(&planned);
}

static void an_agent_plans_its_own_services_only(void **state)
{
	struct config *config = config_of(FLEET WEB SERVICE("alt", "198.51.100.81", "80", "b2: {}"));
	struct plan *plan;

	assert_int_equal(plan_agent(config, config_backend(config, "b1"), &plan), 0);
	assert_int_equal(plan->n_vips, 1);
	assert_int_equal(plan->vips[0].network.address.bytes[15], 80);
	plan_free(plan);
	config_free(config);
}

/* design: on 1500, three segments leave 1380 (IPv4) and 1360 (IPv6). */
static void the_mss_leaves_room_for_the_longest_list(void **state)
{
	struct config *config = config_of(FLEET WEB);
	const struct config_backend *self = config_backend(config, "b1");
	struct agent_settings settings;
	struct plan *plan;

	assert_int_equal(plan_agent(config, self, &plan), 0);
	settings = plan_agent_settings(config, self, &test_keys, plan);
	assert_int_equal(settings.mss_v4, 1380);
	assert_int_equal(settings.mss_v6, 1360);
	plan_free(plan);
	config_free(config);
}

static void the_gateway_is_its_own_router_too(void **state)
{
	struct planned planned = plan_of("g2", FLEET WEB);

	assert_int_equal(planned.plan->n_routers, 2);
	assert_int_equal(planned.plan->routers[0].flags, 0);
	assert_int_equal(planned.plan->routers[1].flags, DESTINATION_SELF);
	planned_free(&planned);
}

#define ONE(options) FLEET "  web: {vips: [198.51.100.80], ports: 80, max-backends: 4, " options "}\n"

static uint32_t flags_of(const char *text)
{
	struct planned planned = plan_of("g1", text);
	uint32_t flags = planned.plan->services[0].flags;

	planned_free(&planned);
	return flags;
}

static void replies_go_through_gateways_where_the_service_says_so(void **state)
{
	struct config *config = config_of(FLEET WEB);
	const struct config_backend *self = config_backend(config, "b1");
	struct plan *plan;

	assert_int_equal(flags_of(ONE("protocol: tcp, cookie: off, return: gateway, backends: {b1: {}}")),
			 SERVICE_RETURN);
	assert_int_equal(flags_of(ONE("protocol: udp, return: gateway, backends: {b1: {}}")),
			 SERVICE_RETURN);
	assert_int_equal(flags_of(ONE("protocol: udp, return: direct, backends: {b1: {}}")), 0);

	assert_int_equal(plan_agent(config, self, &plan), 0);
	assert_int_equal(plan_agent_settings(config, self, &test_keys, plan).returns, 0);
	assert_int_equal(plan_agent_settings(config, self, &test_keys, plan).mtu, 1500);
	plan->services[0].flags |= SERVICE_RETURN;
	assert_int_equal(plan_agent_settings(config, self, &test_keys, plan).returns, 1);
	plan_free(plan);
	config_free(config);
}

static void only_tcp_with_agents_takes_cookies(void **state)
{
	assert_int_equal(flags_of(ONE("protocol: tcp, cookie: on, backends: {b1: {}}")), SERVICE_COOKIE);
	assert_int_equal(flags_of(ONE("protocol: tcp, cookie: off, backends: {b1: {}}")), 0);
	assert_int_equal(flags_of(ONE("protocol: udp, cookie: on, backends: {b1: {}}")), 0);
	assert_int_equal(flags_of(ONE("protocol: tcp, cookie: on, backends: {b4: {}}")),
			 SERVICE_AGENTLESS | SERVICE_STICKY);
}

static void what_nobody_else_could_find_is_pinned_by_its_first_packet(void **state)
{
	assert_int_equal(flags_of(ONE("protocol: udp, backends: {b1: {}}")), 0);
	assert_int_equal(flags_of(ONE("protocol: udp, sticky: true, backends: {b1: {}}")),
			 SERVICE_STICKY);
	assert_int_equal(flags_of(ONE("protocol: udp, sticky: true, backends: {b4: {}}")),
			 SERVICE_AGENTLESS | SERVICE_STICKY);
	assert_int_equal(flags_of(ONE("protocol: udp, backends: {b4: {}}")), SERVICE_AGENTLESS);
	assert_int_equal(flags_of(ONE("protocol: tcp, cookie: off, sticky: true, backends: {b1: {}}")),
			 0);
}

/* A tick is 1.07 seconds. */
static void a_pin_lives_as_long_as_the_configuration_says_or_a_little_longer(void **state)
{
	struct planned planned =
		plan_of("g1", "pins: 3000000\npin-new: 1\npin-idle: 36000\n" ONE(
				      "protocol: tcp, backends: {b1: {}}"));
	struct pin_settings pins =
		plan_gateway_settings(planned.config, config_gateway(planned.config, "g1"),
				      &test_keys, planned.plan)
			.pins;

	assert_int_equal(pins.bucket_bits, 17);
	assert_int_equal(pins.timeouts[PIN_NEW], 1 + PIN_REFRESH + PIN_RECENT);
	assert_int_equal(pins.timeouts[PIN_ESTABLISHED], 33528 + PIN_REFRESH + PIN_RECENT);
	assert_int_equal(pins.timeouts[PIN_NONE], 0);
	assert_in_range(pins.timeouts[PIN_ESTABLISHED], 1, PIN_TIMEOUT_MAX);
	planned_free(&planned);
}

static uint32_t rows_of(const struct plan *plan, uint16_t number)
{
	uint32_t count = 0;

	for (uint32_t row = 0; row < plan->router_size; row++)
		count += plan->router_rows[row] == number;
	return count;
}

static void routers_that_do_not_live_have_no_rows(void **state)
{
	struct planned planned = plan_of("g1", FLEET WEB);
	uint32_t size = planned.plan->router_size;

	assert_in_range(rows_of(planned.plan, 2), size / 2 - 1, size / 2 + 1);
	assert_int_equal(plan_live_routers(planned.plan, (const bool[]){true, false}), 0);
	assert_int_equal(rows_of(planned.plan, 1), size);
	planned_free(&planned);
}

static void the_gateway_itself_routes_when_all_are_dead(void **state)
{
	struct planned planned = plan_of("g2", FLEET WEB);

	assert_int_equal(plan_live_routers(planned.plan, (const bool[]){false, false}), 0);
	assert_int_equal(rows_of(planned.plan, 2), planned.plan->router_size);
	planned_free(&planned);
}

static void a_router_that_comes_back_has_the_rows_that_it_had(void **state)
{
	struct planned before = plan_of("g1", FLEET WEB), after = plan_of("g1", FLEET WEB);

	assert_int_equal(plan_live_routers(after.plan, (const bool[]){true, false}), 0);
	assert_int_equal(plan_live_routers(after.plan, (const bool[]){true, true}), 0);
	assert_memory_equal(before.plan->router_rows, after.plan->router_rows,
			    after.plan->router_size * sizeof(uint16_t));
	planned_free(&before);
	planned_free(&after);
}

/* --- other sites --------------------------------------------------------------------------------- */

#define TWO_SITES(ams, lon)                                                                        \
	"infrastructure: fd48::/32\n"                                                              \
	"secret: s\n"                                                                              \
	"sites:\n"                                                                                 \
	"  ams: {locator: \"fd48:0:0:1::/64\", enabled: " ams "}\n"                                 \
	"  lon: {locator: \"fd48:0:0:2::/64\", enabled: " lon "}\n"                                 \
	"gateways:\n"                                                                              \
	"  g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}\n"                  \
	"  g2: {site: lon, locator: \"fd48:0:0:102::/64\", interfaces: [eth0]}\n"                  \
	"backends:\n"                                                                              \
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"           \
	"  b2: {site: ams, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"           \
	"  b3: {site: lon, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"           \
	"services:\n" SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}, b3: {}")

#define AMS (ROW_SITE | 1)
#define LON (ROW_SITE | 2)

/* Rows with this value, of all. */
static double part_of(const struct plan_service *service, uint16_t value)
{
	uint32_t count = 0;

	for (uint32_t row = 0; service->rows && row < service->size; row++)
		count += service->rows[row] == value;
	return (double)count / service->size;
}

static struct plan_service *judged(struct planned *planned, bool b1, bool b2, bool b3)
{
	struct plan_service *service = &planned->plan->services[0];

	assert_int_equal(
		plan_healthy_members(planned->plan, service, (const bool[]){b1, b2, b3}, NULL), 0);
	return service;
}

static void new_connections_stay_at_their_site_while_a_member_is_open_there(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("true", "true"));

	assert_true(part_of(judged(&planned, true, true, true), 1) > 0.49);
	assert_true(part_of(judged(&planned, true, true, true), 2) > 0.49);
	assert_true(part_of(judged(&planned, false, true, true), 2) == 1);
	planned_free(&planned);
	planned = plan_of("g2", TWO_SITES("true", "true"));
	assert_true(part_of(judged(&planned, true, true, true), 3) == 1);
	planned_free(&planned);
}

static void they_go_to_another_site_when_nobody_is_open_and_come_home_as_they_were(void **state)
{
	struct planned before = plan_of("g1", TWO_SITES("true", "true"));
	struct planned after = plan_of("g1", TWO_SITES("true", "true"));
	struct plan_service *service = judged(&after, false, false, true);

	assert_true(part_of(service, LON) == 1);
	assert_string_equal(service->away->name, "lon");
	service = judged(&after, true, true, true);
	assert_null(service->away);
	assert_memory_equal(service->rows, before.plan->services[0].rows,
			    service->size * sizeof(*service->rows));
	planned_free(&before);
	planned_free(&after);
}

static void when_nobody_is_open_anywhere_there_are_no_rows(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("true", "true"));

	assert_null(judged(&planned, false, false, false)->rows);
	planned_free(&planned);
}

static struct plan_service *judged_held(struct planned *planned, const bool *up, const bool *held)
{
	struct plan_service *service = &planned->plan->services[0];

	assert_int_equal(plan_healthy_members(planned->plan, service, up, held), 0);
	return service;
}

#define OF(...) ((const bool[]){__VA_ARGS__})

/* West died a second after east had come back for the second time: nobody took anything for half a second. */
static void damping_closes_no_service_for_who_comes_and_goes_stands_in_when_nobody_is_up(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("true", "true"));
	struct plan_service *service = judged_held(&planned, OF(0, 0, 0), OF(0, 0, 1));

	assert_true(part_of(service, LON) == 1);
	assert_string_equal(service->away->name, "lon");
	service = judged_held(&planned, OF(0, 0, 0), OF(0, 1, 1));
	assert_true(part_of(service, 2) == 1);
	assert_null(service->away);
	planned_free(&planned);
}

static void nobody_who_comes_and_goes_takes_anything_while_somebody_is_up(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("true", "true"));
	struct plan_service *service = judged_held(&planned, OF(1, 0, 0), OF(0, 1, 1));

	assert_true(part_of(service, 1) == 1);
	service = judged_held(&planned, OF(0, 0, 1), OF(1, 1, 0));
	assert_true(part_of(service, LON) == 1);
	planned_free(&planned);
	planned = plan_of("g1", TWO_SITES("true", "false"));
	assert_null(judged_held(&planned, OF(0, 0, 0), OF(0, 0, 1))->rows);
	planned_free(&planned);
}

static void a_drained_site_takes_nothing_new_from_anywhere(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("false", "true"));

	assert_true(planned.plan->drained);
	assert_true(part_of(judged(&planned, true, true, true), LON) == 1);
	assert_null(judged(&planned, true, true, false)->rows);
	planned_free(&planned);
	planned = plan_of("g2", TWO_SITES("false", "true"));
	assert_false(planned.plan->drained);
	assert_null(judged(&planned, true, true, false)->rows);
	planned_free(&planned);
}

static void the_other_sites_are_reached_by_their_anycast_sid(void **state)
{
	struct planned planned = plan_of("g2", TWO_SITES("true", "true"));
	union address sid = address_of("fd48:0:0:1:f002::");

	assert_int_equal(planned.plan->n_sites, 1);
	assert_int_equal(planned.plan->sites[0].number, AMS);
	assert_true(address_equal(&planned.plan->sites[0].sids[0], &sid));
	planned_free(&planned);
}

/* Spillover: some of the rows, and none of them for what comes from there. */
static void what_other_sites_are_to_have_they_have_of_the_rows_and_not_of_those_for_others(void **state)
{
	struct planned planned = plan_of("g1", TWO_SITES("true", "true"));
	struct plan_service *service = &planned.plan->services[0];

	service->wanted = (struct policy_shares){.keep = 880, .sites = {120}};
	judged(&planned, true, true, true);
	assert_true(part_of(service, LON) > 0.118 && part_of(service, LON) < 0.122);
	assert_null(service->away);
	assert_non_null(service->home);
	for (uint32_t row = 0; row < service->size; row++) {
		assert_in_range(service->home[row], 1, 2);
		if (service->rows[row] != LON)
			assert_int_equal(service->rows[row], service->home[row]);
	}
	judged(&planned, true, true, false);
	assert_int_equal(service->shares.keep, 1000);
	assert_null(service->home);
	judged(&planned, false, false, true);
	assert_true(part_of(service, LON) == 1);
	assert_null(service->home);
	judged(&planned, false, true, true);
	assert_int_equal(service->shares.keep, 880);
	planned_free(&planned);
}

static void two_gateways_with_the_same_shares_have_the_same_rows(void **state)
{
	struct planned one = plan_of("g1", TWO_SITES("true", "true"));
	struct planned two = plan_of("g1", TWO_SITES("true", "true"));
	const struct policy_shares wanted = {.keep = 700, .sites = {300}};

	one.plan->services[0].wanted = two.plan->services[0].wanted = wanted;
	judged(&one, true, true, true);
	judged(&two, true, true, false); /* with a past of its own */
	judged(&two, true, true, true);
	assert_memory_equal(one.plan->services[0].rows, two.plan->services[0].rows,
			    one.plan->services[0].size * sizeof(uint16_t));
	planned_free(&one);
	planned_free(&two);
}

#define FOUR_SITES(near, policy)                                                                   \
	"infrastructure: fd48::/32\nsecret: s\n"                                                   \
	"sites:\n"                                                                                 \
	"  ams: {locator: \"fd48:0:0:1::/64\", near: [" near "]}\n"                               \
	"  fra: {locator: \"fd48:0:0:2::/64\"}\n"                                                 \
	"  lon: {locator: \"fd48:0:0:3::/64\"}\n"                                                 \
	"  par: {locator: \"fd48:0:0:4::/64\"}\n"                                                 \
	"gateways:\n"                                                                              \
	"  g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}\n"                 \
	"backends:\n"                                                                              \
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"          \
	"  b2: {site: fra, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"          \
	"  b3: {site: lon, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"          \
	"policies: {edge: {" policy "}}\n"                                                         \
	"services:\n"                                                                              \
	"  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, policy: edge, "  \
	"backends: {b1: {}, b2: {}, b3: {}}}\n"

static void expect_others(const char *text, const char *first, const char *second, size_t n_meant)
{
	struct planned planned = plan_of("g1", text);
	const struct plan_service *service = &planned.plan->services[0];

	assert_int_equal(service->n_others, 2);
	assert_string_equal(service->others[0]->name, first);
	assert_string_equal(service->others[1]->name, second);
	assert_int_equal(service->n_meant, n_meant);
	planned_free(&planned);
}

static void the_policy_s_sites_come_first_then_near_ones_then_the_file_s_order(void **state)
{
	expect_others(FOUR_SITES("fra", ""), "fra", "lon", 2);
	expect_others(FOUR_SITES("par, lon", ""), "lon", "fra", 2);
	expect_others(FOUR_SITES("fra", "spill: {to: [lon]}"), "lon", "fra", 1);
	expect_others(FOUR_SITES("fra", "spill: {to: [ams, lon]}"), "lon", "fra", 1);
}

static void a_site_below_min_healthy_hands_over_while_another_is_not(void **state)
{
	struct planned planned = plan_of(
		"g1", "infrastructure: fd48::/32\nsecret: s\n"
		      "sites: {ams: {locator: \"fd48:0:0:1::/64\"}, lon: {locator: \"fd48:0:0:2::/64\"}}\n"
		      "gateways: {g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"
		      "backends:\n"
		      "  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"
		      "  b2: {site: ams, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"
		      "  b3: {site: lon, id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}\n"
		      "policies: {half: {min-healthy: 60%}}\n"
		      "services: {web: {vips: [198.51.100.80], protocol: tcp, ports: 80, policy: half, "
		      "backends: {b1: {}, b2: {}, b3: {}}}}\n");
	const struct plan_service *service = judged(&planned, true, false, true);

	assert_true(part_of(service, LON) == 1);
	assert_int_equal(service->home[0], 1); /* what lon hands over is taken all the same */
	assert_true(part_of(judged(&planned, true, false, false), 1) == 1);
	assert_true(part_of(judged(&planned, true, true, true), LON) == 0);
	planned_free(&planned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_gateways_plan_the_same_rows),
		cmocka_unit_test(rows_hold_ids_of_enabled_backends_only),
		cmocka_unit_test(a_service_without_an_enabled_backend_has_no_rows),
		cmocka_unit_test(services_that_share_a_vip_share_its_entry),
		cmocka_unit_test(vips_stand_in_the_order_of_the_file),
		cmocka_unit_test(tables_are_as_large_as_the_services_ask_and_a_quarter_more),
		cmocka_unit_test(
			backends_with_agents_are_reached_by_accept_and_others_by_the_kernels_functions),
		cmocka_unit_test(an_agent_plans_its_own_services_only),
		cmocka_unit_test(the_mss_leaves_room_for_the_longest_list),
		cmocka_unit_test(the_gateway_is_its_own_router_too),
		cmocka_unit_test(only_tcp_with_agents_takes_cookies),
		cmocka_unit_test(what_nobody_else_could_find_is_pinned_by_its_first_packet),
		cmocka_unit_test(a_pin_lives_as_long_as_the_configuration_says_or_a_little_longer),
		cmocka_unit_test(replies_go_through_gateways_where_the_service_says_so),
		cmocka_unit_test(new_connections_stay_at_their_site_while_a_member_is_open_there),
		cmocka_unit_test(
			they_go_to_another_site_when_nobody_is_open_and_come_home_as_they_were),
		cmocka_unit_test(when_nobody_is_open_anywhere_there_are_no_rows),
		cmocka_unit_test(damping_closes_no_service_for_who_comes_and_goes_stands_in_when_nobody_is_up),
		cmocka_unit_test(nobody_who_comes_and_goes_takes_anything_while_somebody_is_up),
		cmocka_unit_test(a_drained_site_takes_nothing_new_from_anywhere),
		cmocka_unit_test(
			what_other_sites_are_to_have_they_have_of_the_rows_and_not_of_those_for_others),
		cmocka_unit_test(two_gateways_with_the_same_shares_have_the_same_rows),
		cmocka_unit_test(the_policy_s_sites_come_first_then_near_ones_then_the_file_s_order),
		cmocka_unit_test(a_site_below_min_healthy_hands_over_while_another_is_not),
		cmocka_unit_test(the_other_sites_are_reached_by_their_anycast_sid),
		cmocka_unit_test(routers_that_do_not_live_have_no_rows),
		cmocka_unit_test(the_gateway_itself_routes_when_all_are_dead),
		cmocka_unit_test(a_router_that_comes_back_has_the_rows_that_it_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
