/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/metrics.h"

#include "tests/unit/cli.h"

#define STATUS                                                                                     \
	"{\"role\": \"gateway\", \"node\": \"g1\", \"site\": \"ams\", \"cookie-epochs\": [4, 3],"      \
	" \"pins\": {\"used\": 12, \"room\": 1015808},"                                               \
	" \"vips\": [{\"vip\": \"2001:db8::/64\", \"announced\": true}],"                             \
	" \"gateways\": [{\"name\": \"g2\", \"alive\": false, \"rtt_us\": 250, \"rows\": 7},"           \
	"                {\"name\": \"g3\", \"alive\": true, \"rtt_us\": null, \"rows\": 9}],"          \
	" \"services\": [{\"name\": \"web\", \"off\": false, \"away\": \"lon\", \"backends\": ["        \
	"   {\"name\": \"b1\", \"open\": true, \"health\": {\"up\": true, \"falls\": 3}},"             \
	"   {\"name\": \"b2\", \"open\": false, \"health\": null}]}],"                                \
	" \"checks\": [{\"service\": \"web\", \"site\": \"ams\", \"failed\": 2, \"seconds\":"              \
	"   {\"le\": [[0.0005, 3], [0.001, 5]], \"sum\": 0.25, \"count\": 6}}]}"
#define COUNTERS                                                                                   \
	"{\"counters\": {\"picked\": {\"packets\": 123456789012, \"bytes\": 5, \"action\": \"SEND\"}}}"

static json_t *state(void)
{
	return metrics_state(json_of(STATUS), json_of(COUNTERS));
}

static const struct metric_row *row_named(const char *name)
{
	for (size_t i = 0; i < n_metric_rows; i++)
		if (strcmp(metric_rows[i].name, name) == 0)
			return &metric_rows[i];
	fail_msg("no metric %s", name);
	return NULL;
}

/* Without HELP and TYPE. */
static void expect(const char *name, const char *samples)
{
	_cleanup_free_ char *text = NULL;
	json_t *json = state();
	const char *at;

	PRINTED(text, to, metrics_print(row_named(name), json, to));
	json_decref(json);
	at = text;
	for (int line = 0; line < 2 && *at == '#'; line++)
		at = strchr(at, '\n') + 1;
	assert_string_equal(at, samples);
}

static void a_metric_has_help_and_type_before_its_samples(void **unused)
{
	_cleanup_free_ char *text = NULL;
	json_t *json = state();

	PRINTED(text, to, metrics_print(row_named("holdfast_pins"), json, to));
	json_decref(json);
	assert_string_equal(text, "# HELP holdfast_pins Flows that are pinned to a backend.\n"
				  "# TYPE holdfast_pins gauge\nholdfast_pins 12\n");
}

static void a_thing_is_named_by_its_labels_and_by_what_it_is_listed_in(void **unused)
{
	expect("holdfast_backend_open", "holdfast_backend_open{service=\"web\",backend=\"b1\"} 1\n"
					"holdfast_backend_open{service=\"web\",backend=\"b2\"} 0\n");
	expect("holdfast_vip_announced", "holdfast_vip_announced{vip=\"2001:db8::/64\"} 1\n");
}

static void large_counters_lose_no_digit(void **unused)
{
	expect("holdfast_packets_total",
	       "holdfast_packets_total{verdict=\"picked\",action=\"SEND\"} 123456789012\n");
}

static void what_is_not_known_is_left_out(void **unused)
{
	expect("holdfast_backend_up", "holdfast_backend_up{service=\"web\",backend=\"b1\"} 1\n");
	expect("holdfast_gateway_rtt_seconds", "holdfast_gateway_rtt_seconds{gateway=\"g2\"} 0.00025\n");
	expect("holdfast_who_has_open", "");
}

static void a_number_of_a_list_and_a_name_that_may_be_null_are_numbers(void **unused)
{
	expect("holdfast_cookie_epoch", "holdfast_cookie_epoch 4\n");
	expect("holdfast_service_away", "holdfast_service_away{service=\"web\"} 1\n");
}

