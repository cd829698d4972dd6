/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "core/config_read.h"
#include "core/rests.h"
#include "io/yaml_print.h"
#include "tests/unit/good_config.h"

#define NOW 1795665600ULL /* 2026-11-26T04:00:00Z */
#define DAY 86400

#define FLEET                                                                                      \
	"infrastructure: fd48::/32\nsecret: s\nsites: {ams: {locator: \"fd48:0:0:1::/64\"}}\n"
#define AT(name, id, locator)                                                                      \
	"  " #name ": {id: " #id ", locator: \"fd48:0:0:" #locator "::/64\", interfaces: [eth0]}\n"
#define B(name, id) AT(name, id, 20##id)
#define BACKENDS(list) "backends:\n" list

struct read {
	struct tree *tree;
	struct config *config;
};

static void read_clear(struct read *read)
{
	tree_free(read->tree);
	config_free(read->config);
}

#define _cleanup_read_ _cleanup_(read_clear)

static struct read fleet(const char *text)
{
	_cleanup_errors_ struct errors errors = {};
	struct read read = {};
	char whole[1024];

	snprintf(whole, sizeof(whole), FLEET "%sservices: {}\n", text);
	assert_int_equal(yaml_tree_parse(whole, strlen(whole), "t", &errors, &read.tree), 0);
	if (config_from_tree(read.tree, &errors, &read.config) < 0)
		fail_msg("%s", errors_text(&errors, 0));
	return read;
}

static void take_at(struct rests *rests, const char *text, uint64_t now)
{
	_cleanup_read_ struct read read = fleet(text);

	rests->seen_s = now; /* by who has been there all the time */
	assert_int_equal(rests_take(rests, read.config, now), 0);
}

/* What is said about a fleet at that time; the error is the only one. NULL: nothing. */
static void says_at(const struct rests *known, const char *text, uint64_t now, const char *wanted)
{
	_cleanup_errors_ struct errors errors = {};
	_cleanup_read_ struct read read = fleet(text);
	struct config_source source = {read.tree, &errors, read.config};

	assert_int_equal(rests_judge(known, &source, "--force", now), wanted ? -EINVAL : 0);
	assert_int_equal(errors_count(&errors), wanted ? 1 : 0);
	if (wanted)
		assert_string_equal(errors_text(&errors, 0), wanted);
}

static void who_knows_nothing_refuses_nothing(void **state)
{
	const struct rests rests = {};

	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 7\n", NOW, NULL);
}

static void a_removed_id_rests_before_another_backend_has_it(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW - 5 * DAY);
	take_at(&rests, BACKENDS(B(b2, 2)), NOW);
	rests.seen_s = NOW + 60;
	says_at(&rests, BACKENDS(B(b2, 2) AT(b9, 1, 209)), NOW + 60,
		"t:6: backends.b9.id: 1 was b1's and rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: another id, or --force");
	says_at(&rests, BACKENDS(B(b2, 2) AT(b9, 3, 209)), NOW + 60, NULL);
	says_at(&rests, BACKENDS(B(b2, 2) AT(b9, 1, 209)), NOW + DAY - 1,
		"t:6: backends.b9.id: 1 was b1's and rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: another id, or --force");
	says_at(&rests, BACKENDS(B(b2, 2) AT(b9, 1, 209)), NOW + DAY, NULL);
}

static void an_id_does_not_go_from_one_backend_to_another_in_one_step(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	says_at(&rests, BACKENDS(AT(b1, 3, 201) AT(b9, 1, 209)), NOW,
		"t:6: backends.b9.id: 1 is still b1's, and would have to rest for 86400 s, since "
		"connections carry it, allowed: another id, or --force");
}

static void the_same_backend_has_its_id_back_at_any_time(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)), NOW);
	says_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW, NULL);
	/* Under another name, and at another locator. */
	says_at(&rests, BACKENDS(AT(web1, 1, 201) B(b2, 2)), NOW, NULL);
	says_at(&rests, BACKENDS(AT(b1, 1, 209) B(b2, 2)), NOW, NULL);
	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW + 1);
	assert_int_equal(rests.n_ids, 2);
	assert_int_equal(rests.ids[0].since_s, 0);
}

static void a_backend_s_former_id_rests_when_it_gets_another(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)), NOW);
	take_at(&rests, BACKENDS(AT(b1, 5, 201)), NOW + 9);
	assert_int_equal(rests.n_ids, 2);
	assert_int_equal(rests.ids[0].id, 1);
	assert_string_equal(rests.ids[0].was, "b1");
	assert_int_equal(rests.ids[0].since_s, NOW + 9);
	assert_int_equal(rests.ids[1].id, 5);
	assert_int_equal(rests.ids[1].since_s, 0);
}

