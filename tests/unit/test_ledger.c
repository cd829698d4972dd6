/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tests/unit/scratch.h"

#include <errno.h>
#include <time.h>

#include "base/date.h"
#include "daemon/ledger.h"

static struct config_backend backends[] = {
	{.name = "b1", .id = 1, .locator = {.bytes = {0xfd, 1}}},
	{.name = "b2", .id = 2, .locator = {.bytes = {0xfd, 2}}},
};

static struct config with(size_t n_backends, uint32_t epoch)
{
	return (struct config){.rest_s = 86400, .cookie_epoch = epoch, .backends = backends,
			       .n_backends = n_backends};
}

static struct ledger *open_ledger(struct scratch *scratch, sd_event **event)
{
	struct ledger *ledger = NULL;

	assert_true(sd_event_new(event) >= 0);
	assert_int_equal(ledger_new(*event, scratch_path(scratch, "deep/state"), &ledger), 0);
	return ledger;
}

static void close_ledger(struct ledger *ledger, sd_event *event)
{
	ledger_free(ledger);
	sd_event_unref(event);
}

/* b2 removed, and epoch 4 not given any more. */
static void remember(struct scratch *scratch)
{
	struct config before = with(2, 4), after = with(1, 5);
	sd_event *event;
	struct ledger *ledger = open_ledger(scratch, &event);

	assert_int_equal(ledger_rests(ledger)->n_ids, 0);
	ledger_take(ledger, &before);
	ledger_take(ledger, &after);
	close_ledger(ledger, event);
}

static void what_rests_is_known_after_a_restart(void **state)
{
	sd_event *event;
	struct ledger *ledger;
	const struct rests *rests;
	uint64_t now = time(NULL);

	remember(*state);
	ledger = open_ledger(*state, &event);
	rests = ledger_rests(ledger);
	assert_int_equal(rests->n_ids, 2);
	assert_string_equal(rests->ids[0].was, "b1");
	assert_int_equal(rests->ids[0].since_s, 0);
	assert_string_equal(rests->ids[1].was, "b2");
	assert_in_range(rests->ids[1].since_s, now - 5, now + 5);
	assert_memory_equal(&rests->ids[1].locator, &backends[1].locator, sizeof(union address));
	assert_int_equal(rests->n_epochs, 2);
	assert_int_equal(rests->epochs[0].epoch, 4);
	assert_in_range(rests->epochs[0].since_s, now - 5, now + 5);
	assert_int_equal(rests->epochs[1].since_s, 0);
	close_ledger(ledger, event);
}

/* Not by the clock of who starts: by when the file was renewed last. */
static void what_was_in_use_was_seen_when_the_daemon_went(void **state)
{
	struct scratch *scratch = *state;
	const struct timespec old[] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
	struct config after = with(1, 5);
	struct ledger *ledger;
	sd_event *event;
	uint64_t now = time(NULL);

	remember(scratch);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(scratch, "deep/state.rests"), old, 0), 0);
	ledger = open_ledger(scratch, &event);
	assert_int_equal(ledger_rests(ledger)->seen_s, 1700000000);
	ledger_take(ledger, &after);
	assert_in_range(ledger_rests(ledger)->seen_s, now - 5, now + 5);
	close_ledger(ledger, event);
}

static void nonsense_in_the_file_is_as_none(void **state)
{
	struct scratch *scratch = *state;
	struct ledger *ledger;
	sd_event *event;

	remember(scratch);
	scratch_text(scratch, "deep/state.rests", "{\"ids\": [{\"id\": 99999}], \"epochs\": []}");
	ledger = open_ledger(scratch, &event);
	assert_int_equal(ledger_rests(ledger)->n_ids, 0);
	close_ledger(ledger, event);
}

static void the_command_line_is_told_until_when(void **state)
{
	_cleanup_rests_ struct rests again = {};
	struct ledger *ledger;
	sd_event *event;
	struct config after = with(1, 5);
	json_t *answer, *counts;
	const json_t *entry;
	uint64_t since, until;

	remember(*state);
	ledger = open_ledger(*state, &event);
	ledger_take(ledger, &after);
	answer = ledger_json(ledger);
	entry = json_array_get(json_object_get(answer, "ids"), 1);
	assert_int_equal(date_parse(json_string_value(json_object_get(entry, "since")), &since), 0);
	assert_int_equal(date_parse(json_string_value(json_object_get(entry, "until")), &until), 0);
	assert_int_equal(until - since, 86400);
	assert_int_equal(ledger_parse(answer, &again), 0);
	assert_int_equal(again.n_ids, 2);
	assert_int_equal(again.n_epochs, 2);
	assert_int_equal(again.carried[0], RESTS_UNKNOWN);
	assert_int_equal(again.seen_s, ledger_rests(ledger)->seen_s);
	counts = ledger_counts_json(ledger);
	assert_int_equal(json_integer_value(json_object_get(counts, "ids")), 1);
	assert_int_equal(json_integer_value(json_object_get(counts, "epochs")), 1);
	json_decref(counts);
	json_decref(answer);
	close_ledger(ledger, event);
}

static void what_connections_carry_is_told_too(void **state)
{
	static const enum rests_carried carried[] = {RESTS_NOBODY, RESTS_SOMEBODY};
	_cleanup_rests_ struct rests again = {};
	struct ledger *ledger;
	sd_event *event;
	struct config config = with(1, 5);
	json_t *answer;

	ledger = open_ledger(*state, &event);
	ledger_take(ledger, &config);
	ledger_see(ledger, carried);
	answer = ledger_json(ledger);
	assert_int_equal(ledger_parse(answer, &again), 0);
	assert_memory_equal(again.carried, carried, sizeof(carried));
	json_decref(answer);
	close_ledger(ledger, event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(what_rests_is_known_after_a_restart),
		SCRATCH_TEST(what_was_in_use_was_seen_when_the_daemon_went),
		SCRATCH_TEST(nonsense_in_the_file_is_as_none),
		SCRATCH_TEST(the_command_line_is_told_until_when),
		SCRATCH_TEST(what_connections_carry_is_told_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
