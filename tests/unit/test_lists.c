/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables from a daemon's answers. */
#include "cli/lists.h"

#include "tests/unit/cli.h"

static const char gateway_status[] =
	"{\"role\": \"gateway\", \"gateways\": ["
	"  {\"name\": \"g1\", \"sid\": \"fd48::1\", \"self\": true, \"reachable\": false},"
	"  {\"name\": \"g2\", \"sid\": \"fd48::22\", \"self\": false, \"reachable\": true,"
	"   \"alive\": true, \"rtt_us\": 1234, \"rows\": 1, \"rows-all\": 3},"
	"  {\"name\": \"g4\", \"sid\": \"fd48::4\", \"self\": false, \"reachable\": true,"
	"   \"alive\": false, \"rtt_us\": null, \"rows\": 0, \"rows-all\": 3},"
	"  {\"name\": \"g3\", \"sid\": \"fd48::3\", \"self\": false, \"reachable\": false}],"
	" \"services\": ["
	"  {\"name\": \"web\", \"vips\": [\"198.51.100.80\", \"2001:db8::80\"],"
	"   \"protocol\": \"tcp\", \"ports\": [80, 80], \"agents\": true, \"backends\": ["
	"    {\"name\": \"b1\", \"id\": 1, \"weight\": 2, \"open\": true, \"reachable\": true,"
	"     \"agent\": {\"state\": \"late\", \"age_s\": 0.12, \"cpu\": 0.25},"
	"     \"load\": {\"connections\": 1200, \"opened_per_s\": 34.6, \"queue\": 0.01}},"
	"    {\"name\": \"b22\", \"id\": 22, \"weight\": 1, \"open\": true, \"reachable\": false,"
	"     \"agent\": {\"state\": \"silent\", \"age_s\": 7.4, \"cpu\": 1}, \"load\": {\"connections\": 0}},"
	"    {\"name\": \"b3\", \"id\": 3, \"weight\": 0, \"open\": false, \"reachable\": true,"
	"     \"agent\": {\"state\": \"never\"}, \"load\": null}]},"
	"  {\"name\": \"alt\", \"vips\": [\"198.51.100.81\"],"
	"   \"protocol\": \"tcp\", \"ports\": [81, 81], \"agents\": true, \"backends\": ["
	"    {\"name\": \"b4\", \"id\": 4, \"weight\": 1, \"enabled\": true, \"open\": false,"
	"     \"reachable\": true, \"health\": {\"up\": false, \"reason\": \"does not answer\","
	"     \"since_s\": 3.2}},"
	"    {\"name\": \"b5\", \"id\": 5, \"weight\": 1, \"enabled\": true, \"open\": true,"
	"     \"reachable\": true, \"health\": {\"up\": false, \"reason\": \"refuses connections\","
	"     \"since_s\": 0.2}},"
	"    {\"name\": \"b6\", \"id\": 6, \"weight\": 1, \"enabled\": false, \"open\": false,"
	"     \"reachable\": true, \"health\": {\"up\": true, \"reason\": \"answers\", \"since_s\": 9}}]},"
	"  {\"name\": \"dns\", \"vips\": [\"198.51.100.53\"], \"protocol\": \"udp\","
	"   \"ports\": [0, 65535], \"agents\": false, \"backends\": []}]}";

static const char agent_status[] =
	"{\"role\": \"agent\", \"services\": [{\"name\": \"web\", \"vips\": [\"198.51.100.80\"],"
	" \"protocol\": \"tcp\", \"ports\": [80, 90]}]}";

static void prints(const char *status, int (*select)(const json_t *, json_t **),
		   void (*print)(const json_t *, FILE *), const char *wanted)
{
	json_t *answer = json_of(status), *part;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(select(answer, &part), 0);
	PRINTED(text, to, print(part, to));
	assert_string_equal(text, wanted);
	json_decref(part);
	json_decref(answer);
}

static void services_stand_in_a_table_with_their_open_backends(void **state)
{
	prints(gateway_status, services_of, print_services,
	       "service  protocol  ports  open  agents  vips\n"
	       "web      tcp          80   1/3  all     198.51.100.80 2001:db8::80\n"
	       "alt      tcp          81   1/3  all     198.51.100.81\n"
	       "dns      udp         any   0/0  none    198.51.100.53\n");
}

static void backends_stand_in_a_table_with_their_service(void **state)
{
	prints(gateway_status, backends_of, print_backends,
	       "service  backend  id  weight  connections  new/s  queue    cpu       heard  state\n"
	       "web      b1        1       2         1200     35    1 %   25 %       0.1 s  open\n"
	       "web      b22      22       1            0      -      -  100 %  silent 7 s  open, but no route or neighbour\n"
	       "web      b3        3       0            -      -      -      -       never  closed\n"
	       "alt      b4        4       1            -      -      -      -           -  closed, it does not answer, for 3 s\n"
	       "alt      b5        5       1            -      -      -      -           -  open, but it refuses connections, for 0 s\n"
	       "alt      b6        6       1            -      -      -      -           -  closed\n");
}

