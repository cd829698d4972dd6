/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "core/edits.h"
#include "io/yaml_print.h"
#include "tests/unit/planned.h"

#define SERVICES                                                                                   \
	"services:\n"                                                                              \
	"  web: {backends: {b1: {weight: 2}, b2: }}\n"                                             \
	"  dns: {backends: {b1: {}}}\n"
#define BACKENDS "backends: {b1: {id: 1}, b2: {id: 2}}\n"

static struct tree *tree_of(const char *text)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree = NULL;

	assert_int_equal(yaml_tree_parse(text, strlen(text), "t", &errors, &tree), 0);
	return tree;
}

static void is(const struct tree *tree, const char *wanted)
{
	_cleanup_tree_ struct tree *other = tree_of(wanted);
	_cleanup_free_ char *text = NULL, *wanted_text = NULL;

	assert_int_equal(yaml_tree_print(tree, &text), 0);
	assert_int_equal(yaml_tree_print(other, &wanted_text), 0);
	assert_string_equal(text, wanted_text);
}

static void a_drained_backend_is_closed_in_all_services_and_opened_again(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of(BACKENDS SERVICES);
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_backend_drain(tree, "b1", true, why), 0);
	is(tree, BACKENDS "services:\n"
	   "  web: {backends: {b1: {weight: 2, enabled: false}, b2: }}\n"
	   "  dns: {backends: {b1: {enabled: false}}}\n");
	assert_int_equal(edit_backend_drain(tree, "b1", true, why), 0);
	assert_int_equal(edit_backend_drain(tree, "b1", false, why), 0);
	is(tree, BACKENDS SERVICES);
	assert_int_equal(edit_backend_drain(tree, "b2", true, why), 0);
	is(tree_get(tree_get(tree_get(tree, "services"), "web"), "backends"),
	   "{b1: {weight: 2}, b2: {enabled: false}}");
}

static void a_new_backend_without_an_id_gets_one_that_neither_anybody_has_nor_rests(void **state)
{
	_cleanup_tree_ struct tree *root =
		tree_of(BACKENDS "resting-ids:\n"
			"  3: {was: b3, locator: \"fd48:0:0:3::/64\", since: \"2026-11-26T04:00:00Z\"}\n");
	_cleanup_tree_ struct tree *value = tree_of("{agent: false}"), *own = tree_of("{id: 3}");
	_cleanup_tree_ struct tree *later = tree_of("{}");
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_backend_give_id(root, value, 1795665600 + 60, why), 0);
	is(value, "{agent: false, id: 4}");
	assert_int_equal(edit_backend_give_id(root, own, 1795665600 + 60, why), 0);
	is(own, "{id: 3}");
	assert_int_equal(edit_backend_give_id(root, later, 1795665600 + 86400, why), 0);
	is(later, "{id: 3}");
}

static void a_new_backend_becomes_a_member_of_the_services_named(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of(BACKENDS SERVICES);
	char *services[] = {"web", "dns"}, *wrong[] = {"ftp"}, why[EDIT_WHY_MAX];

	assert_int_equal(edit_backend_add(tree, "b3", tree_of("{id: 3}"), services, 2, why), 0);
	is(tree, "backends: {b1: {id: 1}, b2: {id: 2}, b3: {id: 3}}\n"
	   "services:\n"
	   "  web: {backends: {b1: {weight: 2}, b2: , b3: {}}}\n"
	   "  dns: {backends: {b1: {}, b3: {}}}\n");
	assert_int_equal(edit_backend_add(tree, "b1", tree_of("{id: 9}"), NULL, 0, why), -EEXIST);
	assert_string_equal(why, "backends: there is a b1 already");
	assert_int_equal(edit_backend_add(tree, "b4", tree_of("{id: 4}"), wrong, 1, why), -ENOENT);
	assert_string_equal(why, "services: there is no ftp");
}