static void the_rest_is_as_long_as_the_new_configuration_says(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)), NOW);
	says_at(&rests, "rest: 10\n" BACKENDS(AT(b9, 1, 209)), NOW + 9,
		"t:6: backends.b9.id: 1 was b1's and rests until 2026-11-26T04:00:10Z, since "
		"connections may carry it, allowed: another id, or --force");
	says_at(&rests, "rest: 10\n" BACKENDS(AT(b9, 1, 209)), NOW + 10, NULL);
	says_at(&rests, "rest: 0\n" BACKENDS(AT(b9, 1, 209) AT(b8, 2, 208)), NOW, NULL);
}

static void what_has_rested_is_forgotten(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)) "cookie-epoch: 1\n", NOW);
	take_at(&rests, BACKENDS(B(b2, 2)) "cookie-epoch: 1\n", NOW + DAY - 1);
	assert_int_equal(rests.n_ids, 2);
	assert_int_equal(rests.n_epochs, 2);
	take_at(&rests, BACKENDS(B(b2, 2)) "cookie-epoch: 1\n", NOW + DAY);
	assert_int_equal(rests.n_ids, 1);
	assert_int_equal(rests.n_epochs, 1);
	assert_int_equal(rests.epochs[0].epoch, 1);
}

/* A daemon that was down: what it used rests since then, so a node that comes late is not in the way. */
static void what_was_used_rests_since_it_was_seen_last(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)), NOW);
	says_at(&rests, BACKENDS(AT(b9, 1, 209)), NOW + 60,
		"t:5: backends.b9.id: 1 was b1's and rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: another id, or --force");
	says_at(&rests, BACKENDS(AT(b9, 1, 209)), NOW + DAY, NULL);
}

/* Set to before what it has written down: it rests no longer than it would have. */
static void a_clock_that_goes_back_makes_no_rest_longer(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)), NOW - 5 * DAY);
	says_at(&rests, BACKENDS(AT(b9, 1, 209)), NOW - 4 * DAY, NULL);
}

static void an_epoch_goes_up_by_one_when_the_one_before_has_rested(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 4\n", NOW - 9 * DAY);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW, NULL);
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW + 1, NULL);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + 1,
		"t:6: cookie-epoch: 6 would end 4, which rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: to wait, or --force");
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + DAY, NULL);
}

static void an_epoch_that_new_connections_get_is_neither_skipped_nor_taken_back(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 7\n", NOW,
		"t:6: cookie-epoch: 7 would end what new connections carry, which is 5, allowed: 6, "
		"or --force");
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 4\n", NOW,
		"t:6: cookie-epoch: 4 would end what new connections carry, which is 5, allowed: 6, "
		"or --force");
	says_at(&rests, BACKENDS(B(b1, 1)) "rest: 0\ncookie-epoch: 4\n", NOW, NULL);
}

/* Those of a day ago may live, and yesterday's may be over: who counts knows. */
static void an_epoch_that_connections_carry_is_not_ended_however_long_it_has_rested(void **state)
{
	_cleanup_rests_ struct rests rests = {};
	static const char said[] = "t:6: cookie-epoch: 6 would end 4, which connections carry, as agents "
				   "count, allowed: to wait, or --force";

	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 4\n", NOW - DAY);
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW);
	rests.carried[4 % 2] = rests.carried[5 % 2] = RESTS_SOMEBODY;
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + 1, said);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + DAY, said);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW + DAY, NULL);
	says_at(&rests, BACKENDS(B(b1, 1)) "rest: 0\ncookie-epoch: 6\n", NOW + 1, NULL);
	/* Forgotten, since it has rested. */
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW + DAY);
	assert_int_equal(rests.n_epochs, 1);
	rests.carried[4 % 2] = rests.carried[5 % 2] = RESTS_SOMEBODY;
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + DAY, said);
	rests.carried[4 % 2] = RESTS_UNKNOWN;
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + DAY, NULL);
}

static void an_epoch_that_nobody_carries_needs_no_rest(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 4\n", NOW - DAY);
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW);
	rests.carried[4 % 2] = RESTS_NOBODY;
	rests.carried[5 % 2] = RESTS_SOMEBODY;
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW + 1, NULL);
	/* The bit of what is skipped is that of the current one. */
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 7\n", NOW + 1,
		"t:6: cookie-epoch: 7 would end what new connections carry, which is 5, allowed: 6, "
		"or --force");
}