static void is_in_state(const char *members, const char *wanted)
{
	char state[BACKEND_STATE_MAX], backend[256];
	json_t *json;

	snprintf(backend, sizeof(backend), "{\"enabled\": true, \"health\": null, %s}", members);
	json = json_of(backend);
	assert_string_equal(backend_state(json, state), wanted);
	json_decref(json);
}

/* "open" alone would say that it had been found up. */
static void a_backend_that_nobody_checks_says_so(void **state)
{
	is_in_state("\"open\": true, \"reachable\": true, \"checked\": true", "open");
	is_in_state("\"open\": true, \"reachable\": true, \"checked\": false", "open, not checked");
	is_in_state("\"open\": true, \"reachable\": false, \"checked\": false",
		    "open, but no route or neighbour");
	is_in_state("\"open\": false, \"reachable\": true, \"checked\": false", "closed");
}

static void drains_to(const char *members, const char *wanted)
{
	char state[BACKEND_STATE_MAX], backend[256];
	json_t *json;

	snprintf(backend, sizeof(backend), "{\"open\": false, \"enabled\": false, %s}", members);
	json = json_of(backend);
	assert_string_equal(backend_state(json, state), wanted);
	json_decref(json);
}

static void a_backend_that_is_drained_says_what_is_left(void **state)
{
	drains_to("\"agent\": {\"state\": \"alive\"}, \"load\": {\"connections\": 12}, \"pins\": 3",
		  "draining, 12 connections");
	drains_to("\"agent\": {\"state\": \"alive\"}, \"load\": {\"connections\": 0}, \"pins\": 3",
		  "drained, no connection");
	drains_to("\"agent\": {\"state\": \"alive\"}, \"load\": {}", "closed"); /* of datagrams */
	drains_to("\"agent\": {\"state\": \"never\"}, \"load\": null", "closed");
	drains_to("\"agent\": null, \"load\": null, \"pins\": 3", "draining, 3 pinned flows");
	drains_to("\"agent\": null, \"load\": null, \"pins\": 0", "drained, no pinned flow");
}

/* None then is none of long ago: nobody may go by it. */
static void a_silent_agent_s_last_count_is_not_shown(void **state)
{
	drains_to("\"agent\": {\"state\": \"silent\"}, \"load\": {\"connections\": 0}",
		  "draining, but its agent does not say what is left");
	drains_to("\"agent\": {\"state\": \"left\"}, \"load\": {\"connections\": 0}",
		  "draining, but its agent does not say what is left");
}

static void gateways_stand_in_a_table_with_their_state(void **state)
{
	prints(gateway_status, gateways_of, print_gateways,
	       "gateway  sid       routes     rtt  state\n"
	       "g1       fd48::1        -       -  this one\n"
	       "g2       fd48::22    33 %  1.2 ms  alive\n"
	       "g4       fd48::4      0 %       -  silent, routes nothing\n"
	       "g3       fd48::3        -       -  no route or neighbour\n");
}

static void an_agent_has_services_without_backends(void **state)
{
	prints(agent_status, services_of, print_services,
	       "service  protocol  ports  open  agents  vips\n"
	       "web      tcp       80-90     -  all     198.51.100.80\n");
}

static void an_agent_that_is_asked_for_gateways_or_backends_says_whom_to_ask(void **state)
{
	json_t *answer = json_of(agent_status), *part = NULL;
	struct stderr_kept kept;
	char text[512];

	stderr_keep(&kept);
	assert_int_equal(gateways_of(answer, &part), -ENOTSUP);
	assert_int_equal(backends_of(answer, &part), -ENOTSUP);
	stderr_back(&kept, text, sizeof(text));
	assert_non_null(strstr(text, "an agent knows of no gateways: ask a gateway"));
	assert_non_null(strstr(text, "an agent knows of no backends: ask a gateway"));
	assert_null(part);
	json_decref(answer);
}

static void nothing_is_a_table_of_headings(void **state)
{
	prints("{\"gateways\": []}", gateways_of, print_gateways, "gateway  sid  routes  rtt  state\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_stand_in_a_table_with_their_open_backends),
		cmocka_unit_test(backends_stand_in_a_table_with_their_service),
		cmocka_unit_test(a_backend_that_nobody_checks_says_so),
		cmocka_unit_test(a_backend_that_is_drained_says_what_is_left),
		cmocka_unit_test(a_silent_agent_s_last_count_is_not_shown),
		cmocka_unit_test(gateways_stand_in_a_table_with_their_state),
		cmocka_unit_test(an_agent_has_services_without_backends),
		cmocka_unit_test(an_agent_that_is_asked_for_gateways_or_backends_says_whom_to_ask),
		cmocka_unit_test(nothing_is_a_table_of_headings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
