/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the configuration by its table of rows. Exact messages: see good_config.h. */
#include <glob.h>
#include <netinet/in.h>

#include "core/config_rows.h"
#include "wire/pins.h"
#include "tests/unit/good_config.h"

#define LOCATOR_ALLOWED "allowed: an IPv6 network of 64 bits, like \"fd48:6f6c:0:1::/64\""

/* --- what is right --------------------------------------------------------------------------- */

static void a_good_configuration_becomes_its_values(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;
	const struct config_service *web, *dns;
	union address locator;

	assert_int_equal(read_changed(NULL, &errors, &config), 0);
	assert_int_equal(config->infrastructure.length, 32);
	assert_string_equal(config->secret_file, "secret");
	assert_int_equal(config->mtu, 1400);
	assert_int_equal(config->n_sites, 1);
	assert_int_equal(config->n_gateways, 1);
	assert_int_equal(config->gateways[0].n_interfaces, 2);
	assert_string_equal(config->gateways[0].interfaces[1], "eth1");
	assert_int_equal(config->n_backends, 3);
	assert_int_equal(config->backends[1].id, 2);
	address_parse("fd48:0:0:202::", &locator);
	assert_memory_equal(&config->backends[1].locator, &locator, sizeof(locator));
	assert_false(config->backends[2].agent);

	assert_int_equal(config->n_services, 2);
	web = &config->services[0];
	assert_int_equal(web->protocol, IPPROTO_TCP);
	assert_int_equal(web->port_first, 80);
	assert_int_equal(web->port_last, 80);
	assert_int_equal(web->max_backends, 2);
	assert_ptr_equal(web->members[0].backend, &config->backends[0]);
	assert_int_equal(web->members[0].weight, 2);
	assert_false(web->agentless);
	dns = &config->services[1];
	assert_int_equal(dns->protocol, IPPROTO_UDP);
	assert_int_equal(dns->vips[1].length, 64);
	assert_int_equal(dns->port_first, 53);
	assert_int_equal(dns->port_last, 54);
	assert_false(dns->members[0].enabled);
	assert_int_equal(dns->members[0].weight, 0);
	assert_true(dns->agentless);
}

static void what_is_left_out_has_its_default(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	assert_int_equal(read_changed(CHANGES({3, NULL}), &errors, &config), 0);
	assert_int_equal(config->mtu, 1500);
	assert_int_equal(config->cookie_epoch, 0);
	assert_int_equal(config->pins.number, PIN_WAYS << PIN_BUCKET_BITS);
	assert_int_equal(config->pins.established_s, 8000);
	assert_false(config->services[1].sticky);
	assert_ptr_equal(config->gateways[0].site, &config->sites[0]);
	assert_ptr_equal(config->backends[0].site, &config->sites[0]);
	assert_true(config->backends[0].agent);
	assert_int_equal(config->services[1].max_backends, 64);
	assert_int_equal(config->services[0].cookie, CONFIG_ON);
	assert_int_equal(config->services[0].members[1].weight, 1);
	assert_true(config->services[0].members[1].enabled);
}

static void gateways_and_backends_are_found_by_name(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	assert_int_equal(read_changed(NULL, &errors, &config), 0);
	assert_ptr_equal(config_gateway(config, "g1"), &config->gateways[0]);
	assert_null(config_gateway(config, "b1"));
	assert_ptr_equal(config_backend(config, "b3"), &config->backends[2]);
	assert_null(config_backend(config, "b4"));
}

static void every_example_is_right(void **state)
{
	glob_t examples;

	assert_int_equal(glob("examples/*.yaml", 0, NULL, &examples), 0);
	for (size_t i = 0; i < examples.gl_pathc; i++) {
		_cleanup_errors_ struct errors errors = {};
		_cleanup_config_ struct config *config = NULL;
		_cleanup_tree_ struct tree *tree = NULL;

		assert_int_equal(yaml_tree_read(examples.gl_pathv[i], &errors, &tree), 0);
		if (config_from_tree(tree, &errors, &config) < 0)
			fail_msg("%s", errors_text(&errors, 0));
	}
	globfree(&examples);
}

/* --- keys ------------------------------------------------------------------------------------ */

static void an_unknown_key_is_told_its_nearest_name(void **state)
{
	EXPECT(CHANGES({17, "    max-backend: 2"}),
	       "t.yaml:17: services.web.max-backend: unknown key, did you mean max-backends?");
}

