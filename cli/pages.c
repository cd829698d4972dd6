/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/pages.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/roff.h"
#include "base/suggestion.h"
#include "cli/command.h"
#include "cli/counters.h"
#include "cli/verbs.h"
#include "config_build.h"
#include "core/config_rows.h"
#include "daemon/counters.h"
#include "daemon/metrics.h"

/* holdfast(8) */

/* Help begins small and has no full stop; in a page it is a sentence. */
static void print_verb(const struct verb *verb, FILE *to)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%c%s.%s%s%s%s%s", verb->help[0] - ('a' <= verb->help[0] ? 'a' - 'A' : 0),
		     verb->help + 1, verb->text ? " " : "", verb->text ? verb->text : "",
		     verb->with_file ? " Needs store: etcd; where the configuration is a file: " : "",
		     verb->with_file ? verb->with_file : "", verb->with_file ? "." : "") < 0)
		return;
	roff_item(to, verb->name, verb->usage, text);
	for (int i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (!(row->bit & verb->options) || row->bit & (OPTION_JSON | OPTION_EXPLAIN))
			continue;
		fputs(".RS\n", to);
		roff_option(to, row->letter, row->name, row->argument, row->help);
		fputs(".RE\n", to);
	}
}

void pages_print_holdfast(FILE *to)
{
	static const char *const see_also[] = {"holdfast-gateway(8)", "holdfast-agent(8)",
					       "holdfast.yaml(5)", NULL};

	roff_begin(to, "holdfast", 8, HOLDFAST_VERSION, "ask a Holdfast gateway or agent");
	roff_section(to, "SYNOPSIS");
	roff_synopsis(to, "holdfast", "[OPTION...] VERB [ARGUMENT...]");
	roff_section(to, "DESCRIPTION");
	roff_text(to, "Asks the gateway or the agent that runs on this machine over its control "
		      "socket, and checks and compares configurations before they are used.");
	roff_section(to, "VERBS");
	for (int i = 0; i < n_verbs; i++)
		if (!verbs[i].hidden && !verb_is_group(&verbs[i]))
			print_verb(&verbs[i], to);
	roff_section(to, "OPTIONS");
	roff_text(to, "Before or after the verb.");
	for (int i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (!row->bit || row->bit == OPTION_JSON)
			roff_option(to, row->letter, row->name, row->argument, row->help);
	}
	roff_section(to, "ENVIRONMENT");
	roff_item(to, "NO_COLOR", NULL, "If it is set and not empty, a terminal gets no colours.");
	roff_section(to, "EXIT STATUS");
	roff_text(to, "0, or 1 after an error, which is a line on standard error each.");
	roff_see_also(to, see_also);
}

/* holdfast.yaml(5) */

static void print_row(const struct config_row *row, FILE *to)
{
	char allowed[CONFIG_ALLOWED_MAX];
	_cleanup_free_ char *text = NULL;
	const char *words = config_row_allowed(row, allowed);

	if (asprintf(&text, "%s Allowed: %s.%s%s%s", row->help, words,
		     row->required ? " Required." : "", row->fallback ? " Default: " : "",
		     row->fallback ? row->fallback : "") < 0)
		return;
	roff_item(to, row->path, config_row_type(row), text);
}

void pages_print_config(FILE *to)
{
	static const char *const see_also[] = {"holdfast(8)", "holdfast-gateway(8)",
					       "holdfast-agent(8)", NULL};
	const struct config_row *row = NULL;

	roff_begin(to, "holdfast.yaml", 5, HOLDFAST_VERSION, "configuration of a Holdfast fleet");
	roff_section(to, "DESCRIPTION");
	roff_text(to,
		  "One file for all gateways and agents, in YAML. Every node reads the same file "
		  "and finds itself in it by its name. Names of sites, gateways, backends and "
		  "services are the operator's; in the paths below they are written *. Anchors, "
		  "tags and second documents are refused, and so is a key that is unknown or "
		  "given twice.");
	roff_paragraph(to, "holdfast config check tells every error of a file at once; holdfast "
			   "config diff tells what a changed file would do to the data plane.");
	roff_section(to, "OPTIONS");
	while ((row = config_row_after(row)))
		print_row(row, to);
	roff_section(to, "FILES");
	roff_item(to, "/etc/holdfast/holdfast.yaml", NULL, "Where the daemons look for it.");
	roff_see_also(to, see_also);
}

