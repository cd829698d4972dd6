/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "core/documents.h"
#include "core/writing.h"
#include "io/yaml_print.h"
#include "tests/unit/planned.h"

#define WEB SERVICE("web", "198.51.100.80", "80", "b1: {}, b2: {weight: 3}")
#define _cleanup_documents_ _cleanup_(documents_clear)

static void add(struct documents *documents, const char *key, const char *text, int64_t revision)
{
	assert_int_equal(documents_put(documents, key, text, strlen(text), revision), 0);
}

static struct tree *tree_of(const char *text)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree = NULL;

	assert_int_equal(yaml_tree_parse(text, strlen(text), "t", &errors, &tree), 0);
	return tree;
}

static void split(const char *text, struct documents *ret)
{
	_cleanup_tree_ struct tree *tree = tree_of(text);

	assert_int_equal(documents_of_tree(tree, yaml_tree_print, ret), 0);
}

static void documents_are_found_by_key_and_stand_in_order(void **state)
{
	_cleanup_documents_ struct documents documents = {};
	char key[16];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "b/%02d", i * 37 % 100);
		add(&documents, key, key, i + 1);
	}
	for (int i = 0; i < 100; i += 3) {
		snprintf(key, sizeof(key), "b/%02d", i);
		documents_drop(&documents, key);
		assert_null(documents_find(&documents, key));
	}
	documents_drop(&documents, "b/none");
	assert_int_equal(documents.n, 66);
	for (size_t i = 1; i < documents.n; i++)
		assert_true(strcmp(documents.list[i - 1].key, documents.list[i].key) < 0);
	add(&documents, "b/01", "new", 400);
	assert_string_equal(documents_find(&documents, "b/01")->text, "new");
	assert_int_equal(documents_revision(&documents), 400);
	assert_int_equal(documents.n, 66);
}

static void each_object_is_a_document_and_so_is_each_lone_option(void **state)
{
	_cleanup_documents_ struct documents documents = {};

	split(FLEET WEB, &documents);
	/* infrastructure, secret, 1 site, 2 gateways, 4 backends, 1 service */
	assert_int_equal(documents.n, 10);
	assert_non_null(documents_find(&documents, "services/web"));
	assert_non_null(documents_find(&documents, "backends/b4"));
	assert_string_equal(documents_find(&documents, "infrastructure")->text, "fd48::/32\n");
	assert_null(documents_find(&documents, "services"));
}

static void documents_together_are_the_tree_that_they_came_from(void **state)
{
	_cleanup_documents_ struct documents documents = {}, again = {};
	_cleanup_tree_ struct tree *root = tree_new_mapping("store", 0);
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ struct writing *writing = NULL;
	size_t n;

	split(FLEET WEB, &documents);
	for (size_t i = 0; i < documents.n; i++)
		assert_int_equal(documents_place(root, documents.list[i].key,
						 tree_of(documents.list[i].text)), 0);
	assert_int_equal(config_from_tree(root, &errors, &config), 0);
	assert_int_equal(config->n_backends, 4);
	assert_int_equal(config->services[0].members[1].weight, 3);
	assert_int_equal(documents_of_tree(root, yaml_tree_print, &again), 0);
	assert_int_equal(writing_plan(&documents, &again, &writing, &n), 0);
	assert_int_equal(n, 0);
}

static void documents_without_a_service_are_a_configuration(void **state)
{
	_cleanup_documents_ struct documents documents = {}, again = {};
	_cleanup_tree_ struct tree *root = tree_new_mapping("store", 0);
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	split("infrastructure: fd48::/32\nsecret: s\nsites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n"
	      "services: {}\n", &documents);
	assert_int_equal(documents.n, 3);
	for (size_t i = 0; i < documents.n; i++)
		assert_int_equal(documents_place(root, documents.list[i].key,
						 tree_of(documents.list[i].text)), 0);
	assert_int_equal(documents_complete(root), 0);
	assert_int_equal(config_from_tree(root, &errors, &config), 0);
	assert_int_equal(config->n_services, 0);
	assert_int_equal(documents_of_tree(root, yaml_tree_print, &again), 0);
	assert_int_equal(again.n, 3);
}