static void an_unknown_key_far_from_all_is_told_the_list(void **state)
{
	says(19, "      b1: {colour: 2}",
	     "t.yaml:19: services.web.backends.b1.colour: unknown key, allowed: weight, enabled");
}

static void a_second_key_is_named_with_the_line_of_the_first(void **state)
{
	says(3, "mtu: 1400\nmtu: 1500",
	     "t.yaml:4: mtu: given a second time, first on line 3, allowed: once");
}

/* The last error about the good file's first `lines` lines. */
static void cut_behind(unsigned int lines, const char *message)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = NULL;
	char text[2048];
	size_t length = 0;
	struct config *config;

	for (unsigned int i = 0; i < lines; i++)
		length += snprintf(text + length, sizeof(text) - length, "%s\n", good[i]);
	assert_int_equal(yaml_tree_parse(text, length, "t.yaml", &errors, &tree), 0);
	assert_int_equal(config_from_tree(tree, &errors, &config), -EINVAL);
	assert_string_equal(errors_text(&errors, errors_count(&errors) - 1), message);
}

/* It would be a fleet without services, and a gateway that reads it would withdraw all VIPs. */
static void a_file_that_ends_before_its_services_is_no_configuration(void **state)
{
	cut_behind(5, "t.yaml:1: services: missing, allowed: a mapping of names, like {name: ...}, or {} for none");
	cut_behind(11, "t.yaml:1: services: missing, allowed: a mapping of names, like {name: ...}, or {} for none");
	cut_behind(12, "t.yaml:12: services: an empty value is not a mapping, allowed: a mapping of names, "
		       "like {name: ...}, or {} for none");
	cut_behind(18, "t.yaml:18: services.web.backends: an empty value is not a mapping, allowed: a mapping "
		       "of names, like {name: ...}");
}

static void a_second_backend_of_a_name_is_named_with_the_line_of_the_first(void **state)
{
	says(10, "  b2: {id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}\n  b2: {}",
	     "t.yaml:11: backends.b2: given a second time, first on line 10, allowed: once");
}

static void a_second_member_of_a_name_is_an_error(void **state)
{
	says(20, "      b2: {}\n      b2: {weight: 3}",
	     "t.yaml:21: services.web.backends.b2: given a second time, first on line 20, "
	     "allowed: once");
}

static void what_is_missing_is_named_with_the_line_of_its_block(void **state)
{
	says(16, NULL,
	     "t.yaml:13: services.web.ports: missing, allowed: a port from 1 to 65535, a range "
	     "(8000-8099) or any");
}

static void an_empty_file_is_told_all_that_is_missing(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = tree_new_scalar("t.yaml", 1, "", true);
	struct config *config;

	assert_int_equal(config_from_tree(tree, &errors, &config), -EINVAL);
	assert_int_equal(errors_count(&errors), 4);
	assert_string_equal(errors_text(&errors, 0),
			    "t.yaml:1: infrastructure: missing, allowed: an IPv6 network of 8 to "
			    "64 bits, like fd48:6f6c::/32");
	assert_string_equal(errors_text(&errors, 1),
			    "t.yaml:1: secret: missing, allowed: the name of a file");
	assert_string_equal(errors_text(&errors, 2), "t.yaml:1: sites: missing, allowed: a mapping "
						     "of names, like {name: ...}");
	assert_string_equal(errors_text(&errors, 3), "t.yaml:1: services: missing, allowed: a mapping "
						     "of names, like {name: ...}, or {} for none");
}

static void a_list_of_everything_is_no_configuration(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_tree_ struct tree *tree = tree_new_sequence("t.yaml", 1);
	struct config *config;

	assert_int_equal(config_from_tree(tree, &errors, &config), -EINVAL);
	assert_string_equal(errors_text(&errors, 0),
			    "t.yaml:1: a list is not a mapping, allowed: key: value");
}

/* --- types and bounds ------------------------------------------------------------------------ */

static void weight_out_of_range_is_named_with_its_line(void **state)
{
	says(19, "      b1: {weight: 2000}",
	     "t.yaml:19: services.web.backends.b1.weight: 2000 is out of range, allowed: 0 to "
	     "1000");
	says(19, "      b1: {weight: -1}",
	     "t.yaml:19: services.web.backends.b1.weight: -1 is out of range, allowed: 0 to 1000");
}