/* holdfast-counters(7) */

void pages_print_counters(FILE *to)
{
	static const char *const see_also[] = {"holdfast(8)", "holdfast-metrics(7)",
					       "holdfast-gateway(8)", "holdfast-agent(8)", NULL};

	roff_begin(to, "holdfast-counters", 7, HOLDFAST_VERSION, "what becomes of a Holdfast fleet's packets");
	roff_section(to, "DESCRIPTION");
	roff_text(to, "Every packet that a gateway's or an agent's program sees ends in exactly one of these "
		      "verdicts, and is counted there: holdfast counters prints packets and bytes of each. On "
		      "a gateway, holdfast trace --verdict shows those that end in one. holdfast counters "
		      "--list prints what stands here.");
	for (size_t i = 0; i < COUNTERS_SETS; i++) {
		const struct counters_set *set = &counters_sets[i];

		roff_section(to, set->heading);
		roff_text(to, set->about);
		for (size_t j = 1; j < *set->n; j++)
			roff_item(to, set->rows[j].name, set->rows[j].action, set->rows[j].help);
	}
	roff_see_also(to, see_also);
}

/* holdfast-metrics(7) */

static void print_metric(const struct metric_row *row, FILE *to)
{
	char labels[METRIC_LABELS_TEXT_MAX];
	_cleanup_free_ char *type = NULL;

	metric_labels_text(row->place, labels);
	if (asprintf(&type, "%s%s%s", metric_kind_name(row->kind), *labels ? " by " : "", labels) < 0)
		return;
	roff_item(to, row->name, type, row->help);
}

void pages_print_metrics(FILE *to)
{
	static const char *const see_also[] = {"holdfast(8)", "holdfast.yaml(5)",
					       "holdfast-gateway(8)", "holdfast-agent(8)", NULL};

	roff_begin(to, "holdfast-metrics", 7, HOLDFAST_VERSION, "the numbers of a Holdfast fleet");
	roff_section(to, "DESCRIPTION");
	roff_text(to, "Every gateway and agent gives these numbers to Prometheus, at /metrics of the "
		      "address that metrics.listen and metrics.agent-listen in the configuration "
		      "say, and pushes them to an InfluxDB that metrics.influx "
		      "names: there a measurement is holdfast_ and what a number is of, as in "
		      "holdfast_backend, and the rest of the name is the field. holdfast metrics "
		      "prints them. A node leaves out what it has not: an agent "
		      "has no pins, for one.");
	roff_section(to, "METRICS");
	for (size_t i = 0; i < n_metric_rows; i++)
		print_metric(&metric_rows[i], to);
	roff_see_also(to, see_also);
}

int pages_run(const struct command *command)
{
	static const struct {
		const char *name;
		void (*print)(FILE *to);
	} pages[] = {
		{"holdfast.8", pages_print_holdfast},
		{"holdfast.yaml.5", pages_print_config},
		{"holdfast-counters.7", pages_print_counters},
		{"holdfast-metrics.7", pages_print_metrics},
	};
	struct suggestion suggestion = {.wanted = command->values[0]};

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		if (strcmp(command->values[0], pages[i].name) == 0) {
			pages[i].print(stdout);
			return 0;
		}
		suggestion_offer(&suggestion, pages[i].name);
	}
	log_error("%s: no such page, %s", command->values[0], suggestion_text(&suggestion));
	return -EINVAL;
}
