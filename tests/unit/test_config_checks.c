/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What must differ, lie within each other, or go together. Exact messages: see good_config.h. */
#include "tests/unit/good_config.h"

/* --- sites ------------------------------------------------------------------------------ */

static void with_two_sites_each_node_must_name_its_own(void **state)
{
	EXPECT(CHANGES({5, "  ams: {locator: \"fd48:0:0:1::/64\"}\n"
			   "  fra: {locator: \"fd48:0:0:2::/64\"}"},
		       {7, "  g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0], site: ams}"},
		       {9, "  b1: {site: fra, id: 1, locator: \"fd48:0:0:201::/64\", "
			   "interfaces: [eth0]}"}),
	       "t.yaml:11: backends.b2.site: missing, allowed: ams, fra",
	       "t.yaml:12: backends.b3.site: missing, allowed: ams, fra");
}

/* --- ids, locators, interfaces --------------------------------------------------------------- */

static void an_id_belongs_to_one_backend(void **state)
{
	says(10, "  b2: {id: 1, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}",
	     "t.yaml:10: backends.b2.id: 1 is taken by b1 on line 9, allowed: an id of its own");
}

static void a_locator_belongs_to_one_node_or_site(void **state)
{
	says(7, "  g1: {locator: \"fd48:0:0:1::/64\", interfaces: [eth0]}",
	     "t.yaml:7: gateways.g1.locator: fd48:0:0:1::/64 is taken by sites.ams on line 5, "
	     "allowed: a locator of its own");
}

static void a_locator_lies_inside_the_infrastructure(void **state)
{
	says(10, "  b2: {id: 2, locator: \"fd49:0:0:202::/64\", interfaces: [eth0]}",
	     "t.yaml:10: backends.b2.locator: fd49:0:0:202::/64 is outside the infrastructure, "
	     "allowed: inside fd48::/32");
}

static void an_agent_needs_interfaces(void **state)
{
	says(10, "  b2: {id: 2, locator: \"fd48:0:0:202::/64\"}",
	     "t.yaml:10: backends.b2.interfaces: missing, allowed: names of interfaces, like "
	     "[eth0], or agent: false");
}

static void without_an_agent_interfaces_mean_nothing(void **state)
{
	says(11, "  b3: {id: 3, locator: \"fd48:0:0:203::/64\", agent: false, interfaces: [eth0]}",
	     "t.yaml:11: backends.b3.interfaces: given, but agent is false, allowed: one of both");
}

static void what_rests_is_listed_by_its_number(void **state)
{
	says(3, "resting-ids: {b1: {was: b1, locator: \"fd48:0:0:209::/64\", since: "
		"\"2026-11-26T04:00:00Z\"}}",
	     "t.yaml:3: resting-ids.b1: not a number of those, allowed: 1 to 32767");
	says(3, "resting-epochs: {\"65536\": {since: \"2026-11-26T04:00:00Z\"}}",
	     "t.yaml:3: resting-epochs.65536: not a number of those, allowed: 0 to 65535");
	says(3, "resting-epochs: {1: {since: yesterday}}",
	     "t.yaml:3: resting-epochs.1.since: yesterday is not a moment, allowed: a moment in UTC, "
	     "like \"2026-11-26T04:00:00Z\"");
}

/* --- VIPs and ports -------------------------------------------------------------------------- */

static void a_vip_lies_outside_the_infrastructure(void **state)
{
	says(14, "    vips: [\"fd48::80\"]",
	     "t.yaml:14: services.web.vips[0]: fd48::80 overlaps the infrastructure, allowed: "
	     "outside fd48::/32");
	says(14, "    vips: [\"fd00::/8\"]",
	     "t.yaml:14: services.web.vips[0]: fd00::/8 overlaps the infrastructure, allowed: "
	     "outside fd48::/32");
}

/* The service dns gets the VIP and protocol of web, and these ports. */
static const struct change *both_on_one_vip(const char *web, const char *dns)
{
	static char lines[2][64];
	static struct change changes[5];

	snprintf(lines[0], sizeof(lines[0]), "    ports: %s", web);
	snprintf(lines[1], sizeof(lines[1]), "    ports: %s", dns);
	changes[0] = (struct change){16, lines[0]};
	changes[1] = (struct change){22, "    vips: [198.51.100.80]"};
	changes[2] = (struct change){23, "    protocol: tcp"};
	changes[3] = (struct change){24, lines[1]};
	return changes;
}

static void one_exact_port_has_one_service(void **state)
{
	EXPECT(both_on_one_vip("80", "80"),
	       "t.yaml:22: services.dns.vips[0]: 198.51.100.80 tcp 80 overlaps 80 of web on line "
	       "14, allowed: ports apart, or one more exact");
	accepts(both_on_one_vip("80", "81"));
}