static void a_removed_backend_is_nowhere(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of(BACKENDS SERVICES);
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_backend_remove(tree, "b1", why), 0);
	is(tree, "backends: {b2: {id: 2}}\nservices: {web: {backends: {b2: }}, dns: {backends: {}}}");
	assert_int_equal(edit_backend_remove(tree, "b1", why), -ENOENT);
	assert_string_equal(why, "backends: there is no b1");
}

static void an_option_of_a_service_is_set_where_its_path_says(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of("services: {web: {ports: 80}}");
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_service_set(tree, "web", "ports", tree_of("81"), why), 0);
	assert_int_equal(edit_service_set(tree, "web", "health.check", tree_of("tcp"), why), 0);
	assert_int_equal(edit_service_set(tree, "web", "backends.b1.weight", tree_of("5"), why), 0);
	is(tree, "services: {web: {ports: 81, health: {check: tcp}, backends: {b1: {weight: 5}}}}");
	assert_int_equal(edit_service_set(tree, "ftp", "ports", tree_of("21"), why), -ENOENT);
}

static void services_come_and_go_and_sites_are_drained(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of("sites: {ams: {x: 1}}");
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_service_add(tree, "web", tree_of("{ports: 80}"), why), 0);
	assert_int_equal(edit_service_add(tree, "web", tree_of("{ports: 80}"), why), -EEXIST);
	assert_int_equal(edit_site_drain(tree, "ams", true, why), 0);
	is(tree, "sites: {ams: {x: 1, enabled: false}}\nservices: {web: {ports: 80}}");
	assert_int_equal(edit_site_drain(tree, "ams", false, why), 0);
	assert_int_equal(edit_service_remove(tree, "web", why), 0);
	is(tree, "sites: {ams: {x: 1}}\nservices: {}");
	assert_int_equal(edit_site_drain(tree, "lon", true, why), -ENOENT);
}

static void a_gateway_is_drained_and_let_in_again(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of("gateways: {g1: {x: 1}}");
	char why[EDIT_WHY_MAX];

	assert_int_equal(edit_gateway_drain(tree, "g1", true, why), 0);
	is(tree, "gateways: {g1: {x: 1, enabled: false}}");
	assert_int_equal(edit_gateway_drain(tree, "g1", false, why), 0);
	is(tree, "gateways: {g1: {x: 1}}");
	assert_int_equal(edit_gateway_drain(tree, "g2", true, why), -ENOENT);
	assert_string_equal(why, "gateways: there is no g2");
}

static void text_keeps_its_quotes_and_numbers_stay_numbers(void **state)
{
	_cleanup_tree_ struct tree *tree = tree_of("{a: \"80\", b: 80, c: [x, \"y: z\"], d: \"\", e: }");
	_cleanup_free_ char *text = NULL;
	_cleanup_tree_ struct tree *again = NULL;

	assert_int_equal(yaml_tree_print(tree, &text), 0);
	again = tree_of(text);
	assert_false(tree_get(again, "a")->plain);
	assert_true(tree_get(again, "b")->plain);
	assert_string_equal(tree_at(tree_get(again, "c"), 1)->scalar, "y: z");
	assert_string_equal(tree_get(again, "d")->scalar, "");
	assert_int_equal(tree_get(again, "e")->kind, TREE_MAPPING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_drained_backend_is_closed_in_all_services_and_opened_again),
		cmocka_unit_test(a_new_backend_without_an_id_gets_one_that_neither_anybody_has_nor_rests),
		cmocka_unit_test(a_new_backend_becomes_a_member_of_the_services_named),
		cmocka_unit_test(a_removed_backend_is_nowhere),
		cmocka_unit_test(an_option_of_a_service_is_set_where_its_path_says),
		cmocka_unit_test(services_come_and_go_and_sites_are_drained),
		cmocka_unit_test(a_gateway_is_drained_and_let_in_again),
		cmocka_unit_test(text_keeps_its_quotes_and_numbers_stay_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
