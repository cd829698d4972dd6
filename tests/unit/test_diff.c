/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/diff.h"
#include "tests/unit/planned.h"

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {}, b3: {}")

/* A side with all that it points at. */
struct node {
	struct planned planned;
	struct gateway_settings gateway;
	struct agent_settings agent;
	struct diff_side side;
};

static void gateway_of(struct node *node, const char *name, const char *text)
{
	const struct config_gateway *self;

	node->planned = plan_of(name, text);
	self = config_gateway(node->planned.config, name);
	node->gateway =
		plan_gateway_settings(node->planned.config, self, &test_keys, node->planned.plan);
	node->side = (struct diff_side){.plan = node->planned.plan,
					.gateway = &node->gateway,
					.interfaces = self->interfaces,
					.n_interfaces = self->n_interfaces};
}

static void agent_of(struct node *node, const char *name, const char *text)
{
	const struct config_backend *self;

	node->planned.config = config_of(text);
	self = config_backend(node->planned.config, name);
	assert_int_equal(plan_agent(node->planned.config, self, &node->planned.plan), 0);
	node->agent = plan_agent_settings(node->planned.config, self, &test_keys,
					  node->planned.plan);
	node->side = (struct diff_side){.plan = node->planned.plan,
					.agent = &node->agent,
					.interfaces = self->interfaces,
					.n_interfaces = self->n_interfaces};
}

static struct diff *diff_of(void (*make)(struct node *, const char *, const char *),
			    const char *name, const char *before, const char *after)
{
	struct node a = {}, b = {};
	struct diff *diff;

	make(&a, name, before);
	make(&b, name, after);
	assert_int_equal(diff_sides(&a.side, &b.side, &diff), 0);
	planned_free(&a.planned);
	planned_free(&b.planned);
	return diff;
}

/* "service web: backend b2: changed: weight 1 -> weight 2" */
static void text_of(const struct diff_change *change, char text[static 512])
{
	snprintf(text, 512, "%s%s%s%s %s: %s%s%s%s%s%s%s", change->service[0] ? "service " : "",
		 change->service, change->service[0] ? ": " : "", diff_about_name(change->about),
		 change->name, diff_what_name(change->what), change->field ? " " : "",
		 change->field ? change->field : "",
		 change->before[0] || change->after[0] ? ": " : "", change->before,
		 change->before[0] || change->after[0] ? " -> " : "", change->after);
}

static void expect(struct diff *diff, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n && i < diff->n_changes; i++) {
		char text[512];

		text_of(&diff->changes[i], text);
		assert_string_equal(text, lines[i]);
	}
	assert_int_equal(diff->n_changes, n);
	diff_free(diff);
}

#define EXPECT(diff, ...)                                                                          \
	expect(diff, (const char *const[]){__VA_ARGS__},                                           \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void equal_configurations_differ_in_nothing(void **state)
{
	struct diff *diff = diff_of(gateway_of, "g1", FLEET WEB, FLEET WEB);

	assert_true(diff_is_empty(diff));
	assert_int_equal(diff->n_shares, 1);
	diff_free(diff);
}

static void a_service_that_comes_brings_its_vip(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB,
		       FLEET WEB SERVICE("alt", "198.51.100.81", "80", "b1: {}")),
	       "vip 198.51.100.81: added", "vip 198.51.100.81: announced", "service alt: added");
}

static void a_service_that_goes_takes_its_vip_along(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB SERVICE("alt", "198.51.100.81", "80", "b1: {}"),
		       FLEET WEB),
	       "vip 198.51.100.81: withdrawn", "vip 198.51.100.81: removed",
	       "service alt: removed");
}

static void a_vip_stays_while_another_service_is_on_it(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB SERVICE("alt", "198.51.100.80", "81", "b1: {}"),
		       FLEET WEB),
	       "service alt: removed");
}

static void a_vip_is_withdrawn_when_its_last_backend_closes(void **state)
{
	struct diff *diff =
		diff_of(gateway_of, "g1", FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}"),
			FLEET SERVICE("web", "198.51.100.80", "80", "b1: {enabled: false}"));

	assert_true(diff->shares[0].moved == 1);
	EXPECT(diff, "vip 198.51.100.80: withdrawn",
	       "service web: backend b1: closed: weight 1 -> closed");
}