static void ranges_of_one_vip_are_apart(void **state)
{
	EXPECT(both_on_one_vip("8050-8100", "8000-8050"),
	       "t.yaml:22: services.dns.vips[0]: 198.51.100.80 tcp 8000-8050 overlaps 8050-8100 "
	       "of web on line 14, allowed: ports apart, or one more exact");
	accepts(both_on_one_vip("8051-8100", "8000-8050"));
}

static void a_range_inside_another_is_seen_past_one_in_between(void **state)
{
	EXPECT(CHANGES({14, "    vips: [192.0.2.1]"}, {16, "    ports: 100-900"},
		       {22, "    vips: [192.0.2.1]"}, {23, "    protocol: tcp"},
		       {24, "    ports: 200-300"},
		       {26,
			"      b3: {}\n"
			"  third:\n"
			"    {vips: [192.0.2.1], protocol: tcp, ports: 400-500, backends: {}}"}),
	       "t.yaml:22: services.dns.vips[0]: 192.0.2.1 tcp 200-300 overlaps 100-900 of web on "
	       "line 14, allowed: ports apart, or one more exact",
	       "t.yaml:28: services.third.vips[0]: 192.0.2.1 tcp 400-500 overlaps 100-900 of web "
	       "on line 14, allowed: ports apart, or one more exact");
}

static void any_port_of_one_vip_has_one_service(void **state)
{
	EXPECT(both_on_one_vip("any", "any"),
	       "t.yaml:22: services.dns.vips[0]: 198.51.100.80 tcp any overlaps any of web on line "
	       "14, allowed: ports apart, or one more exact");
}

static void a_port_inside_a_range_inside_any_is_allowed(void **state)
{
	accepts(both_on_one_vip("80", "80-90"));
	accepts(both_on_one_vip("any", "80-90"));
	accepts(both_on_one_vip("any", "80"));
}

static void one_vip_twice_in_a_service_is_an_error(void **state)
{
	says(14, "    vips:\n    - 198.51.100.80\n    - \"::ffff:198.51.100.80\"",
	     "t.yaml:16: services.web.vips[1]: 198.51.100.80 tcp 80 overlaps 80 of web on line 15, "
	     "allowed: ports apart, or one more exact");
}

static void vips_of_different_length_may_nest(void **state)
{
	accepts(CHANGES({14, "    vips: [198.51.100.0/24, 198.51.100.0/25, 198.51.100.0]"}));
}

/* --- members --------------------------------------------------------------------------------- */

static void a_service_has_agents_everywhere_or_nowhere(void **state)
{
	says(20, "      b3: {}",
	     "t.yaml:18: services.web.backends: b1 has an agent and b3 has none, allowed: all or "
	     "none");
}

static void only_agents_send_replies_through_a_gateway(void **state)
{
	says(24, "    ports: 53-54\n    return: gateway",
	     "t.yaml:25: services.dns.return: gateway, but b3 has no agent, allowed: direct, or "
	     "backends with agents");
	accepts(CHANGES({16, "    ports: 80\n    return: gateway"}));
	accepts(CHANGES({24, "    ports: 53-54\n    return: direct"}));
}

static void more_enabled_members_than_max_backends_is_an_error(void **state)
{
	EXPECT(CHANGES({17, "    max-backends: 1"}),
	       "t.yaml:18: services.web.backends: 2 enabled backends are too many, allowed: "
	       "max-backends, 1");
	accepts(CHANGES({17, "    max-backends: 1"}, {20, "      b2: {enabled: false}"}));
}

/* --- health ---------------------------------------------------------------------------------- */

static const struct config_health *health_of(const struct change *changes, size_t service,
					     struct config **ret)
{
	_cleanup_errors_ struct errors errors = {};

	if (read_changed(changes, &errors, ret) < 0)
		fail_msg("%s", errors_text(&errors, 0));
	return &(*ret)->services[service].health;
}

static void a_service_on_one_tcp_port_is_probed_unless_said_otherwise(void **state)
{
	_cleanup_config_ struct config *config = NULL, *other = NULL, *range = NULL;
	const struct config_health *health = health_of(NULL, 0, &config);

	assert_int_equal(health->check, CONFIG_CHECK_TCP);
	assert_int_equal(health->port, 80);
	assert_int_equal(health->interval_ms, 80);
	assert_int_equal(health->timeout_ms, 50);
	assert_int_equal(health->fall, 3);
	assert_true(config_is_checked(&config->services[0]));
	assert_int_equal(config->services[1].health.check, CONFIG_CHECK_OFF);
	assert_true(config->services[1].health.unasked);
	assert_false(config_is_checked(&config->services[1]));
	health = health_of(CHANGES({17, "    health: {check: off}"}), 0, &other);
	assert_int_equal(health->check, CONFIG_CHECK_OFF);
	assert_false(health->unasked);
	health = health_of(CHANGES({16, "    ports: 80-90"}), 0, &range);
	assert_int_equal(health->check, CONFIG_CHECK_OFF);
	assert_true(health->unasked);
}