static void a_number_too_large_for_any_integer_is_out_of_range(void **state)
{
	says(3, "mtu: 99999999999999999999999",
	     "t.yaml:3: mtu: 99999999999999999999999 is out of range, allowed: 1280 to 9216 bytes");
}

static void bounds_themselves_are_allowed(void **state)
{
	accepts(CHANGES({3, "mtu: 1280"}));
	accepts(CHANGES({3, "mtu: 9216"}));
	says(3, "mtu: 1279", "t.yaml:3: mtu: 1279 is out of range, allowed: 1280 to 9216 bytes");
	says(3, "mtu: 9217", "t.yaml:3: mtu: 9217 is out of range, allowed: 1280 to 9216 bytes");
}

static void an_id_is_from_1_to_32767(void **state)
{
	const char *text = "  b2: {id: %s, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}";
	char line[128];

	snprintf(line, sizeof(line), text, "32767");
	accepts(CHANGES({10, line}));
	snprintf(line, sizeof(line), text, "0");
	says(10, line, "t.yaml:10: backends.b2.id: 0 is out of range, allowed: 1 to 32767");
	snprintf(line, sizeof(line), text, "32768");
	says(10, line, "t.yaml:10: backends.b2.id: 32768 is out of range, allowed: 1 to 32767");
}

static void max_backends_is_from_1_to_1000(void **state)
{
	accepts(CHANGES({17, "    max-backends: 1000"}));
	says(17, "    max-backends: 1001",
	     "t.yaml:17: services.web.max-backends: 1001 is out of range, allowed: 1 to 1000 "
	     "backends");
}

static void pins_have_a_number_and_times(void **state)
{
	accepts(CHANGES({3, "pins: 1\npin-new: 1\npin-idle: 36000"}));
	says(3, "pins: 0", "t.yaml:3: pins: 0 is out of range, allowed: 1 to 15728640 pins");
	says(3, "pin-idle: 36001",
	     "t.yaml:3: pin-idle: 36001 is out of range, allowed: 1 to 36000 s");
	says(3, "pin-reset: 0", "t.yaml:3: pin-reset: 0 is out of range, allowed: 1 to 36000 s");
}

static void who_has_is_a_rate_or_nothing_at_all(void **state)
{
	accepts(CHANGES({16, "    ports: 80\n    who-has: 0"}));
	accepts(CHANGES({16, "    ports: 80\n    who-has: 100000"}));
	says(17, "    who-has: 100001",
	     "t.yaml:17: services.web.who-has: 100001 is out of range, allowed: 0 to 100000 "
	     "connections a second");
}

static void a_word_is_no_number(void **state)
{
	says(3, "mtu: big", "t.yaml:3: mtu: big is not a number, allowed: 1280 to 9216 bytes");
	says(3, "mtu: \"1500\"",
	     "t.yaml:3: mtu: \"1500\" is not a number, allowed: 1280 to 9216 bytes");
	says(3, "mtu: 01500", "t.yaml:3: mtu: 01500 is not a number, allowed: 1280 to 9216 bytes");
}

static void a_list_is_no_number(void **state)
{
	says(3, "mtu: [1500]",
	     "t.yaml:3: mtu: a list is not a number, allowed: 1280 to 9216 bytes");
	says(3,
	     "mtu:", "t.yaml:3: mtu: an empty value is not a number, allowed: 1280 to 9216 bytes");
}

static void a_word_is_no_list(void **state)
{
	says(7, "  g1: {locator: \"fd48:0:0:101::/64\", interfaces: eth0}",
	     "t.yaml:7: gateways.g1.interfaces: eth0 is not a list, allowed: names of interfaces, "
	     "like [eth0]");
}

static void an_empty_list_is_an_error(void **state)
{
	says(7, "  g1: {locator: \"fd48:0:0:101::/64\", interfaces: []}",
	     "t.yaml:7: gateways.g1.interfaces: empty, allowed: 1 or more");
}

static void a_word_is_no_mapping(void **state)
{
	says(5, "  ams: here", "t.yaml:5: sites.ams: here is not a mapping, allowed: key: value");
	EXPECT(CHANGES({18, "    backends: [b1, b2]"}, {19, NULL}, {20, NULL}),
	       "t.yaml:18: services.web.backends: a list is not a mapping, allowed: a mapping of "
	       "names, like {name: ...}");
}