static void a_group_beside_its_items_is_no_configuration(void **state)
{
	_cleanup_tree_ struct tree *root = tree_new_mapping("store", 0);
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;
	bool told = false;

	assert_int_equal(documents_place(root, "mtu", tree_of("1500")), 0);
	assert_int_equal(documents_place(root, "mtu/x", tree_of("1500")), 0);
	assert_int_equal(config_from_tree(root, &errors, &config), -EINVAL);
	for (size_t i = 0; i < errors_count(&errors); i++)
		told = told || strstr(errors_text(&errors, i), "mtu: given a second time");
	assert_true(told);
}

static void whole(const struct documents *documents, enum documents_verdict wanted, const char *says)
{
	char why[DOCUMENTS_WHY_MAX] = "";

	assert_int_equal(documents_judge(documents, why), wanted);
	assert_string_equal(why, says);
}

static void an_empty_store_and_half_a_one_are_told_from_a_whole(void **state)
{
	_cleanup_documents_ struct documents documents = {};
	char manifest[DOCUMENTS_MANIFEST_MAX];

	whole(&documents, DOCUMENTS_NONE, "it has no configuration");
	add(&documents, "mtu", "1500", 2);
	add(&documents, "sites/ams", "{}", 2);
	whole(&documents, DOCUMENTS_HALF,
	      "it has 2 objects without a manifest: a part of a configuration");
	documents_manifest_writing(7, manifest);
	add(&documents, DOCUMENTS_MANIFEST, manifest, 2);
	whole(&documents, DOCUMENTS_WRITING, "a configuration is being written");
	documents_manifest(2, 7, manifest);
	add(&documents, DOCUMENTS_MANIFEST, manifest, 3);
	whole(&documents, DOCUMENTS_WHOLE, "");
	documents_drop(&documents, "sites/ams");
	whole(&documents, DOCUMENTS_HALF,
	      "it has 1 objects, and 2 by its manifest: a part of a configuration");
	add(&documents, DOCUMENTS_MANIFEST, "nonsense", 4);
	whole(&documents, DOCUMENTS_HALF, "its manifest cannot be read");
}

static void only_what_differs_is_written(void **state)
{
	_cleanup_documents_ struct documents before = {}, after = {};
	_cleanup_free_ struct writing *writing = NULL;
	size_t n;

	add(&before, "a", "1", 1);
	add(&before, "b", "1", 2);
	add(&before, "d", "1", 2);
	add(&before, DOCUMENTS_MANIFEST, "x", 2);
	add(&after, "a", "1", 0);
	add(&after, "b", "2", 0);
	add(&after, "c", "1", 0);
	assert_int_equal(writing_plan(&before, &after, &writing, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(writing[0].key, "b");
	assert_string_equal(writing[0].text, "2");
	assert_string_equal(writing[1].key, "c");
	assert_string_equal(writing[2].key, "d");
	assert_null(writing[2].text);
}

static void a_change_is_made_again_unless_its_own_object_was_changed(void **state)
{
	_cleanup_documents_ struct documents first = {}, now = {};
	const struct writing writing[] = {{"services/web", "new"}, {"backends/b9", "new"}};

	add(&first, "services/web", "1", 5);
	add(&first, "services/dns", "1", 5);
	assert_int_equal(documents_copy(&first, &now), 0);
	add(&now, "services/dns", "2", 6);
	assert_null(writing_conflict(writing, 2, &first, &now));
	add(&now, "backends/b9", "2", 7);
	assert_string_equal(writing_conflict(writing, 2, &first, &now), "backends/b9");
	documents_drop(&now, "backends/b9");
	documents_drop(&now, "services/web");
	assert_string_equal(writing_conflict(writing, 2, &first, &now), "services/web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_found_by_key_and_stand_in_order),
		cmocka_unit_test(each_object_is_a_document_and_so_is_each_lone_option),
		cmocka_unit_test(documents_together_are_the_tree_that_they_came_from),
		cmocka_unit_test(documents_without_a_service_are_a_configuration),
		cmocka_unit_test(a_group_beside_its_items_is_no_configuration),
		cmocka_unit_test(an_empty_store_and_half_a_one_are_told_from_a_whole),
		cmocka_unit_test(only_what_differs_is_written),
		cmocka_unit_test(a_change_is_made_again_unless_its_own_object_was_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
