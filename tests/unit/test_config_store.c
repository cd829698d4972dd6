/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A node's own file where the rest of the configuration is in a store. */
#include <errno.h>

#include "tests/unit/planned.h"

#define ETCD "store: etcd\netcd:\n  endpoints: [\"https://192.0.2.1:2379\", \"http://[2001:db8::1]:2379\"]\n"

static struct tree *tree_of(const char *text)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree = NULL;

	assert_int_equal(yaml_tree_parse(text, strlen(text), "t", &errors, &tree), 0);
	return tree;
}

static void a_file_without_a_store_is_all_there_is(void **state)
{
	_cleanup_tree_ struct tree *plain = tree_of("mtu: 1500"), *file = tree_of("store: file"),
				   *etcd = tree_of(ETCD), *wrong = tree_of("store: ectd");

	assert_false(config_names_store(plain));
	assert_false(config_names_store(file));
	assert_true(config_names_store(etcd));
	assert_true(config_names_store(wrong));
}

static void a_file_says_how_the_store_is_reached(void **state)
{
	_cleanup_tree_ struct tree *tree =
		tree_of(ETCD "  user: node\n  password-file: p\n  certificate: c\n  key: k\n");
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	assert_int_equal(config_store_from_tree(tree, &errors, &config), 0);
	assert_int_equal(config->store, CONFIG_STORE_ETCD);
	assert_int_equal(config->etcd.n_endpoints, 2);
	assert_string_equal(config->etcd.endpoints[1], "http://[2001:db8::1]:2379");
	assert_string_equal(config->etcd.prefix, "/holdfast");
	assert_null(config->etcd.ca);
	assert_string_equal(config->etcd.password_file, "p");
}

static void refuses(const char *text, const char *wanted)
{
	_cleanup_tree_ struct tree *tree = tree_of(text);
	_cleanup_errors_ struct errors errors = {};
	_cleanup_config_ struct config *config = NULL;

	assert_int_equal(config_store_from_tree(tree, &errors, &config), -EINVAL);
	assert_int_equal(errors_count(&errors), 1);
	assert_string_equal(errors_text(&errors, 0), wanted);
}

static void what_is_wrong_with_it_is_told_with_its_line(void **state)
{
	refuses("store: etcd\n",
		"t:1: etcd.endpoints: missing, allowed: a list like [https://192.0.2.1:2379]");
	refuses(ETCD "mtu: 1500\n", "t:4: mtu: is for the store, allowed here: store, etcd");
	refuses("store: ectd\netcd: {endpoints: [\"http://a:1\"]}",
		"t:1: store: ectd is unknown, allowed: file or etcd");
	refuses("store: etcd\netcd: {endpoints: [\"192.0.2.1\"]}",
		"t:2: etcd.endpoints[0]: \"192.0.2.1\" is not an endpoint, allowed: "
		"http://ADDRESS:PORT or https://ADDRESS:PORT");
	refuses(ETCD "  user: node\n",
		"t:2: etcd.password-file: missing, allowed: a user and a file with the password, or "
		"neither");
	refuses(ETCD "  key: k\n",
		"t:2: etcd.certificate: missing, allowed: a certificate and its key, or neither");
	refuses(ETCD "  prefix: holdfast/\n",
		"t:4: etcd.prefix: holdfast/ is not a prefix of keys, allowed: a path, like /holdfast");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_without_a_store_is_all_there_is),
		cmocka_unit_test(a_file_says_how_the_store_is_reached),
		cmocka_unit_test(what_is_wrong_with_it_is_told_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