static void only_true_and_false_are_truth_values(void **state)
{
	says(11, "  b3: {id: 3, locator: \"fd48:0:0:203::/64\", agent: no}",
	     "t.yaml:11: backends.b3.agent: no is not a truth value, allowed: true or false");
	says(26, "      b3: {enabled: \"true\"}",
	     "t.yaml:26: services.dns.backends.b3.enabled: \"true\" is not a truth value, allowed: "
	     "true or false");
	says(11, "  b3: {id: 3, locator: \"fd48:0:0:203::/64\", agent: [], interfaces: [eth0]}",
	     "t.yaml:11: backends.b3.agent: a list is not a truth value, allowed: true or false");
}

static void a_protocol_is_tcp_or_udp(void **state)
{
	says(15, "    protocol: sctp",
	     "t.yaml:15: services.web.protocol: sctp is unknown, allowed: tcp or udp");
}

#define PORTS_ALLOWED "allowed: a port from 1 to 65535, a range (8000-8099) or any"

static void ports_are_a_number_a_range_or_any(void **state)
{
	accepts(CHANGES({16, "    ports: any"}));
	accepts(CHANGES({16, "    ports: 1-65535"}));
	accepts(CHANGES({16, "    ports: 65535"}));
	says(16, "    ports: http",
	     "t.yaml:16: services.web.ports: http is not a port, " PORTS_ALLOWED);
	says(16, "    ports: 80-",
	     "t.yaml:16: services.web.ports: 80- is not a port, " PORTS_ALLOWED);
	says(16, "    ports: 0",
	     "t.yaml:16: services.web.ports: 0 is out of range, " PORTS_ALLOWED);
	says(16, "    ports: 80-65536",
	     "t.yaml:16: services.web.ports: 80-65536 is out of range, " PORTS_ALLOWED);
	says(16, "    ports: 90-80",
	     "t.yaml:16: services.web.ports: 90-80 ends before it begins, " PORTS_ALLOWED);
}

static void a_name_has_small_letters_digits_dots_and_dashes(void **state)
{
	says(7, "  G1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}",
	     "t.yaml:7: gateways.G1: not a name, allowed: a to z, 0 to 9, . and -, at most 63");
}

static void a_name_has_at_most_63_letters(void **state)
{
#define TWENTY_ONE "a-name-of-21-letters."
	accepts(CHANGES({7, "  " TWENTY_ONE TWENTY_ONE TWENTY_ONE
			    ": {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}"}));
	says(7,
	     "  " TWENTY_ONE TWENTY_ONE TWENTY_ONE
	     "x: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0]}",
	     "t.yaml:7: gateways." TWENTY_ONE TWENTY_ONE TWENTY_ONE
	     "x: not a name, allowed: a to z, 0 to 9, . and -, at most 63");
}

static void an_interface_has_a_name_the_kernel_takes(void **state)
{
	says(7, "  g1: {locator: \"fd48:0:0:101::/64\", interfaces: [eth0, a/b]}",
	     "t.yaml:7: gateways.g1.interfaces[1]: a/b is not an interface's name, allowed: names "
	     "of interfaces, like [eth0]");
}

/* --- addresses and references --------------------------------------------------------------- */

static void a_locator_is_a_64(void **state)
{
	says(5, "  ams: {locator: \"fd48:0:0:1::/63\"}",
	     "t.yaml:5: sites.ams.locator: \"fd48:0:0:1::/63\" is not a locator, " LOCATOR_ALLOWED);
	says(5, "  ams: {locator: 192.0.2.0/24}",
	     "t.yaml:5: sites.ams.locator: 192.0.2.0/24 is not a locator, " LOCATOR_ALLOWED);
	says(5, "  ams: {locator: \"::/64\"}",
	     "t.yaml:5: sites.ams.locator: \"::/64\" is not a locator, " LOCATOR_ALLOWED);
}

static void a_locator_has_no_host_bits(void **state)
{
	says(5, "  ams: {locator: \"fd48:0:0:1::1/64\"}",
	     "t.yaml:5: sites.ams.locator: \"fd48:0:0:1::1/64\" has host bits set, allowed: "
	     "fd48:0:0:1::/64");
}