static void backends_open_close_come_go_and_change_their_weight(void **state)
{
	struct diff *diff = diff_of(
		gateway_of, "g1",
		FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {weight: 0}")
			SERVICE("alt", "198.51.100.81", "80", "b1: {}, b2: {weight: 2}"),
		FLEET SERVICE("web", "198.51.100.80", "80", "b1: {enabled: false}, b2: {weight: 3}")
			SERVICE("alt", "198.51.100.81", "80", "b2: {weight: 5}, b3: {}"));

	EXPECT(diff, "service alt: backend b1: removed: weight 1 -> ",
	       "service alt: backend b2: changed: weight 2 -> weight 5",
	       "service alt: backend b3: added:  -> weight 1",
	       "service web: backend b1: closed: weight 1 -> closed",
	       "service web: backend b2: opened: closed -> weight 3");
}

static void the_weight_of_a_closed_backend_is_nothing_to_packets(void **state)
{
	struct diff *diff =
		diff_of(gateway_of, "g1",
			FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {enabled: false}"),
			FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {weight: 0}"));

	assert_true(diff_is_empty(diff));
	diff_free(diff);
}

static void a_services_ports_vips_and_rows_are_its_own_changes(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB,
		       FLEET "  web: {vips: [198.51.100.81], protocol: udp, ports: 80-90, "
			     "max-backends: 64, backends: {b1: {}, b2: {}, b3: {}}}\n"),
	       "vip 198.51.100.80: withdrawn", "vip 198.51.100.80: removed",
	       "vip 198.51.100.81: added", "vip 198.51.100.81: announced",
	       "service web: changed ports: tcp 80 -> udp 80-90",
	       "service web: vip 198.51.100.80: removed", "service web: vip 198.51.100.81: added",
	       "service web: changed rows: 1009 -> 6421",
	       "service web: changed health.check: tcp -> off",
	       "service web: changed health.port: 80 -> 0");
}

static void cookies_are_on_until_they_are_switched_off(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB,
		       FLEET "  web: {vips: [198.51.100.80], protocol: tcp, ports: 80, max-backends: 4, "
			     "cookie: off, backends: {b1: {}, b2: {}, b3: {}}}\n"),
	       "service web: changed cookie: on -> off");
}

static void backends_with_agents_for_some_without_are_a_change_of_agents(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET SERVICE("web", "198.51.100.80", "80", "b1: {}"),
		       FLEET SERVICE("web", "198.51.100.80", "80", "b4: {}")),
	       "service web: changed agents: all -> none",
	       "service web: backend b1: removed: weight 1 -> ",
	       "service web: backend b4: added:  -> weight 1");
}

/* The fleet with one of its parts written otherwise. */
static const char *fleet_with(const char *part, const char *instead)
{
	static char text[2048];
	const char *at = strstr(FLEET WEB, part);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - FLEET WEB), FLEET WEB, instead,
		 at + strlen(part));
	return text;
}

static void a_backend_with_another_id_or_locator_is_another_place(void **state)
{
	struct diff *diff =
		diff_of(gateway_of, "g1", FLEET WEB, fleet_with("b1: {id: 1", "b1: {id: 9"));

	EXPECT(diff, "backend b1: changed id: 1 -> 9");
	diff = diff_of(gateway_of, "g1", FLEET WEB, fleet_with("fd48:0:0:201", "fd48:0:0:299"));
	assert_true(diff->shares[0].moved > 0.33 && diff->shares[0].moved < 0.34);
	EXPECT(diff, "backend b1: changed SID: fd48:0:0:201:f003:: -> fd48:0:0:299:f003::");
}

static void a_gateway_that_comes_takes_its_share_of_the_sites_flows(void **state)
{
	struct diff *diff =
		diff_of(gateway_of, "g1", FLEET WEB,
			fleet_with("backends:\n",
				   "  g3: {locator: \"fd48:0:0:103::/64\", interfaces: [eth0]}\n"
				   "backends:\n"));

	assert_true(diff->routers_moved > 0.32 && diff->routers_moved < 0.45);
	assert_false(diff->reload);
	EXPECT(diff, "gateway g3: added");
}

static void what_the_programs_were_loaded_with_makes_them_load_anew(void **state)
{
	struct diff *diff =
		diff_of(gateway_of, "g1", FLEET WEB, fleet_with("fd48:0:0:101", "fd48:0:0:199"));

	assert_true(diff->reload);
	EXPECT(diff, "setting router SID: changed",
	       "gateway g1: changed SID: fd48:0:0:101:f001:: -> fd48:0:0:199:f001::");
	diff = diff_of(gateway_of, "g1", FLEET WEB, fleet_with("198.51.100.80", "198.51.100.0/24"));
	assert_true(diff->reload);
	assert_string_equal(diff->changes[0].name, "VIPs that are networks");
	diff_free(diff);
}

static void interfaces_come_and_go(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", FLEET WEB,
		       fleet_with("interfaces: [eth0]", "interfaces: [eth1]")),
	       "interface eth0: removed", "interface eth1: added");
}