/* It was ended by who insisted, or since nobody carried it; what it has to rest for is over. */
static void an_epoch_that_is_read_no_more_is_in_nobody_s_way(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 4\n", NOW);
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW);
	take_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW);
	assert_int_equal(rests.n_epochs, 2);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 6\n", NOW, NULL);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 7\n", NOW,
		"t:6: cookie-epoch: 7 would end 5, which rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: to wait, or --force");
}

static void where_there_is_no_backend_no_epoch_is_carried(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	take_at(&rests, "cookie-epoch: 0\n", NOW);
	says_at(&rests, BACKENDS(B(b1, 1)) "cookie-epoch: 5\n", NOW, NULL);
}

static void what_rests_is_written_as_options_and_read_again(void **state)
{
	_cleanup_rests_ struct rests rests = {}, again = {};
	_cleanup_tree_ struct tree *root = tree_new_mapping("t", 1);
	_cleanup_read_ struct read read = {};
	_cleanup_free_ char *text = NULL;
	char whole[1024];

	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2)), NOW);
	take_at(&rests, BACKENDS(B(b2, 2)) "cookie-epoch: 1\n", NOW);
	assert_int_equal(rests_put(&rests, root), 0);
	assert_int_equal(yaml_tree_print(root, &text), 0);
	snprintf(whole, sizeof(whole), BACKENDS(B(b2, 2)) "cookie-epoch: 1\n%s", text);
	read = fleet(whole);
	assert_int_equal(rests_of_config(read.config, NOW + 60, &again), 0);
	assert_int_equal(again.n_ids, 2);
	assert_int_equal(again.n_epochs, 2);
	says_at(&again, BACKENDS(B(b2, 2) AT(b9, 1, 209)) "cookie-epoch: 1\n", NOW + 60,
		"t:6: backends.b9.id: 1 was b1's and rests until 2026-11-27T04:00:00Z, since "
		"connections may carry it, allowed: another id, or --force");
	/* Nothing rests any more: nothing is written. */
	take_at(&again, BACKENDS(B(b2, 2)) "cookie-epoch: 1\n", NOW + DAY);
	assert_int_equal(rests_put(&again, root), 0);
	assert_int_equal(root->n_entries, 0);
}

static void a_new_backend_gets_the_lowest_id_that_is_free_and_does_not_rest(void **state)
{
	_cleanup_rests_ struct rests rests = {};

	assert_int_equal(rests_free_id(&rests), 1);
	take_at(&rests, BACKENDS(B(b1, 1) B(b2, 2) B(b4, 4)), NOW);
	assert_int_equal(rests_free_id(&rests), 3);
	take_at(&rests, BACKENDS(B(b2, 2) B(b4, 4)), NOW);
	assert_int_equal(rests_free_id(&rests), 3);
	take_at(&rests, BACKENDS(B(b2, 2) B(b4, 4)), NOW + DAY);
	assert_int_equal(rests_free_id(&rests), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_knows_nothing_refuses_nothing),
		cmocka_unit_test(a_removed_id_rests_before_another_backend_has_it),
		cmocka_unit_test(an_id_does_not_go_from_one_backend_to_another_in_one_step),
		cmocka_unit_test(the_same_backend_has_its_id_back_at_any_time),
		cmocka_unit_test(a_backend_s_former_id_rests_when_it_gets_another),
		cmocka_unit_test(the_rest_is_as_long_as_the_new_configuration_says),
		cmocka_unit_test(what_has_rested_is_forgotten),
		cmocka_unit_test(what_was_used_rests_since_it_was_seen_last),
		cmocka_unit_test(a_clock_that_goes_back_makes_no_rest_longer),
		cmocka_unit_test(an_epoch_goes_up_by_one_when_the_one_before_has_rested),
		cmocka_unit_test(an_epoch_that_new_connections_get_is_neither_skipped_nor_taken_back),
		cmocka_unit_test(an_epoch_that_connections_carry_is_not_ended_however_long_it_has_rested),
		cmocka_unit_test(an_epoch_that_nobody_carries_needs_no_rest),
		cmocka_unit_test(an_epoch_that_is_read_no_more_is_in_nobody_s_way),
		cmocka_unit_test(where_there_is_no_backend_no_epoch_is_carried),
		cmocka_unit_test(what_rests_is_written_as_options_and_read_again),
		cmocka_unit_test(a_new_backend_gets_the_lowest_id_that_is_free_and_does_not_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
