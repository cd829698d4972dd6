/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Policies and nearness: what is read, and what is refused. Exact messages, as in good_config.h. */
#include "tests/unit/good_config.h"

#define SITES                                                                                      \
	"  ams: {locator: \"fd48:0:0:1::/64\"}\n"                                                  \
	"  fra: {locator: \"fd48:0:0:2::/64\"}\n"                                                  \
	"  lon: {locator: \"fd48:0:0:3::/64\"}"
#define NEAR(near) "  ams: {locator: \"fd48:0:0:1::/64\", near: [" near "]}\n"                     \
	"  fra: {locator: \"fd48:0:0:2::/64\"}\n"                                                  \
	"  lon: {locator: \"fd48:0:0:3::/64\"}"

/* The good configuration at three sites; "web" is served in ams and fra. Lines are two further down. */
#define FLEET_OF(sites, policies, web)                                                             \
	CHANGES({5, sites},                                                                        \
		{7, "  g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}"},      \
		{9, "  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}"}, \
		{10, "  b2: {site: fra, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}"}, \
		{11, "  b3: {site: fra, id: 3, locator: \"fd48:0:0:203::/64\", agent: false}\n"    \
		     policies},                                                                    \
		{17, "    policy: " web})
#define POLICY(text) "policies: {edge: {" text "}}"
#define WITH(text) FLEET_OF(SITES, POLICY(text), "edge")

static struct config *config_with(const struct change *changes)
{
	_cleanup_errors_ struct errors errors = {};
	struct config *config = NULL;

	if (read_changed(changes, &errors, &config) < 0)
		fail_msg("%s", errors_text(&errors, 0));
	return config;
}

static void a_policy_is_read_with_its_defaults(void **state)
{
	_cleanup_config_ struct config *config = config_with(
		WITH("capacity: {connections: 100, per: site}, spill: {at: 85%, to: [fra]}, "
		     "recover: {step: 20%, after: 5}, min-healthy: 50"));
	const struct config_policy *policy = config->services[0].policy;

	assert_string_equal(policy->name, "edge");
	assert_int_equal(policy->capacity.connections, 100);
	assert_int_equal(policy->capacity.per, CONFIG_PER_SITE);
	assert_int_equal(policy->spill.at, 85);
	assert_int_equal(policy->spill.n_to, 1);
	assert_string_equal(policy->spill.to[0]->name, "fra");
	assert_int_equal(policy->recover.below, 75);
	assert_int_equal(policy->recover.step, 20);
	assert_int_equal(policy->recover.after_s, 5);
	assert_int_equal(policy->min_healthy, 50);
	assert_null(config->services[1].policy);
}

static void an_empty_policy_spills_to_the_nearest_at_ninety_percent(void **state)
{
	_cleanup_config_ struct config *config = config_with(WITH(""));
	const struct config_policy *policy = &config->policies[0];

	assert_int_equal(policy->spill.at, 90);
	assert_int_equal(policy->spill.n_to, 0);
	assert_int_equal(policy->recover.below, 80);
	assert_int_equal(policy->recover.step, 10);
	assert_int_equal(policy->capacity.per, CONFIG_PER_BACKEND);
	accepts(WITH("spill: {to: nearest}"));
}

static void percent_are_written_with_their_sign_or_without(void **state)
{
	accepts(WITH("spill: {at: 90%}"));
	accepts(WITH("spill: {at: 90}"));
	EXPECT(WITH("spill: {at: 101%}"),
	       "t.yaml:14: policies.edge.spill.at: 101% is out of range, allowed: 1 to 100 %");
	EXPECT(WITH("spill: {at: \"%\"}"),
	       "t.yaml:14: policies.edge.spill.at: \"%\" is not a number, allowed: 1 to 100 %");
	EXPECT(WITH("recover: {after: 5%}"),
	       "t.yaml:14: policies.edge.recover.after: 5% is not a number, allowed: 0 to 3600 s");
}

static void a_service_names_a_policy_that_there_is(void **state)
{
	EXPECT(FLEET_OF(SITES, POLICY(""), "egde"),
	       "t.yaml:20: services.web.policy: egde is not in policies, allowed: edge");
}

