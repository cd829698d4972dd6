/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* examples/grafana and examples/prometheus name metrics and verdicts that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/metrics.h"
#include "wire/verdicts.h"

#define DASHBOARD "examples/grafana/holdfast.json"
#define ALERTS "examples/prometheus/alerts.yaml"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz_"

static bool is_metric(const char *name, size_t length)
{
	static const char *const parts[] = {"", "_bucket", "_sum", "_count"};

	for (size_t i = 0; i < n_metric_rows; i++)
		for (size_t j = 0; j < (metric_rows[i].kind == METRIC_HISTOGRAM ? 4 : 1); j++) {
			size_t own = strlen(metric_rows[i].name);

			if (length == own + strlen(parts[j]) && strncmp(name, metric_rows[i].name, own) == 0 &&
			    strncmp(name + own, parts[j], length - own) == 0)
				return true;
		}
	return false;
}

/* Returns how many it names. */
static size_t check_names(const char *expression)
{
	size_t n = 0;

	for (const char *at = expression; (at = strstr(at, "holdfast_")); n++) {
		size_t length = strspn(at, NAME_LETTERS);

		if (!is_metric(at, length))
			fail_msg("%s: there is no metric %.*s", expression, (int)length, at);
		at += length;
	}
	return n;
}

static void each_expression_names_metrics_that_there_are(void **state)
{
	json_t *dashboard = json_load_file(DASHBOARD, 0, NULL), *panel, *target;
	size_t i, j, n = 0;

	assert_non_null(dashboard);
	json_array_foreach(json_object_get(dashboard, "panels"), i, panel)
		json_array_foreach(json_object_get(panel, "targets"), j, target)
		{
			const char *expression = json_string_value(json_object_get(target, "expr"));

			assert_non_null(expression);
			assert_true(check_names(expression) > 0);
			n++;
		}
	assert_true(n >= 10);
	json_decref(dashboard);
}

static bool is_verdict(const char *name, size_t length)
{
#define ROW(symbol, text, ...) text,
	static const char *const names[] = {GATEWAY_VERDICTS(ROW) AGENT_VERDICTS(ROW)};
#undef ROW

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
			return true;
	return false;
}

/* verdict="A" or verdict=~"A|B|C". Returns how many it names. */
static size_t check_verdicts(const char *line)
{
	const char *at = strstr(line, "verdict=");
	size_t n = 0;

	for (at = at ? strchr(at, '"') : NULL; at && (*at == '|' || n == 0); n++) {
		size_t length = strcspn(++at, "|\"");

		if (!is_verdict(at, length))
			fail_msg("%s: there is no verdict %.*s", line, (int)length, at);
		at += length;
	}
	return n;
}

static void each_alert_names_metrics_and_verdicts_that_there_are(void **state)
{
	FILE *alerts = fopen(ALERTS, "r");
	size_t size = 0, n = 0, n_verdicts = 0;
	char *line = NULL;

	assert_non_null(alerts);
	while (getline(&line, &size, alerts) >= 0) {
		n += check_names(line);
		n_verdicts += check_verdicts(line);
	}
	free(line);
	fclose(alerts);
	assert_true(n >= 20);
	assert_true(n_verdicts >= 7);
}

/* By Prometheus's own tool, which a machine that only builds may not have. */
static void each_alert_is_one_that_prometheus_understands(void **state)
{
	if (system("command -v promtool >/dev/null") != 0)
		skip();
	assert_int_equal(system("promtool check rules " ALERTS " >/dev/null"), 0);
}

static void a_name_that_is_no_metric_is_found(void **state)
{
	assert_true(is_metric("holdfast_pins", 13));
	assert_false(is_metric("holdfast_pin", 12));
	assert_false(is_metric("holdfast_pins_bucket", 20));
	assert_true(is_metric("holdfast_health_check_duration_seconds_bucket", 45));
	assert_true(is_verdict("no-room", 7));
	assert_false(is_verdict("no-rooms", 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_expression_names_metrics_that_there_are),
		cmocka_unit_test(each_alert_names_metrics_and_verdicts_that_there_are),
		cmocka_unit_test(each_alert_is_one_that_prometheus_understands),
		cmocka_unit_test(a_name_that_is_no_metric_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
