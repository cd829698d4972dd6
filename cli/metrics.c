/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/metrics.h"

#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/text.h"
#include "daemon/metrics.h"

#define INDENT 8

void metrics_print_list(FILE *to)
{
	for (size_t i = 0; i < n_metric_rows; i++) {
		const struct metric_row *row = &metric_rows[i];
		char labels[METRIC_LABELS_TEXT_MAX];

		metric_labels_text(row->place, labels);
		fprintf(to, "%s%s%s%s%s%s  %s\n%*s", colour_on(to, COLOUR_BOLD), row->name,
			colour_off(to, COLOUR_BOLD), *labels ? " {" : "", labels, *labels ? "}" : "",
			metric_kind_name(row->kind), INDENT, "");
		text_wrap(to, INDENT, row->help);
	}
}

static json_t *list_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n_metric_rows; i++) {
		const struct metric_row *row = &metric_rows[i];
		const struct metric_label *labels = metric_places[row->place].labels;
		json_t *names = json_array();

		for (size_t j = 0; labels[j].name; j++)
			json_array_append_new(names, json_string(labels[j].name));
		json_array_append_new(list, json_pack("{s:s s:s s:o s:s}", "name", row->name, "type",
						      metric_kind_name(row->kind), "labels", names,
						      "help", row->help));
	}
	return list;
}

static int print_and_free(json_t *json)
{
	print_json(json);
	json_decref(json);
	return 0;
}

int metrics_run(const struct command *command)
{
	json_t *state;
	int r;

	if (command->list && command->json)
		return print_and_free(list_json());
	if (command->list) {
		metrics_print_list(stdout);
		return 0;
	}
	r = client_get(command->socket, "/metrics", NULL, &state);
	if (r < 0)
		return r;
	if (command->json)
		return print_and_free(state);
	for (size_t i = 0; i < n_metric_rows; i++)
		metrics_print(&metric_rows[i], state, stdout);
	json_decref(state);
	return 0;
}