static void a_policy_spills_to_sites_that_there_are_and_once(void **state)
{
	EXPECT(WITH("spill: {to: [par]}"),
	       "t.yaml:14: policies.edge.spill.to[0]: par is not in sites, allowed: ams, fra, lon");
	EXPECT(WITH("spill: {to: [fra, fra]}"),
	       "t.yaml:14: policies.edge.spill.to[1]: fra is given a second time, allowed: once");
	EXPECT(WITH("spill: {to: farthest}"),
	       "t.yaml:14: policies.edge.spill.to: farthest is not a list, allowed: nearest, or "
	       "names of sites, the preferred one first");
}

static void where_nobody_serves_nothing_is_spilled_to(void **state)
{
	EXPECT(WITH("spill: {to: [lon]}"),
	       "t.yaml:20: services.web.policy: edge spills to lon, where web has no backend, "
	       "allowed: sites that serve it");
}

static void no_site_spills_to_itself(void **state)
{
	EXPECT(CHANGES({4, "policies: {edge: {spill: {to: [ams]}}}\nsites:"},
		       {17, "    policy: edge"}),
	       "t.yaml:18: services.web.policy: edge would have ams spill to itself, allowed: a "
	       "site besides it");
}

static void home_is_come_to_below_the_mark_only(void **state)
{
	EXPECT(WITH("spill: {at: 70%}, recover: {below: 70%}"),
	       "t.yaml:14: policies.edge.recover.below: 70 is not below spill.at, allowed: less "
	       "than 70");
}

static void a_capacity_has_one_measure_which_somebody_counts(void **state)
{
	EXPECT(WITH("capacity: {connections: 5, rate: 5}"),
	       "t.yaml:14: policies.edge.capacity: more than one measure, allowed: connections, "
	       "rate or load");
	EXPECT(CHANGES({4, "policies: {edge: {capacity: {rate: 5}}}\nsites:"},
		       {11, "  b3: {id: 3, locator: \"fd48:0:0:203::/64\", interfaces: [eth0]}"},
		       {24, "    ports: 53-54\n    policy: edge"}),
	       "t.yaml:26: services.dns.policy: edge has a capacity, but nobody counts what begins "
	       "and ends on udp, allowed: one without");
	EXPECT(CHANGES({4, "policies: {edge: {capacity: {load: 5}}}\nsites:"},
		       {23, "    protocol: tcp"}, {24, "    ports: 53-54\n    policy: edge"}),
	       "t.yaml:26: services.dns.policy: edge has a capacity, but nobody tells how much of it "
	       "backends without agents use, allowed: one without, or agents");
}

static void a_site_is_near_to_others_each_once(void **state)
{
	accepts(FLEET_OF(NEAR("lon, fra"), POLICY(""), "edge"));
	EXPECT(FLEET_OF(NEAR("ams"), POLICY(""), "edge"),
	       "t.yaml:5: sites.ams.near[0]: ams is the site itself, allowed: other sites");
	EXPECT(FLEET_OF(NEAR("fra, fra"), POLICY(""), "edge"),
	       "t.yaml:5: sites.ams.near[1]: fra is given a second time, allowed: once");
	EXPECT(FLEET_OF(NEAR("par"), POLICY(""), "edge"),
	       "t.yaml:5: sites.ams.near[0]: par is not in sites, allowed: ams, fra, lon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_read_with_its_defaults),
		cmocka_unit_test(an_empty_policy_spills_to_the_nearest_at_ninety_percent),
		cmocka_unit_test(percent_are_written_with_their_sign_or_without),
		cmocka_unit_test(a_service_names_a_policy_that_there_is),
		cmocka_unit_test(a_policy_spills_to_sites_that_there_are_and_once),
		cmocka_unit_test(where_nobody_serves_nothing_is_spilled_to),
		cmocka_unit_test(no_site_spills_to_itself),
		cmocka_unit_test(home_is_come_to_below_the_mark_only),
		cmocka_unit_test(a_capacity_has_one_measure_which_somebody_counts),
		cmocka_unit_test(a_site_is_near_to_others_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
