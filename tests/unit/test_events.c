/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/events.h"

#include "cli/events.h"
#include "tests/unit/cli.h"

#define KEPT 2048

/* Says it, and what the log got. */
static void say(enum event_kind kind, const struct event_about *about, const char *text,
		char said[static 256])
{
	struct stderr_kept kept;

	stderr_keep(&kept);
	event_say(kind, about, "%s", text);
	stderr_back(&kept, said, 256);
}

static json_int_t next_number(void)
{
	json_t *answer = events_json(0);
	json_int_t next = json_integer_value(json_object_get(answer, "next"));

	json_decref(answer);
	return next;
}

static void an_event_is_a_line_of_the_log_and_an_entry_of_the_list(void **state)
{
	json_int_t from = next_number();
	json_t *answer, *event;
	char said[256];

	say(EVENT_BACKEND_DOWN, ABOUT(.service = "web", .backend = "b1", .reason = "refuses connections"),
	    "service web: b1 is down", said);
	assert_non_null(strstr(said, "warning: service web: b1 is down\n"));
	answer = events_json(from);
	assert_int_equal(json_array_size(json_object_get(answer, "events")), 1);
	event = json_array_get(json_object_get(answer, "events"), 0);
	assert_string_equal(json_string_value(json_object_get(event, "event")), "backend-down");
	assert_string_equal(json_string_value(json_object_get(event, "level")), "warning");
	assert_string_equal(json_string_value(json_object_get(event, "text")), "service web: b1 is down");
	assert_string_equal(json_string_value(json_object_get(event, "backend")), "b1");
	assert_string_equal(json_string_value(json_object_get(event, "reason")), "refuses connections");
	assert_null(json_object_get(event, "vip"));
	assert_true(json_number_value(json_object_get(event, "time")) > 1e9);
	json_decref(answer);
}

static void who_asks_from_where_he_was_gets_what_is_new(void **state)
{
	json_int_t from = next_number();
	json_t *answer = events_json(from);
	char said[256];

	assert_int_equal(json_array_size(json_object_get(answer, "events")), 0);
	json_decref(answer);
	say(EVENT_READY, ABOUT(), "ready", said);
	answer = events_json(from);
	assert_int_equal(json_array_size(json_object_get(answer, "events")), 1);
	assert_int_equal(json_integer_value(json_object_get(answer, "next")), from + 1);
	json_decref(answer);
}

static void the_oldest_give_way_and_it_is_said_how_many(void **state)
{
	json_int_t from = next_number();
	json_t *answer;
	char said[256];

	for (int i = 0; i < KEPT + 3; i++)
		say(EVENT_READY, ABOUT(), "ready", said);
	answer = events_json(from);
	assert_int_equal(json_array_size(json_object_get(answer, "events")), KEPT);
	assert_int_equal(json_integer_value(json_object_get(answer, "lost")), 3);
	json_decref(answer);
}

static void a_number_of_a_daemon_before_asks_for_all(void **state)
{
	json_t *answer;
	char said[256];

	say(EVENT_READY, ABOUT(), "ready", said);
	answer = events_json(1000000);
	assert_true(json_array_size(json_object_get(answer, "events")) > 0);
	json_decref(answer);
}

static void a_refused_configuration_is_told_until_one_is_taken(void **state)
{
	char said[256];

	say(EVENT_CONFIG_READ, ABOUT(), "read", said);
	assert_false(events_config_refused());
	say(EVENT_CONFIG_REFUSED, ABOUT(), "refused", said);
	assert_true(events_config_refused());
	say(EVENT_CONFIG_READ, ABOUT(), "read", said);
	assert_false(events_config_refused());
}

static void every_kind_is_counted(void **state)
{
	json_t *before = events_counts_json(), *after;
	char said[256];

	assert_int_equal(json_object_size(before), EVENT_KINDS_END);
	say(EVENT_VIP_WITHDRAWN, ABOUT(.vip = "2001:db8::1"), "withdrawn", said);
	after = events_counts_json();
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(after, "vip-withdrawn"), "count")),
		json_integer_value(json_object_get(json_object_get(before, "vip-withdrawn"), "count")) +
			1);
	json_decref(before);
	json_decref(after);
}

static void for_people_an_event_is_a_line_with_its_time(void **state)
{
	json_t *event = json_of("{\"number\": 1, \"time\": 86400.5, \"event\": \"backend-up\","
				" \"level\": \"info\", \"text\": \"service web: b1 is up\"}");
	_cleanup_free_ char *text = NULL;

	setenv("TZ", "UTC", 1);
	PRINTED(text, to, events_print(event, to));
	assert_string_equal(text, "1970-01-02 00:00:00.500  backend-up       service web: b1 is up\n");
	json_decref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_a_line_of_the_log_and_an_entry_of_the_list),
		cmocka_unit_test(who_asks_from_where_he_was_gets_what_is_new),
		cmocka_unit_test(the_oldest_give_way_and_it_is_said_how_many),
		cmocka_unit_test(a_number_of_a_daemon_before_asks_for_all),
		cmocka_unit_test(a_refused_configuration_is_told_until_one_is_taken),
		cmocka_unit_test(every_kind_is_counted),
		cmocka_unit_test(for_people_an_event_is_a_line_with_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
