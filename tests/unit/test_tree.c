/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "base/tree.h"

static struct tree *scalar(const char *text, unsigned int line)
{
	return tree_new_scalar("f", line, text, true);
}

static void a_mapping_finds_what_was_set(void **state)
{
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("f", 1);

	assert_int_equal(tree_set(mapping, "one", 2, scalar("1", 2)), 0);
	assert_int_equal(tree_set(mapping, "two", 3, scalar("2", 4)), 0);
	assert_string_equal(tree_get(mapping, "one")->scalar, "1");
	assert_int_equal(tree_entry(mapping, "two")->line, 3);
	assert_int_equal(tree_get(mapping, "two")->line, 4);
	assert_null(tree_get(mapping, "three"));
}

static void a_second_key_is_kept_and_knows_its_first(void **state)
{
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("f", 1);

	tree_set(mapping, "other", 1, scalar("0", 1));
	tree_set(mapping, "key", 2, scalar("1", 2));
	tree_set(mapping, "key", 3, scalar("2", 3));
	assert_int_equal(mapping->n_entries, 3);
	assert_int_equal(mapping->entries[1].first, 1);
	assert_int_equal(mapping->entries[2].first, 1);
	assert_string_equal(tree_get(mapping, "key")->scalar, "1");
}

static void many_keys_are_all_found(void **state)
{
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("f", 1);
	char key[16];

	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "b%u", i);
		assert_int_equal(tree_set(mapping, key, i + 1, scalar("", i + 1)), 0);
	}
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "b%u", i);
		assert_int_equal(tree_entry(mapping, key)->line, i + 1);
		assert_int_equal(tree_entry(mapping, key)->first, i);
	}
}

static void a_sequence_has_places(void **state)
{
	_cleanup_tree_ struct tree *sequence = tree_new_sequence("f", 1);

	assert_null(tree_at(sequence, 0));
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(tree_append(sequence, scalar("x", i + 1)), 0);
	assert_int_equal(tree_at(sequence, 4)->line, 5);
	assert_null(tree_at(sequence, 5));
}

static void asking_the_wrong_kind_finds_nothing(void **state)
{
	_cleanup_tree_ struct tree *sequence = tree_new_sequence("f", 1);
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("f", 1);

	assert_null(tree_get(sequence, "key"));
	assert_null(tree_get(mapping, "key"));
	assert_null(tree_at(mapping, 0));
	assert_null(tree_get(NULL, "key"));
	assert_null(tree_at(NULL, 0));
	assert_null(tree_free(NULL));
}

static void each_node_keeps_the_name_of_its_own_document(void **state)
{
	struct tree *first = tree_new_mapping("first", 1);
	_cleanup_tree_ struct tree *both = tree_new_mapping("both", 1);

	tree_set(first, "key", 2, tree_new_scalar("first", 2, "1", true));
	tree_set(both, "inner", 1, first);
	assert_string_equal(tree_get(first, "key")->file, "first");
	assert_ptr_equal(tree_get(first, "key")->file, first->file);
	assert_string_equal(both->file, "both");
}

static void only_a_plain_nothing_is_empty(void **state)
{
	_cleanup_tree_ struct tree *nothing = scalar("", 1);
	_cleanup_tree_ struct tree *quoted = tree_new_scalar("f", 1, "", false);
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("f", 1);

	assert_true(tree_is_empty(nothing));
	assert_false(tree_is_empty(quoted));
	assert_false(tree_is_empty(mapping));
}

/* Nothing else moves, however many there are. */
static void an_entry_is_replaced_in_its_place_or_dropped(void **state)
{
	_cleanup_tree_ struct tree *mapping = tree_new_mapping("t", 1);
	char key[8];

	for (int i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_int_equal(tree_put(mapping, key, tree_new_scalar("t", 1, key, true)), 0);
	}
	assert_int_equal(tree_put(mapping, "k7", tree_new_scalar("u", 2, "new", true)), 0);
	assert_int_equal(mapping->n_entries, 40);
	assert_string_equal(mapping->entries[7].value->scalar, "new");
	tree_drop(mapping, "k3");
	tree_drop(mapping, "none");
	assert_int_equal(mapping->n_entries, 39);
	assert_null(tree_get(mapping, "k3"));
	for (size_t i = 0; i < mapping->n_entries; i++) {
		assert_ptr_equal(tree_entry(mapping, mapping->entries[i].key), &mapping->entries[i]);
		assert_int_equal(mapping->entries[i].first, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_finds_what_was_set),
		cmocka_unit_test(a_second_key_is_kept_and_knows_its_first),
		cmocka_unit_test(many_keys_are_all_found),
		cmocka_unit_test(a_sequence_has_places),
		cmocka_unit_test(asking_the_wrong_kind_finds_nothing),
		cmocka_unit_test(each_node_keeps_the_name_of_its_own_document),
		cmocka_unit_test(only_a_plain_nothing_is_empty),
		cmocka_unit_test(an_entry_is_replaced_in_its_place_or_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