static void quotes_and_backslashes_in_labels_are_escaped(void **unused)
{
	json_t *json = json_of("{\"vips\": [{\"vip\": \"a\\\"b\\\\c\\nd\", \"announced\": true}]}");
	_cleanup_free_ char *text = NULL;

	PRINTED(text, to, metrics_print(row_named("holdfast_vip_announced"), json, to));
	assert_non_null(strstr(text, "{vip=\"a\\\"b\\\\c\\nd\"} 1\n"));
	json_decref(json);
}

static void a_histogram_s_buckets_add_up_to_its_count(void **unused)
{
	expect("holdfast_health_check_duration_seconds",
	       "holdfast_health_check_duration_seconds_bucket{service=\"web\",backend_site=\"ams\",le=\"0.0005\"} 3\n"
	       "holdfast_health_check_duration_seconds_bucket{service=\"web\",backend_site=\"ams\",le=\"0.001\"} 5\n"
	       "holdfast_health_check_duration_seconds_bucket{service=\"web\",backend_site=\"ams\",le=\"+Inf\"} 6\n"
	       "holdfast_health_check_duration_seconds_sum{service=\"web\",backend_site=\"ams\"} 0.25\n"
	       "holdfast_health_check_duration_seconds_count{service=\"web\",backend_site=\"ams\"} 6\n");
}

/* "site" is a tag of all that a node says, and would be refused a second time. */
static void influx_gets_sum_and_count_of_a_histogram(void **unused)
{
	_cleanup_free_ char *text = NULL;
	json_t *json = state();

	PRINTED(text, to, metrics_print_influx(json, 1, to));
	json_decref(json);
	assert_non_null(strstr(text, "\nholdfast_health_check,node=g1,site=ams,role=gateway,service=web,"
				     "backend_site=ams "));
	assert_non_null(strstr(text, " duration_seconds_sum=0.25,duration_seconds_count=6,failures_total=2 1\n"));
}

static void influx_gets_a_line_for_each_thing_with_all_its_fields(void **unused)
{
	_cleanup_free_ char *text = NULL;
	json_t *json = state();

	PRINTED(text, to, metrics_print_influx(json, 17, to));
	json_decref(json);
	assert_non_null(strstr(text, "holdfast_backend,node=g1,site=ams,role=gateway,service=web,"
				     "backend=b1 up=1,open=1,falls_total=3 17\n"));
	assert_non_null(strstr(text, "holdfast_backend,node=g1,site=ams,role=gateway,service=web,"
				     "backend=b2 open=0 17\n"));
	assert_non_null(strstr(text, "holdfast_verdict,node=g1,site=ams,role=gateway,verdict=picked,"
				     "action=SEND packets_total=123456789012,bytes_total=5 17\n"));
	assert_non_null(strstr(text, "holdfast_gateway,node=g1,site=ams,role=gateway,gateway=g3 "
				     "peer_up=1,rows=9 17\n"));
	assert_null(strstr(text, " 17 "));
}

static void every_metric_is_named_once_and_by_the_conventions(void **unused)
{
	for (size_t i = 0; i < n_metric_rows; i++) {
		const struct metric_row *row = &metric_rows[i];
		size_t length = strlen(row->name);
		bool total = length > 6 && strcmp(row->name + length - 6, "_total") == 0;

		assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), length);
		assert_int_equal(total, row->kind == METRIC_COUNTER);
		assert_true(strncmp(row->name, "holdfast_", 9) == 0 ||
			    strncmp(row->name, "process_", 8) == 0);
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(row->name, metric_rows[j].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_metric_has_help_and_type_before_its_samples),
		cmocka_unit_test(a_histogram_s_buckets_add_up_to_its_count),
		cmocka_unit_test(influx_gets_sum_and_count_of_a_histogram),
		cmocka_unit_test(a_thing_is_named_by_its_labels_and_by_what_it_is_listed_in),
		cmocka_unit_test(large_counters_lose_no_digit),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(a_number_of_a_list_and_a_name_that_may_be_null_are_numbers),
		cmocka_unit_test(quotes_and_backslashes_in_labels_are_escaped),
		cmocka_unit_test(influx_gets_a_line_for_each_thing_with_all_its_fields),
		cmocka_unit_test(every_metric_is_named_once_and_by_the_conventions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
