/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/errors.h"
#include "base/tree.h"
#include "io/yaml.h"

static struct tree *parse(const char *text)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree;

	if (yaml_tree_parse(text, strlen(text), "t.yaml", &errors, &tree) < 0)
		fail_msg("%s", errors_text(&errors, 0));
	return tree;
}

static void refuses(const char *text, size_t length, const char *message)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *const untouched = (struct tree *)&errors;
	struct tree *tree = untouched;

	assert_int_equal(yaml_tree_parse(text, length, "t.yaml", &errors, &tree), -EINVAL);
	assert_ptr_equal(tree, untouched);
	assert_int_equal(errors_count(&errors), 1);
	assert_string_equal(errors_text(&errors, 0), message);
}

#define REFUSES(text, message) refuses(text, strlen(text), message)

static void every_value_knows_its_line(void **state)
{
	_cleanup_tree_ struct tree *tree = parse("# comment\n"
						 "a: 1\n"
						 "b:\n"
						 "  c: [2,\n"
						 "      3]\n");
	const struct tree *list = tree_get(tree_get(tree, "b"), "c");

	assert_int_equal(tree_get(tree, "a")->line, 2);
	assert_int_equal(tree_entry(tree, "b")->line, 3);
	assert_int_equal(list->line, 4);
	assert_int_equal(tree_at(list, 1)->line, 5);
	assert_string_equal(tree_at(list, 1)->file, "t.yaml");
}

static void a_block_begins_on_the_line_of_its_key(void **state)
{
	_cleanup_tree_ struct tree *tree = parse("a:\n"
						 "\n"
						 "  b: 1\n");

	assert_int_equal(tree_get(tree, "a")->line, 1);
	assert_int_equal(tree_get(tree_get(tree, "a"), "b")->line, 3);
}

static void quotes_are_remembered(void **state)
{
	_cleanup_tree_ struct tree *tree = parse("[80, \"80\", '80', ]");

	assert_true(tree_at(tree, 0)->plain);
	assert_false(tree_at(tree, 1)->plain);
	assert_false(tree_at(tree, 2)->plain);
	assert_string_equal(tree_at(tree, 1)->scalar, "80");
}

static void a_key_given_twice_is_kept_twice(void **state)
{
	_cleanup_tree_ struct tree *tree = parse("a: 1\nb: 2\na: 3\n");

	assert_int_equal(tree->n_entries, 3);
	assert_int_equal(tree->entries[2].first, 0);
	assert_int_equal(tree->entries[2].line, 3);
}

static void a_key_without_a_value_is_empty(void **state)
{
	_cleanup_tree_ struct tree *tree = parse("a:\nb: \"\"\n");

	assert_true(tree_is_empty(tree_get(tree, "a")));
	assert_false(tree_is_empty(tree_get(tree, "b")));
}

static void a_document_of_nothing_is_empty(void **state)
{
	_cleanup_tree_ struct tree *nothing = parse("");
	_cleanup_tree_ struct tree *comment = parse("# nothing\n");
	_cleanup_tree_ struct tree *dashes = parse("---\n");

	assert_true(tree_is_empty(nothing));
	assert_true(tree_is_empty(comment));
	assert_true(tree_is_empty(dashes));
}

static void broken_syntax_is_named_with_its_line(void **state)
{
	REFUSES("a: 1\nb: [1, 2\nc: 3\n",
		"t.yaml:3: not YAML: did not find expected ',' or ']', while parsing a flow "
		"sequence");
	REFUSES("a: 1\n\tb: 2\n", "t.yaml:2: indented by a tab, allowed: spaces");
}

static void what_is_no_text_is_refused(void **state)
{
	REFUSES("a: 1\nb: \xff\xfe\n", "t.yaml:1: not text in UTF-8: invalid leading UTF-8 octet");
	refuses("a: b\0c\n", 7, "t.yaml:1: not text in UTF-8: control characters are not allowed");
	REFUSES("a: \"b\\0c\"\n", "t.yaml:1: a zero byte (\\0), allowed: text without one");
}

static void a_tab_that_indents_is_called_so(void **state)
{
	REFUSES("a:\n\tb: 1\n", "t.yaml:2: indented by a tab, allowed: spaces");
	REFUSES("a:\n  b: 1\n  \tc: 2\n", "t.yaml:3: indented by a tab, allowed: spaces");
	REFUSES("\t", "t.yaml:1: indented by a tab, allowed: spaces");
}

static void anchors_aliases_and_tags_are_refused(void **state)
{
	REFUSES("a: &x 1\nb: *x\n", "t.yaml:1: an anchor (&), allowed: values written out");
	REFUSES("a: &x {b: 1}\n", "t.yaml:1: an anchor (&), allowed: values written out");
	REFUSES("a: 1\nb: *x\n", "t.yaml:2: an alias (*), allowed: values written out");
	REFUSES("a: !!str 1\n", "t.yaml:1: a tag (!), allowed: values without one");
	REFUSES("a: !!seq [1]\n", "t.yaml:1: a tag (!), allowed: values without one");
}

static void a_key_is_a_word(void **state)
{
	REFUSES("[1]: 2\n",
		"t.yaml:1: a key that is a list, a mapping or an alias, allowed: a word");
}

static void a_second_document_is_refused(void **state)
{
	REFUSES("a: 1\n---\nb: 2\n", "t.yaml:2: a second document, allowed: one");
}

static void depth_is_bounded(void **state)
{
	tree_free(parse("[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]"));
	REFUSES("[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]",
		"t.yaml:1: nested too deeply, allowed: 16 levels");
}

static void size_is_bounded(void **state)
{
	char *text = malloc(YAML_BYTES_MAX + 1);

	memset(text, ' ', YAML_BYTES_MAX + 1);
	refuses(text, YAML_BYTES_MAX + 1, "t.yaml: too long, allowed: 8388608 bytes");
	free(text);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree;

	assert_int_equal(yaml_tree_read("/nowhere/t.yaml", &errors, &tree), -ENOENT);
	assert_string_equal(errors_text(&errors, 0),
			    "/nowhere/t.yaml: cannot be read: No such file or directory");
}

static void a_folder_is_no_file(void **state)
{
	_cleanup_errors_ struct errors errors = {};
	struct tree *tree;

	assert_int_equal(yaml_tree_read("/", &errors, &tree), -EISDIR);
	assert_string_equal(errors_text(&errors, 0), "/: cannot be read: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_knows_its_line),
		cmocka_unit_test(a_block_begins_on_the_line_of_its_key),
		cmocka_unit_test(quotes_are_remembered),
		cmocka_unit_test(a_key_given_twice_is_kept_twice),
		cmocka_unit_test(a_key_without_a_value_is_empty),
		cmocka_unit_test(a_document_of_nothing_is_empty),
		cmocka_unit_test(broken_syntax_is_named_with_its_line),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(a_tab_that_indents_is_called_so),
		cmocka_unit_test(anchors_aliases_and_tags_are_refused),
		cmocka_unit_test(a_key_is_a_word),
		cmocka_unit_test(a_second_document_is_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(a_folder_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
