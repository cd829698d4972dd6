/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/counters.h"

#include "base/roff.h"
#include "cli/pages.h"
#include "daemon/counters.h"
#include "tests/unit/cli.h"
#include "wire/verdicts.h"

#define ROW(name, packets, bytes)                                                                  \
	"\"" name "\": {\"packets\": " packets ", \"bytes\": " bytes                               \
	", \"action\": \"drop\", \"help\": \"why\"}"
#define ANSWER(rows) "{\"node\": \"g1\", \"counters\": {" rows "}}"

static void rows_without_packets_are_left_out(void **state)
{
	json_t *answer =
		json_of(ANSWER(ROW("picked", "12", "3400") "," ROW("malformed", "0", "0")));
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, counters_print(answer, false, to));
	assert_string_equal(text, "verdict  packets  bytes  then  meaning\n"
				  "picked        12   3400  drop  why\n");
	json_decref(answer);
}

static void all_rows_are_shown_when_they_are_asked_for(void **state)
{
	json_t *answer =
		json_of(ANSWER(ROW("picked", "12", "3400") "," ROW("malformed", "0", "0")));
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, counters_print(answer, true, to));
	assert_string_equal(text, "verdict    packets  bytes  then  meaning\n"
				  "picked          12   3400  drop  why\n"
				  "malformed        0      0  drop  why\n");
	json_decref(answer);
}

static double rate_of(const json_t *rates, const char *row, const char *what)
{
	return json_number_value(
		json_object_get(json_object_get(json_object_get(rates, "counters"), row), what));
}

static void rates_are_what_came_per_second(void **state)
{
	json_t *before = json_of(ANSWER(ROW("picked", "100", "1000") "," ROW("same", "5", "50")));
	json_t *after = json_of(ANSWER(ROW("picked", "150", "2000") "," ROW("same", "5", "50")));
	json_t *rates = counters_rates(before, after, 2);
	_cleanup_free_ char *text = NULL;

	assert_true(rate_of(rates, "picked", "packets") == 25);
	assert_true(rate_of(rates, "picked", "bytes") == 500);
	assert_true(rate_of(rates, "same", "packets") == 0);
	assert_true(json_number_value(json_object_get(rates, "seconds")) == 2);
	PRINTED(text, to, counters_print_rates(rates, false, to));
	assert_string_equal(text, "verdict  packets/s  bytes/s  then  meaning\n"
				  "picked          25      500  drop  why\n");
	json_decref(rates);
	json_decref(before);
	json_decref(after);
}

static void counters_that_fell_began_again_at_zero(void **state)
{
	json_t *before = json_of(ANSWER(ROW("picked", "100", "1000")));
	json_t *after = json_of(ANSWER(ROW("picked", "30", "300") "," ROW("new", "8", "80")));
	json_t *rates = counters_rates(before, after, 1);

	assert_true(rate_of(rates, "picked", "packets") == 30);
	assert_true(rate_of(rates, "new", "packets") == 8);
	json_decref(rates);
	json_decref(before);
	json_decref(after);
}

/* A word of its own in the line of its help; in the manual an item with every dash escaped. */
static void every_verdict_is_in_the_list_and_in_the_manual(void **state)
{
	_cleanup_free_ char *text = NULL, *page = NULL;
	json_t *list = counters_list_json();
	size_t n = 0;

	PRINTED(text, to, counters_print_list(to));
	PRINTED(page, to, pages_print_counters(to));
	for (size_t i = 0; i < COUNTERS_SETS; i++)
		for (size_t j = 1; j < *counters_sets[i].n; j++, n++) {
			const struct verdict_row *row = &counters_sets[i].rows[j];
			_cleanup_free_ char *item = NULL;

			assert_non_null(strstr(text, row->help));
			assert_string_equal(
				json_string_value(json_object_get(json_array_get(list, n), "name")),
				row->name);
			PRINTED(item, to, roff_item(to, row->name, row->action, row->help));
			assert_non_null(strstr(page, item));
		}
	assert_int_equal(json_array_size(list), n);
	assert_int_equal(n, GATEWAY_VERDICTS_END + AGENT_VERDICTS_END + REPLY_VERDICTS_END - COUNTERS_SETS);
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_without_packets_are_left_out),
		cmocka_unit_test(all_rows_are_shown_when_they_are_asked_for),
		cmocka_unit_test(rates_are_what_came_per_second),
		cmocka_unit_test(counters_that_fell_began_again_at_zero),
		cmocka_unit_test(every_verdict_is_in_the_list_and_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