static void an_agent_sees_the_vips_of_its_own_services_only(void **state)
{
	EXPECT(diff_of(agent_of, "b1", FLEET WEB,
		       FLEET SERVICE("web", "198.51.100.80", "80", "b1: {weight: 7}")
			       SERVICE("alt", "198.51.100.81", "80", "b1: {}")
				       SERVICE("other", "198.51.100.82", "80", "b2: {}")),
	       "vip 198.51.100.81: added", "service alt: added");
}

#define SPILLING(policy)                                                                           \
	"infrastructure: fd48::/32\nsecret: s\n"                                                   \
	"sites: {ams: {locator: \"fd48:0:0:1::/64\"}, lon: {locator: \"fd48:0:0:2::/64\"}}\n"      \
	"gateways: {g1: {site: ams, locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"        \
	"backends:\n"                                                                              \
	"  b1: {site: ams, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}\n"          \
	"  b2: {site: lon, id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n"          \
	"policies: {edge: {capacity: {rate: 50}}, full: {capacity: {rate: 50}, spill: {at: 80%}}}\n" \
	"services: {web: {vips: [198.51.100.80], protocol: tcp, ports: 80, " policy                \
	"backends: {b1: {}, b2: {}}}}\n"

static void a_policy_is_a_change_of_the_services_that_use_it(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", SPILLING(""), SPILLING("policy: edge, ")),
	       "service web: changed policy: none -> edge",
	       "service web: changed capacity: none -> 50 new a second a backend",
	       "service web: changed spill at: 0 % -> 90 %",
	       "service web: changed recover: at once -> below 80 %, 10 % a second, after 0 s");
	EXPECT(diff_of(gateway_of, "g1", SPILLING("policy: edge, "), SPILLING("policy: full, ")),
	       "service web: changed policy: edge -> full",
	       "service web: changed spill at: 90 % -> 80 %",
	       "service web: changed recover: below 80 %, 10 % a second, after 0 s -> below 70 %, 10 % "
	       "a second, after 0 s");
}

#define CHECKED(health, metrics)                                                                    \
	"infrastructure: \"fd48::/32\"\nsecret: s\nsites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n"     \
	"gateways: {g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}}\n"                      \
	"backends: {b1: {id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}}\n"               \
	"metrics: {" metrics "}\n"                                                                  \
	"services: {web: {vips: [198.51.100.80], protocol: tcp, ports: 80, health: {" health "}, " \
	"backends: {b1: {}}}}\n"

static void options_of_health_are_changes_of_their_service(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", CHECKED("", ""),
		       CHECKED("check: http, interval: 200, host: www.example, all-down: all", "")),
	       "service web: changed health.check: tcp -> http",
	       "service web: changed health.interval: 80 -> 200",
	       "service web: changed health.host: none -> www.example",
	       "service web: changed health.all-down: none -> all");
}

static void where_numbers_go_is_a_setting(void **state)
{
	EXPECT(diff_of(gateway_of, "g1", CHECKED("", ""),
		       CHECKED("", "listen: off, influx: {url: \"http://x/write?db=h\"}")),
	       "setting metrics.listen: changed: [::1]:9469 -> off",
	       "setting metrics.influx.url: changed: none -> http://x/write?db=h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_configurations_differ_in_nothing),
		cmocka_unit_test(a_service_that_comes_brings_its_vip),
		cmocka_unit_test(a_service_that_goes_takes_its_vip_along),
		cmocka_unit_test(a_vip_stays_while_another_service_is_on_it),
		cmocka_unit_test(a_vip_is_withdrawn_when_its_last_backend_closes),
		cmocka_unit_test(backends_open_close_come_go_and_change_their_weight),
		cmocka_unit_test(the_weight_of_a_closed_backend_is_nothing_to_packets),
		cmocka_unit_test(a_services_ports_vips_and_rows_are_its_own_changes),
		cmocka_unit_test(cookies_are_on_until_they_are_switched_off),
		cmocka_unit_test(backends_with_agents_for_some_without_are_a_change_of_agents),
		cmocka_unit_test(a_backend_with_another_id_or_locator_is_another_place),
		cmocka_unit_test(a_gateway_that_comes_takes_its_share_of_the_sites_flows),
		cmocka_unit_test(what_the_programs_were_loaded_with_makes_them_load_anew),
		cmocka_unit_test(interfaces_come_and_go),
		cmocka_unit_test(a_policy_is_a_change_of_the_services_that_use_it),
		cmocka_unit_test(options_of_health_are_changes_of_their_service),
		cmocka_unit_test(where_numbers_go_is_a_setting),
		cmocka_unit_test(an_agent_sees_the_vips_of_its_own_services_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
