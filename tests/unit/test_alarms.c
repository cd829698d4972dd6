/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/alarms.h"

static void is_read_as(const char *answer, const char *alarm)
{
	json_t *json = json_loads(answer, 0, NULL);
	char name[ALARM_NAME_MAX];

	assert_non_null(json);
	assert_string_equal(alarms_read(json, name), alarm);
	json_decref(json);
}

/* As etcd 3.4 answers. */
static void a_member_s_status_tells_its_alarm_among_its_errors(void **state)
{
	is_read_as("{\"version\": \"3.4.23\", \"errors\": [\"memberID:10276657743932975437 alarm:NOSPACE \"]}",
		   "NOSPACE");
	is_read_as("{\"version\": \"3.4.23\", \"errors\": [\"etcdserver: no leader\", "
		   "\"memberID:1 alarm:CORRUPT \"]}", "CORRUPT");
}

static void the_list_of_alarms_tells_it_too(void **state)
{
	is_read_as("{\"alarms\": [{\"memberID\": \"10276657743932975437\", \"alarm\": \"NOSPACE\"}]}", "NOSPACE");
}

static void without_an_alarm_there_is_none(void **state)
{
	is_read_as("{}", "");
	is_read_as("{\"version\": \"3.4.23\", \"dbSize\": \"20480\"}", "");
	is_read_as("{\"errors\": [\"etcdserver: no leader\"]}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_s_status_tells_its_alarm_among_its_errors),
		cmocka_unit_test(the_list_of_alarms_tells_it_too),
		cmocka_unit_test(without_an_alarm_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