static void a_vip_is_an_address(void **state)
{
	says(14, "    vips: [www.example.org]",
	     "t.yaml:14: services.web.vips[0]: www.example.org is not a network, allowed: "
	     "addresses "
	     "or networks, like [198.51.100.80, \"2001:db8:100::/64\"]");
}

static void a_vip_has_no_host_bits(void **state)
{
	says(14, "    vips: [198.51.100.80/24]",
	     "t.yaml:14: services.web.vips[0]: 198.51.100.80/24 has host bits set, allowed: "
	     "198.51.100.0/24");
}

static void a_vip_is_unicast(void **state)
{
	const char *const bad[] = {"224.0.0.1", "127.0.0.1", "0.0.0.0/0", "ff02::1", "fe80::1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[64], message[256];

		snprintf(line, sizeof(line), "    vips: [\"%s\"]", bad[i]);
		snprintf(message, sizeof(message),
			 "t.yaml:14: services.web.vips[0]: \"%s\" is not a unicast address that "
			 "routers carry, allowed: addresses or networks, like [198.51.100.80, "
			 "\"2001:db8:100::/64\"]",
			 bad[i]);
		says(14, line, message);
	}
}

static void the_infrastructure_is_a_wide_network_of_ipv6(void **state)
{
	const char *rest = ", allowed: an IPv6 network of 8 to 64 bits, like fd48:6f6c::/32";
	char message[160];

	snprintf(message, sizeof(message), "t.yaml:1: infrastructure: 10.0.0.0/8 is not IPv6%s",
		 rest);
	says(1, "infrastructure: 10.0.0.0/8", message);
	snprintf(message, sizeof(message),
		 "t.yaml:1: infrastructure: fd48::1 has the wrong length%s", rest);
	says(1, "infrastructure: fd48::1", message);
}

static void there_is_at_least_one_site(void **state)
{
	EXPECT(CHANGES({4, "sites: {}"}, {5, NULL}), "t.yaml:4: sites: empty, allowed: 1 or more");
}

static void an_unknown_backend_is_told_those_that_exist(void **state)
{
	says(20, "      b9: {}",
	     "t.yaml:20: services.web.backends.b9: b9 is not in backends, allowed: b1, b2, b3");
}

/* b2's line was b1's, copied: that b2 is missing follows from it, and is no error of its own. */
static void a_backend_under_another_s_name_is_one_error(void **state)
{
	says(10, "  b1: {id: 2, locator: \"fd48:0:0:202::/64\", interfaces: [eth0]}",
	     "t.yaml:10: backends.b1: given a second time, first on line 9, allowed: once");
}

static void an_unknown_site_is_told_the_nearest(void **state)
{
	says(9, "  b1: {site: amz, id: 1, locator: \"fd48:0:0:201::/64\", interfaces: [eth0]}",
	     "t.yaml:9: backends.b1.site: amz is not in sites, did you mean ams?");
}

/* --- together -------------------------------------------------------------------------------- */

static void all_errors_are_found_at_once_in_the_order_of_lines(void **state)
{
	EXPECT(CHANGES({3, "mtu: 1"}, {10, "  b2: {id: 1, locator: x, interfaces: [eth0]}"},
		       {15, NULL}, {20, "      b7: {wait: 1}"}),
	       "t.yaml:3: mtu: 1 is out of range, allowed: 1280 to 9216 bytes",
	       "t.yaml:10: backends.b2.locator: x is not a locator, " LOCATOR_ALLOWED,
	       "t.yaml:10: backends.b2.id: 1 is taken by b1 on line 9, allowed: an id of its own",
	       "t.yaml:13: services.web.protocol: missing, allowed: tcp or udp",
	       "t.yaml:20: services.web.backends.b7: b7 is not in backends, allowed: b1, b2, b3",
	       "t.yaml:20: services.web.backends.b7.wait: unknown key, allowed: weight, enabled");
}

static void a_hostile_value_stays_in_one_short_line(void **state)
{
	char line[600] = "mtu: \"\\n\\e[2J", *end = line + strlen(line);

	memset(end, 'x', 400);
	strcpy(end + 400, "\"");
	says(3, line,
	     "t.yaml:3: mtu: "
	     "\"??[2Jxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	     "\" is not a number, allowed: 1280 to 9216 bytes");
}