static void a_heartbeat_that_is_required_checks_a_service_too(void **state)
{
	_cleanup_config_ struct config *on = NULL, *required = NULL;

	health_of(CHANGES({16, "    ports: any"}), 0, &on); /* heartbeats that shed doubt on probes */
	assert_false(config_is_checked(&on->services[0]));
	health_of(CHANGES({16, "    ports: any"}, {17, "    health: {heartbeat: required}"}), 0, &required);
	assert_true(config_is_checked(&required->services[0]));
}

static void a_probe_asks_for_what_the_service_can_answer(void **state)
{
	says(17, "    health: {check: dns, name: www.example}",
	     "t.yaml:17: services.web.health.check: a service on tcp cannot be asked that, "
	     "allowed: off, tcp, http or https");
	says(24, "    ports: 53\n    health: {check: http}",
	     "t.yaml:25: services.dns.health.check: a service on udp cannot be asked that, "
	     "allowed: off or dns");
	says(24, "    ports: 53\n    health: {check: dns}",
	     "t.yaml:25: services.dns.health.name: missing, allowed: a domain name, like "
	     "www.example");
	says(24, "    health: {check: dns, name: www.example}\n    ports: 53-54",
	     "t.yaml:24: services.dns.health.port: missing, allowed: one of the service's ports");
	says(17, "    health: {port: 81}",
	     "t.yaml:17: services.web.health.port: 81 is not the service's, allowed: 80 to 80");
	accepts(CHANGES({24, "    ports: 53-54\n    health: {check: dns, name: ., port: 54}"}));
}

static void a_probe_is_over_before_the_next(void **state)
{
	says(17, "    health: {interval: 20}",
	     "t.yaml:17: services.web.health.timeout: 50 ms is longer than the interval, "
	     "allowed: up to 20");
	accepts(CHANGES({17, "    health: {interval: 20, timeout: 20}"}));
}

static void what_a_probe_sends_is_well_formed(void **state)
{
	says(17, "    health: {path: \"/a b\"}",
	     "t.yaml:17: services.web.health.path: \"/a b\" is not a path, allowed: a path, like "
	     "/health");
	says(17, "    health: {name: a..b}",
	     "t.yaml:17: services.web.health.name: a..b is not a domain name, allowed: a domain "
	     "name, like www.example");
	says(17, "    health: {chek: tcp}",
	     "t.yaml:17: services.web.health.chek: unknown key, did you mean check?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_two_sites_each_node_must_name_its_own),
		cmocka_unit_test(an_id_belongs_to_one_backend),
		cmocka_unit_test(what_rests_is_listed_by_its_number),
		cmocka_unit_test(a_locator_belongs_to_one_node_or_site),
		cmocka_unit_test(a_locator_lies_inside_the_infrastructure),
		cmocka_unit_test(an_agent_needs_interfaces),
		cmocka_unit_test(without_an_agent_interfaces_mean_nothing),
		cmocka_unit_test(a_vip_lies_outside_the_infrastructure),
		cmocka_unit_test(one_exact_port_has_one_service),
		cmocka_unit_test(ranges_of_one_vip_are_apart),
		cmocka_unit_test(a_range_inside_another_is_seen_past_one_in_between),
		cmocka_unit_test(any_port_of_one_vip_has_one_service),
		cmocka_unit_test(a_port_inside_a_range_inside_any_is_allowed),
		cmocka_unit_test(one_vip_twice_in_a_service_is_an_error),
		cmocka_unit_test(vips_of_different_length_may_nest),
		cmocka_unit_test(a_service_has_agents_everywhere_or_nowhere),
		cmocka_unit_test(only_agents_send_replies_through_a_gateway),
		cmocka_unit_test(more_enabled_members_than_max_backends_is_an_error),
		cmocka_unit_test(a_service_on_one_tcp_port_is_probed_unless_said_otherwise),
		cmocka_unit_test(a_heartbeat_that_is_required_checks_a_service_too),
		cmocka_unit_test(a_probe_asks_for_what_the_service_can_answer),
		cmocka_unit_test(a_probe_is_over_before_the_next),
		cmocka_unit_test(what_a_probe_sends_is_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