static bool comes_before(const char *path, const struct config_row *end)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row)) != end)
		if (strcmp(row->path, path) == 0)
			return true;
	return false;
}

static void every_row_is_complete(void **state)
{
	const struct config_row *row = NULL;

	while ((row = config_row_after(row))) {
		char allowed[CONFIG_ALLOWED_MAX];

		assert_non_null(row->help);
		assert_true(row->size > 0);
		assert_true(strlen(config_row_allowed(row, allowed)) > 0);
		assert_ptr_equal(config_row_find(row->path), row);
		assert_false(row->required && row->fallback);
		if (row->refers_to)
			assert_true(comes_before(row->refers_to, row));
	}
}

static void the_rows_under_a_path_are_its_options(void **state)
{
	const struct config_row *row = config_row_next("services.*.backends.*", NULL);

	assert_string_equal(config_row_key(row), "weight");
	row = config_row_next("services.*.backends.*", row);
	assert_string_equal(config_row_key(row), "enabled");
	assert_null(config_row_next("services.*.backends.*", row));
	assert_string_equal(config_row_next("", NULL)->path, "infrastructure");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_configuration_becomes_its_values),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(gateways_and_backends_are_found_by_name),
		cmocka_unit_test(every_example_is_right),
		cmocka_unit_test(an_unknown_key_is_told_its_nearest_name),
		cmocka_unit_test(an_unknown_key_far_from_all_is_told_the_list),
		cmocka_unit_test(a_second_key_is_named_with_the_line_of_the_first),
		cmocka_unit_test(a_second_backend_of_a_name_is_named_with_the_line_of_the_first),
		cmocka_unit_test(a_second_member_of_a_name_is_an_error),
		cmocka_unit_test(what_is_missing_is_named_with_the_line_of_its_block),
		cmocka_unit_test(an_empty_file_is_told_all_that_is_missing),
		cmocka_unit_test(a_file_that_ends_before_its_services_is_no_configuration),
		cmocka_unit_test(a_list_of_everything_is_no_configuration),
		cmocka_unit_test(weight_out_of_range_is_named_with_its_line),
		cmocka_unit_test(a_number_too_large_for_any_integer_is_out_of_range),
		cmocka_unit_test(bounds_themselves_are_allowed),
		cmocka_unit_test(an_id_is_from_1_to_32767),
		cmocka_unit_test(max_backends_is_from_1_to_1000),
		cmocka_unit_test(pins_have_a_number_and_times),
		cmocka_unit_test(who_has_is_a_rate_or_nothing_at_all),
		cmocka_unit_test(a_word_is_no_number),
		cmocka_unit_test(a_list_is_no_number),
		cmocka_unit_test(a_word_is_no_list),
		cmocka_unit_test(an_empty_list_is_an_error),
		cmocka_unit_test(a_word_is_no_mapping),
		cmocka_unit_test(only_true_and_false_are_truth_values),
		cmocka_unit_test(a_protocol_is_tcp_or_udp),
		cmocka_unit_test(ports_are_a_number_a_range_or_any),
		cmocka_unit_test(a_name_has_small_letters_digits_dots_and_dashes),
		cmocka_unit_test(a_name_has_at_most_63_letters),
		cmocka_unit_test(an_interface_has_a_name_the_kernel_takes),
		cmocka_unit_test(a_locator_is_a_64),
		cmocka_unit_test(a_locator_has_no_host_bits),
		cmocka_unit_test(a_vip_is_an_address),
		cmocka_unit_test(a_vip_has_no_host_bits),
		cmocka_unit_test(a_vip_is_unicast),
		cmocka_unit_test(the_infrastructure_is_a_wide_network_of_ipv6),
		cmocka_unit_test(there_is_at_least_one_site),
		cmocka_unit_test(an_unknown_backend_is_told_those_that_exist),
		cmocka_unit_test(a_backend_under_another_s_name_is_one_error),
		cmocka_unit_test(an_unknown_site_is_told_the_nearest),
		cmocka_unit_test(all_errors_are_found_at_once_in_the_order_of_lines),
		cmocka_unit_test(a_hostile_value_stays_in_one_short_line),
		cmocka_unit_test(every_row_is_complete),
		cmocka_unit_test(the_rows_under_a_path_are_its_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
